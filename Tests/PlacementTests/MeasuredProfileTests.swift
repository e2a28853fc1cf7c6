import Foundation
import Numerics
import Placement
import TestSupport
import Testing

@Suite struct MeasuredProfileTests {
    private static func measurement(_ workers: Int, _ seconds: [Double]) -> MeasuredProfile.Measurement {
        .init(
            workers: workers, simultaneous: workers < 3, largestShare: 100 / workers, seconds: seconds, heldOutLoss: [])
    }

    @Test func thePointsAreFirstQuartiles() throws {
        let profile = MeasuredProfile(
            setting: nil,
            measurements: [
                Self.measurement(4, [1, 1, 2]), Self.measurement(2, [5, 1, 3, 2, 4]), Self.measurement(1, [7]),
            ])
        // numpy.percentile([1, 2, 3, 4, 5], 25) = 2, of [1, 1, 2] = 1.
        #expect(profile.trainingTimeBreakpoints.map(\.workers) == [1, 2, 4])
        #expect(profile.trainingTimeBreakpoints.map(\.seconds) == [7, 2, 1])
        #expect(try profile.profile().seconds(workers: 3) == 1.5)
        #expect(Self.measurement(1, [1, 2, 4, 8]).quantile(0.25) == 1.75)
        #expect(Self.measurement(1, [1, 2, 4, 8]).quantile(0.5) == 3)
    }

    @Test func filesComeBack() throws {
        let folder = try TemporaryFolder()
        let setting = MeasuredProfile.Setting(
            data: "generated", windows: 800, epochs: 10, rounds: 1, batch: 0, window: 20, hidden: [64, 32], threads: 1,
            cores: 2, accelerator: "cpu")
        let profile = MeasuredProfile(
            setting: setting, measurements: [Self.measurement(1, [0.5, 0.25]), Self.measurement(3, [0.125])],
            accelerationFactor: 0.4)
        try Data(profile.encoded()).write(to: URL(filePath: folder.path("p.json")))
        #expect(try MeasuredProfile.read(file: folder.path("p.json")) == profile)
    }

    /// A few points written by hand are a profile too.
    @Test func breakpointsAloneAreEnough() throws {
        let folder = try TemporaryFolder()
        try Data(#"{"trainingTimeBreakpoints": [{"workers": 4, "seconds": 1}, {"workers": 1, "seconds": 3}]}"#.utf8)
            .write(to: URL(filePath: folder.path("p.json")))
        #expect(try MeasuredProfile.read(file: folder.path("p.json")).profile().seconds(workers: 2) == 7.0 / 3)
    }

    @Test(arguments: [
        ("{}", "trainingTimeBreakpoints: is missing"), ("[]", "is not of the expected form"),
        ("{", "is not a profile in JSON"),
        (#"{"trainingTimeBreakpoints": []}"#, "trainingTimeBreakpoints: empty"),
        (#"{"trainingTimeBreakpoints": [{"workers": 1, "seconds": -1}]}"#, "[0].seconds: found -1.0"),
        (#"{"trainingTimeBreakpoints": [{"workers": 0, "seconds": 1}]}"#, "[0].workers: found 0"),
        (#"{"trainingTimeBreakpoints": [{"workers": "one", "seconds": 1}]}"#, "trainingTimeBreakpoints[0].workers"),
        (#"{"trainingTimeBreakpoints": [{"workers": 1}]}"#, "trainingTimeBreakpoints[0].seconds: is missing"),
        (
            #"{"accelerationFactor": 0, "trainingTimeBreakpoints": [{"workers": 1, "seconds": 1}]}"#,
            "accelerationFactor: found 0.0"
        ),
    ]) func badFilesAreNamed(text: String, line: String) throws {
        let folder = try TemporaryFolder()
        let file = folder.path("p.json")
        try Data(text.utf8).write(to: URL(filePath: file))
        let error = #expect(throws: PlacementError.self) { try MeasuredProfile.read(file: file) }
        #expect(error?.description.hasPrefix(file) == true && error?.description.contains(line) == true, "\(error!)")
    }
}
