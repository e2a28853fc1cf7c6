import CommandLine
import Federation
import Placement
import Services

extension ServerCommand {
    /// The learning loop's target, if there is one.
    static func placement(_ arguments: Arguments) throws -> PlacementLoop.Configuration? {
        guard arguments[targetSeconds] > 0 else {
            guard arguments[profile].isEmpty else {
                throw CommandLineError(
                    .configuration, "profile: means nothing without target-seconds, which asks for a placement")
            }
            return nil
        }
        var placement = PlacementLoop.Configuration(
            targetSeconds: arguments[targetSeconds], rounds: arguments[rounds])
        placement.objective = PlacementObjective(PlacementModel(rawValue: arguments[placementModel]) ?? .aifP)
        placement.acceleratorLimit = arguments[acceleratorLimit] < 0 ? nil : arguments[acceleratorLimit]
        placement.accelerationFactor = arguments[accelerationFactor]
        placement.settleTime = .seconds(arguments[settle])
        placement.arrivalPatience = .seconds(arguments[candidatePatience])
        if !arguments[profile].isEmpty {
            let measured = try MeasuredProfile.read(file: arguments[profile])
            placement.profile = try measured.profile()
            // A device that is no faster than the CPU is no accelerator.
            if let factor = measured.accelerationFactor, factor < 1 { placement.accelerationFactor = factor }
        }
        return placement
    }
}
