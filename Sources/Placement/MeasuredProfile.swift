import Foundation

/// Measured times of a round by number of workers: the distribution behind a ``TrainingTimeProfile``, and what the
/// spreading of data does to the quality of the model.
///
/// As a file it is JSON whose `trainingTimeBreakpoints` are those of a placement instance, so that it can be read as a
/// profile by whoever does not care for the rest.
package struct MeasuredProfile: Codable, Equatable, Sendable {
    /// What a round consisted of.
    package struct Setting: Codable, Equatable, Sendable {
        /// Where the windows came from.
        package var data: String
        /// Windows trained on, over all workers and groups.
        package var windows: Int
        /// Passes over them in a round.
        package var epochs: Int
        /// Rounds of a repetition.
        package var rounds: Int
        /// Windows of one optimiser step; 0 where a step took all windows of a worker.
        package var batch: Int
        /// T: samples in a window.
        package var window: Int
        /// Widths of the encoder's layers.
        package var hidden: [Int]
        /// Threads of a worker.
        package var threads: Int
        /// Cores of the machine.
        package var cores: Int
        /// The backend, and the device it ran on.
        package var accelerator: String

        /// A setting with every field given.
        package init(
            data: String, windows: Int, epochs: Int, rounds: Int, batch: Int, window: Int, hidden: [Int], threads: Int,
            cores: Int, accelerator: String
        ) {
            self.data = data
            self.windows = windows
            self.epochs = epochs
            self.rounds = rounds
            self.batch = batch
            self.window = window
            self.hidden = hidden
            self.threads = threads
            self.cores = cores
            self.accelerator = accelerator
        }
    }

    /// What was measured with one number of workers.
    package struct Measurement: Codable, Equatable, Sendable {
        /// k: workers that shared the windows.
        package var workers: Int
        /// Whether they trained at the same time; otherwise one after another, and the slowest counts.
        package var simultaneous: Bool
        /// Windows of the worker that had most.
        package var largestShare: Int
        /// Seconds of every round of every repetition: the time of the slowest worker.
        package var seconds: [Double]
        /// The held-out loss of the averaged model after each round, mean over the repetitions, round 0 (before any
        /// training) first; empty where nothing was held out.
        package var heldOutLoss: [Double]

        /// A measurement with every field given.
        package init(
            workers: Int, simultaneous: Bool, largestShare: Int, seconds: [Double], heldOutLoss: [Double]
        ) {
            self.workers = workers
            self.simultaneous = simultaneous
            self.largestShare = largestShare
            self.seconds = seconds
            self.heldOutLoss = heldOutLoss
        }

        /// The first quartile of the times, by linear interpolation (Hyndman and Fan, type 7).
        package var firstQuartile: Double { quantile(0.25) }

        /// A quantile of the times, by linear interpolation; NaN where nothing was measured.
        package func quantile(_ share: Double) -> Double {
            let sorted = seconds.sorted()
            guard let last = sorted.last else { return .nan }
            let position = share * Double(sorted.count - 1)
            let index = Int(position)
            guard index + 1 < sorted.count else { return last }
            return sorted[index] + (sorted[index + 1] - sorted[index]) * (position - Double(index))
        }
    }

    /// What a round consisted of; nil in a file that was written by hand.
    package var setting: Setting?
    /// What was measured, by ascending number of workers.
    package var measurements: [Measurement]
    /// α: time with an accelerator over time without; nil where it was not measured.
    package var accelerationFactor: Double?
    /// The points of the profile: the first quartile of each measurement, or what a file says where it has none.
    package var trainingTimeBreakpoints: [TrainingTimeProfile.Breakpoint]

    /// The profile of measurements.
    package init(setting: Setting?, measurements: [Measurement], accelerationFactor: Double? = nil) {
        self.setting = setting
        self.measurements = measurements.sorted { $0.workers < $1.workers }
        self.accelerationFactor = accelerationFactor
        trainingTimeBreakpoints = self.measurements.map { .init(workers: $0.workers, seconds: $0.firstQuartile) }
    }

    /// The piecewise-linear p_k.
    ///
    /// - Throws: `PlacementError` where the points are none.
    package func profile() throws(PlacementError) -> TrainingTimeProfile {
        try TrainingTimeProfile(breakpoints: trainingTimeBreakpoints)
    }

    // MARK: Files

    private enum CodingKeys: String, CodingKey {
        case setting, measurements, accelerationFactor, trainingTimeBreakpoints
    }

    /// Reads a file; only `trainingTimeBreakpoints` must be there.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        setting = try fields.decodeIfPresent(Setting.self, forKey: .setting)
        measurements = try fields.decodeIfPresent([Measurement].self, forKey: .measurements) ?? []
        accelerationFactor = try fields.decodeIfPresent(Double.self, forKey: .accelerationFactor)
        trainingTimeBreakpoints = try fields.decode(
            [TrainingTimeProfile.Breakpoint].self, forKey: .trainingTimeBreakpoints)
    }

    /// Reads a profile's file.
    ///
    /// - Throws: `PlacementError` that names the file, the field, what was found and what was expected.
    package static func read(file: String) throws(PlacementError) -> MeasuredProfile {
        let bytes = try InputFile.read(file)
        let document: MeasuredProfile
        do {
            document = try JSONDecoder().decode(MeasuredProfile.self, from: bytes)
        } catch {
            throw fault(error).named(file)
        }
        if let alpha = document.accelerationFactor, !(alpha > 0 && alpha.isFinite) {
            throw PlacementError(
                .malformedInput, file: file, field: "accelerationFactor",
                reason: "found \(alpha); expected a finite factor above 0")
        }
        do throws(PlacementError) {
            _ = try document.profile()
        } catch {
            throw error.named(file)
        }
        return document
    }

    private static func fault(_ error: any Error) -> PlacementError {
        func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
            (context.codingPath + [last].compactMap(\.self)).reduce("") { text, key in
                if let index = key.intValue { return "\(text)[\(index)]" }
                return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
            }
        }
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            return PlacementError(.malformedInput, field: path(context, key), reason: "is missing")
        case DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context):
            return PlacementError(
                .malformedInput, field: path(context), reason: "is not of the expected form (\(type))")
        case DecodingError.dataCorrupted(let context):
            return PlacementError(.malformedInput, field: path(context), reason: "is not a profile in JSON")
        default: return PlacementError(.malformedInput, field: "", reason: "is not a profile in JSON")
        }
    }

    /// The bytes of the file.
    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [0x0a]
    }
}
