import Numerics

/// Which faults to put into data.
public enum FaultSelection: Hashable, Sendable {
    /// So many for each entity, drawn from those that fit it, each kind once before any comes again.
    case count(Int)
    /// These, each once for each entity that they fit.
    case named([String])

    /// Every fault of the catalogue.
    public static var all: FaultSelection { .named(FaultKind.catalog.map(\.name)) }

    /// The kinds that the selection draws from.
    ///
    /// - Throws: ``GeneratorError`` for a name that is not in the catalogue or a count out of range.
    func kinds() throws -> [FaultKind] {
        switch self {
        case .count(let count):
            guard (0...1_000).contains(count) else {
                throw GeneratorError(
                    .badParameter, "faults", found: "\(count)", expected: "a number from 0 to 1000, or names")
            }
            return FaultKind.catalog
        case .named(let names): return try names.map { try FaultKind.named($0) }
        }
    }
}

/// Where which fault lies on one entity: separated, never overlapping.
struct FaultPlan {
    var faults: [(kind: FaultKind, rows: Range<Int>, severity: Double)]
    /// Names of faults that fit no metric of the entity.
    var leftOut: [String]

    /// Divides rows into slots, one for each fault, and places each fault within its slot so that at least a fifth of
    /// the slot stays quiet before it.
    ///
    /// - Throws: ``GeneratorError`` when a slot would be shorter than 40 rows.
    init(
        _ selection: FaultSelection, severity: ClosedRange<Double>, rows: Range<Int>, application: FaultApplication,
        entity: String, random: inout CounterBasedGenerator
    ) throws {
        var kinds: [FaultKind] = []
        leftOut = []
        for kind in try selection.kinds() {
            if application.touched(by: kind, severity: severity.lowerBound).isEmpty {
                leftOut.append(kind.name)
            } else {
                kinds.append(kind)
            }
        }
        // Fisher and Yates; each entity sees another order.
        for index in stride(from: kinds.count - 1, to: 0, by: -1) {
            kinds.swapAt(index, Int(random.uniform() * Double(index + 1)))
        }
        if case .count(let count) = selection, !kinds.isEmpty {
            kinds = (0..<count).map { kinds[$0 % kinds.count] }
        }
        faults = []
        guard !kinds.isEmpty else { return }
        let slot = rows.count / kinds.count
        guard slot >= 40 else {
            throw GeneratorError(
                .unsuitableData, entity, found: "\(rows.count) rows for \(kinds.count) faults",
                expected: "at least 40 rows for each fault: more rows, or fewer faults")
        }
        for (index, kind) in kinds.enumerated() {
            let share =
                kind.duration.lowerBound + random.uniform() * (kind.duration.upperBound - kind.duration.lowerBound)
            let duration = max(12, Int(share * Double(slot)))
            let first = Double(slot) * 0.2
            let room = Double(slot) * 0.95 - first - Double(duration)
            let start = rows.lowerBound + index * slot + Int(first + random.uniform() * max(0, room))
            let span = severity.upperBound - severity.lowerBound
            let size = ((severity.lowerBound + random.uniform() * span) * 100).rounded() / 100
            faults.append((kind, start..<(start + duration), size))
        }
    }
}
