import Platform
import Services
import TestSupport
import Testing
import Watching

@Suite struct DeliveryLogTests {
    /// What a machine wants kept: of a letter that was refused, and of a dead one whose event is gone.
    private static let kept: (refused: DeliveryRecord, again: DeliveryRecord)? = {
        let point = AlarmEvent.Point(index: 0, time: 0)
        let event = AlarmEvent(
            id: "s/e@1", revision: 0, state: .raised, site: "s", entity: "e", worker: "w", severity: .minor,
            onset: point, at: point, score: 1, groups: [], fingerprint: [], reconstruction: nil, modelVersion: 1)
        var machine = DeliveryMachine(name: "f", seed: 1, position: 0)
        _ = machine.step(.reached(1), at: .zero)
        _ = machine.step(.read([Letter(sequence: 1, event: event, isSilenced: false)], last: 1), at: .zero)
        guard case .store(let refused)? = machine.step(.answered(.refused("status 422")), at: .zero) else { return nil }
        _ = machine.step(.stored, at: .zero)
        guard machine.step(.wantedAgain([1]), at: .zero) == .readDead(1),
            case .store(let again)? = machine.step(.readDead(1, []), at: .zero)
        else { return nil }
        return (refused, again)
    }()

    private func refused(_ sequences: Int64...) throws -> DeliveryRecord {
        var record = try #require(Self.kept).refused
        let letter = try #require(record.dead.first)
        record.dead = sequences.map {
            var other = letter
            other.sequence = $0
            return other
        }
        return record
    }

    private func again(_ outcomes: (number: Int64, reason: String?)...) throws -> DeliveryRecord {
        var record = try #require(Self.kept).again
        let first = try #require(record.again.first)
        record.again = outcomes.map {
            var other = first
            (other.number, other.reason) = $0
            return other
        }
        return record
    }

    @Test func deadLettersAreWantedTakenAndDropped() throws {
        let folder = try TemporaryFolder()
        let log = try DeliveryLog(path: folder.path("deliveries.db"))
        for (feed, record) in [
            ("a", try refused(4, 5)), ("a/operations", try refused(9)), ("b", try refused(4)),
        ] {
            _ = try log.place(of: feed, startingAt: 0)
            try log.write(record, of: feed, at: 77)
        }
        func all(_ feeds: [String]?) throws -> [Int64] {
            try log.deadLetters(of: feeds, after: 0, limit: 100).map(\.number)
        }
        #expect(try all(nil) == [1, 2, 3, 4] && all(["a", "a/operations"]) == [1, 2, 3] && all(["c"]).isEmpty)
        #expect(try log.deadLetters(of: nil, after: 1, limit: 2).map(\.number) == [2, 3])
        #expect(try log.want([2, 4, 99], of: ["a", "a/operations"]) == ["a": [2]])
        #expect(try log.want(nil, of: ["a/operations"]) == ["a/operations": [3]])
        #expect(try log.wanted(of: "a") == [2] && log.wanted(of: "b").isEmpty)
        // One is taken, the other refused once more.
        try log.write(try again((2, nil), (3, "status 400")), of: "a", at: 99)
        let third = try #require(try log.deadLetter(3, of: "a/operations"))
        #expect(try all(nil) == [1, 3, 4] && third.reason == "status 400" && third.at == 99 && !third.isWanted)
        #expect(try log.deadLetter(3, of: "a") == nil)
        #expect(try log.drop([4, 1], of: ["b"]) == 1 && log.drop(nil, of: nil) == 2 && all(nil).isEmpty)
        // A number names one letter for ever.
        try log.write(try refused(12), of: "b", at: 100)
        #expect(try all(nil) == [5])
    }

    /// What an earlier version kept is there.
    @Test func anEarlierFileIsReadOn() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("deliveries.db")
        let earlier = """
            CREATE TABLE forwarders (name TEXT PRIMARY KEY, position INTEGER NOT NULL, sent INTEGER NOT NULL) STRICT;
            CREATE TABLE standing (
                forwarder TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (forwarder, id)) STRICT;
            CREATE TABLE dead (
                number INTEGER PRIMARY KEY, forwarder TEXT NOT NULL, sequence INTEGER NOT NULL, reason TEXT NOT NULL,
                at INTEGER NOT NULL) STRICT;
            INSERT INTO forwarders VALUES ('a', 7, 5);
            INSERT INTO dead VALUES (31, 'a', 6, 'status 422', 55);
            """
        _ = try Database(path: path, migrations: [earlier])
        let log = try DeliveryLog(path: path)
        #expect(try log.place(of: "a", startingAt: 0).position == 7)
        let kept = try log.deadLetters(of: ["a"], after: 0, limit: 9)
        #expect(kept.map(\.number) == [31] && kept.map(\.sequence) == [6] && kept.first?.isWanted == false)
        try log.write(try refused(8), of: "a", at: 56)
        #expect(try log.deadLetters(of: nil, after: 0, limit: 9).map(\.number) == [31, 32])
    }
}
