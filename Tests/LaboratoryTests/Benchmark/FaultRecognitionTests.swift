import Laboratory
import Testing
import Watching

@Suite struct FaultRecognitionTests {
    private static func fault(_ kind: String, _ resource: String, _ share: Double = 1) -> FaultObservation {
        let share = FaultSignature.Share(above: share, below: 0)
        return FaultObservation(
            kind: kind,
            signature: FaultSignature(
                metrics: [resource: share], kinds: [resource: share], resources: [resource: share],
                aspects: [resource: 1],
                rhythm: .init(duty: 1, centre: 0.5, restlessness: 0), sidedness: 1))
    }

    /// Names are worth what they say beyond the name that is right most often.
    @Test func aNameIsHeldAgainstTheCommonestOne() throws {
        let entities = [
            [Self.fault("leak", "memory"), Self.fault("busy", "cpu"), FaultObservation(kind: "leak", signature: nil)],
            [Self.fault("busy", "cpu"), Self.fault("busy", "cpu", 0.9), Self.fault("leak", "cpu")],
            [Self.fault("busy", "cpu"), Self.fault("flap", "network")],
        ]
        let found = try #require(FaultRecognition(entities))
        #expect(found.faults == 8 && found.found == 7 && found.known == 6)
        // The leak that looks like a busy processor is called one, the other one is unknown: as good as one name for all.
        #expect(try #require(found.accuracyOfCommonest) == 4.0 / 6)
        #expect(try #require(found.accuracy) == 4.0 / 6)
        // Without its kind a busy processor is taken for the leak that looks like one, where that is another entity's.
        #expect(found.unknownRejection == 4.0 / 7)
    }

    @Test func withoutAnAlarmThereIsNothingToName() {
        #expect(FaultRecognition([[FaultObservation(kind: "leak", signature: nil)], []]) == nil)
    }
}
