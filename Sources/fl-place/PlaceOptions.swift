import CommandLine
import Placement

extension PlacementModel: ChoiceOptionValue {}

/// The options that several placement commands share.
enum PlaceOptions {
    static let instance = Option<String>.required("instance", "FILE", "the instance, a JSON file")
    static let model = Option<PlacementModel>(
        "model", "MODEL", default: .aifP,
        "baseline (fewest workers, no accelerators), aif-p (fewest workers, up to H accelerators) or aif-p-var"
            + " (A·k + B·spread, up to H accelerators)")
    static let aifWeight = Option<Double>(
        "aif-weight", "A", default: 1, "what one worker costs in aif-p-var", constraint: "0 or more", valid: { $0 >= 0 }
    )
    static let spreadWeight = Option<Double>(
        "spread-weight", "B", default: 1000, "what one second of spread costs in aif-p-var",
        constraint: "0 or more", valid: { $0 >= 0 })
    static let asPublished = Option<Bool>(
        "as-published", default: false,
        "aif-p-var: take the spread over all nodes, idle ones too, as constraints (22)-(23) of the publication print it"
    )
    static let availabilityWeight = Option<Double>(
        "availability-weight", "V", default: 0,
        "what one expected missing worker, the sum of 1 - availability, costs (an extension; 0 as published)",
        constraint: "0 or more", valid: { $0 >= 0 })
    static let plot = Option<String>.optional("plot", "FILE", "draw the result as an SVG picture")

    /// The objective that the options describe.
    static func objective(_ arguments: Arguments) throws -> PlacementObjective {
        PlacementObjective(
            arguments[model], aifWeight: arguments[aifWeight], spreadWeight: arguments[spreadWeight],
            asPublished: arguments[asPublished], availabilityWeight: arguments[availabilityWeight])
    }
}
