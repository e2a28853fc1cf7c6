import Services
import Testing

@Suite struct ServedEntitiesTests {
    @Test func liveOnesComeAndGo() {
        var served = ServedEntities(fixed: ["s/file"], limit: 4)
        #expect(served.take(["s/b", "s/a"]).isNews)
        #expect(served.all == ["s/a", "s/b", "s/file"])
        #expect(!served.take(["s/a", "s/b"]).isNews)
        #expect(served.take(["s/b"]).isNews)
        #expect(served.all == ["s/b", "s/file"])
    }

    /// Those that were told of stay; who finds no room takes the place of one that goes.
    @Test func thereIsRoomForSoMany() {
        var served = ServedEntities(fixed: ["s/file"], limit: 3)
        _ = served.take(["s/x", "s/y"])
        let crowded = served.take(["s/a", "s/x", "s/y"])
        #expect(!crowded.isNews && crowded.remarks == [.tooMany(4)])
        #expect(served.take(["s/a", "s/b", "s/x", "s/y"]).remarks.isEmpty, "said once")
        #expect(served.take(["s/a", "s/b", "s/y"]).isNews)
        #expect(served.all == ["s/a", "s/file", "s/y"])
    }

    @Test func namesThatCannotBeTakenAreSaidOnce() {
        var served = ServedEntities(fixed: [])
        let first = served.take(["s/\u{200B}", "s/a"])
        guard case .unsound(let name, _, _) = first.remarks.first else {
            Issue.record("nothing was said")
            return
        }
        #expect(name == "s/\u{200B}" && served.all == ["s/a"])
        #expect(served.take(["s/\u{200B}", "s/a", "s/b"]).remarks.isEmpty)
        #expect(served.all == ["s/a", "s/b"])
    }
}
