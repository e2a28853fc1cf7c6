import Federation
import Platform
import Testing

/// Links with long round trips and few bytes a second, at the default heartbeat of a second.
@Suite struct SlowLinkTests {
    /// A handshake of four round trips and a registration are finished, however long they take.
    @Test(arguments: [10, 200, 400, 800, 1_600, 2_500])
    func aFarWorkerJoins(roundTrip: Int) throws {
        let link = SlowLink([.init(delay: .milliseconds(roundTrip / 2))])
        #expect(link.run(for: .seconds(40)) { link.places[0].joined != nil })
        // Once it is in, it stays.
        let connections = link.places[0].reconnections
        link.run(for: .seconds(30))
        #expect(link.places[0].leases.count == 1 && link.places[0].reconnections == connections)
        #expect(link.server.workers.count == 1)
    }

    /// What a worker says of a server that it reaches and that says nothing, and of one that it does not reach; and how
    /// often it begins anew then.
    @Test func silenceIsSaid() throws {
        let reached = SlowLink([.init(delay: .seconds(20))])
        reached.run(for: .seconds(39))
        #expect(reached.places[0].lines == ["warning server unreachable"])
        let silent = SlowLink([.init(delay: .milliseconds(5))])
        silent.isDeaf = true
        silent.run(for: .seconds(10))
        #expect(silent.places[0].lines == ["warning connected, no answer yet"])
    }

    /// A lease that was lost in a network that swallows everything is back within three heartbeats of its end, however long
    /// it was.
    @Test(arguments: [5, 20, 60, 61, 62, 63, 90])
    func aPartitionHeals(seconds: Int) throws {
        let link = SlowLink([.init(delay: .milliseconds(5))])
        #expect(link.run(for: .seconds(5)) { link.places[0].joined != nil })
        link.places[0].line.isDead = true
        link.run(for: .seconds(seconds))
        #expect(link.server.workers.isEmpty)
        link.places[0].line.isDead = false
        #expect(link.run(for: .seconds(3)) { link.server.workers.count == 1 }, "\(link.places[0].lines)")
        link.run(for: .seconds(1))
        #expect(link.places[0].lines.contains("notice server is back"), "\(link.places[0].lines)")
    }

    /// A contribution and a model of two megabytes go over a slow link once, not several times, under one lease.
    @Test(arguments: [400_000, 140_000, 60_000, 30_000, 5_000])
    func bytesTravelOnce(rate: Int) throws {
        let padding = rate > 10_000 ? 2_000_000 : 300_000
        let line = SlowLink.Line(delay: .milliseconds(20), up: Double(rate), down: Double(rate))
        let link = SlowLink([line], padding: padding)
        let ideal = Double(padding) / Double(rate)
        let place = link.places[0]
        #expect(
            link.run(for: .seconds(ideal * 3 * 1.4 + 20)) { link.server.isFinished && place.machine.version == 2 },
            "\(place.sent) \(place.received) \(link.lines)")
        #expect(place.leases.count == 1 && place.reconnections == 0)
        #expect(Double(place.sent[.contributionPiece] ?? 0) < Double(padding) * 1.1, "\(place.sent)")
        // Two versions have the padding, and so have the statistics.
        #expect(Double(place.received[.modelPiece] ?? 0) < Double(padding) * 2 * 1.1, "\(place.received)")
        #expect(!link.lines.contains { $0.contains("worker lost") }, "\(link.lines)")
    }

    /// A question for a piece that was just sent brings no copy; later it does, each time less soon.
    @Test func aPieceIsNotSentTwiceAtOnce() throws {
        let link = SlowLink([.init()], padding: 100_000)
        #expect(link.run(for: .seconds(20)) { link.server.isFinished && link.places[0].machine.version == 2 })
        link.run(for: .seconds(5))
        let epoch = try #require(link.places[0].machine.leaseEpoch)
        func pieces(after milliseconds: Int) -> Int {
            let request = ModelRequest(version: 2, offset: 0)
            let envelope = Envelope(sender: "w0", leaseEpoch: epoch, sequence: 1 << 40, message: .modelRequest(request))
            let directives = link.server.step(
                .received(envelope, from: Peer("w0"), by: nil), at: link.now + .milliseconds(milliseconds))
            return directives.count {
                if case .send(let answer, _) = $0, case .modelPiece = answer.message { true } else { false }
            }
        }
        #expect([0, 100, 600, 1_100, 1_700, 2_500, 3_200].map(pieces) == [1, 0, 0, 1, 0, 0, 1])
    }

    /// A version may have the bytes of the one before, and its first piece is asked for like that one's: no question about
    /// what was just sent, for which a round would take a heartbeat longer.
    @Test func aVersionWithoutChangeIsSentAtOnce() throws {
        let link = SlowLink([.init()], padding: 100_000) { $0.rounds = 6 }
        link.learns = false
        #expect(link.run(for: .seconds(60)) { link.server.isFinished }, "\(link.lines)")
        #expect(Set(link.commits.dropFirst().map(\.record.baseDigest)).count == 1)
        let times = zip(link.commits, link.commits.dropFirst()).map { $1.at - $0.at }
        #expect(times.count == 6 && times.dropFirst().allSatisfy { $0 < .milliseconds(700) }, "\(times)")
    }

    /// The fast worker does not wait for the slow one's turn, which holds all that may be sent at once.
    @Test func aSlowSenderDelaysNoOther() throws {
        // The nearer one asks first.
        let slow = SlowLink.Line(delay: .milliseconds(5), up: 5_000, down: 400_000)
        let link = SlowLink([slow, .init(delay: .milliseconds(100))], padding: 1_000_000) {
            $0.backlogBytes = 1_500_000
            $0.pieceBytes = 100_000
        }
        link.run(for: .seconds(30))
        #expect(link.server.openRound?.accepted == 1, "\(link.lines)")
    }

    /// What stood still while its sender was heard goes on where it was.
    @Test func anUploadThatStoodStillGoesOn() throws {
        let link = SlowLink([.init(delay: .milliseconds(20), up: 100_000, down: 400_000)], padding: 2_000_000)
        let place = link.places[0]
        link.run(for: .seconds(12))
        place.line.isBulkStill = true
        link.run(for: .seconds(40))
        place.line.isBulkStill = false
        #expect(link.run(for: .seconds(40)) { !link.commits.isEmpty }, "\(link.lines)")
        #expect(Double(place.sent[.contributionPiece] ?? 0) < 2_000_000 * 1.15, "\(place.sent)")
    }

    /// Connections that are cut every few seconds lose a little each time.
    @Test func cutConnectionsMakeProgress() throws {
        let line = SlowLink.Line(
            delay: .milliseconds(30), up: 100_000, down: 100_000, cutEvery: .milliseconds(3_500))
        let link = SlowLink([line], padding: 3_000_000)
        let place = link.places[0]
        #expect(
            link.run(for: .seconds(160)) { link.server.isFinished && place.machine.version == 2 },
            "\(place.sent) \(place.received) \(link.lines)")
        #expect(Double(place.sent[.contributionPiece] ?? 0) < 3_000_000 * 1.5, "\(place.sent)")
    }

    /// What was sent in one attempt at a round is not sent again in the next, and the log says how far it is.
    @Test func anAttemptGoesOnWhereTheLastOneWas() throws {
        let line = SlowLink.Line(delay: .milliseconds(20), up: 60_000, down: 400_000)
        let link = SlowLink([line], padding: 2_000_000) { $0.roundDeadline = .seconds(15) }
        let place = link.places[0]
        #expect(link.run(for: .seconds(60)) { !link.commits.isEmpty }, "\(link.lines)")
        #expect(link.lines.contains { $0.contains("round abandoned") }, "\(link.lines)")
        #expect(link.lines.contains { $0.contains("w0 has sent ") && $0.contains("of 2.0 MB") }, "\(link.lines)")
        #expect(Double(place.sent[.contributionPiece] ?? 0) < 2_000_000 * 1.15, "\(place.sent)")
        #expect(link.commits.first.map { $0.record.attempt > 1 } == true)
    }

    /// Alarms over five kilobytes a second: each arrives once, heartbeats are heard, and a batch is not sent while it is on
    /// its way already.
    @Test func alarmsLeaveRoomForHeartbeats() throws {
        let link = SlowLink([.init(delay: .milliseconds(20), up: 5_000, down: 5_000)]) { $0.minimumWorkers = 2 }
        let place = link.places[0]
        #expect(link.run(for: .seconds(10)) { place.joined != nil })
        link.raise(64, bytes: 4_000, at: place)
        #expect(link.run(for: .seconds(90)) { link.alarms.count == 64 }, "\(link.alarms.count) \(place.sent)")
        #expect(place.leases.count == 1 && place.reconnections == 0, "\(link.lines)")
        #expect(Double(place.sent[.alarmBatch] ?? 0) < 256_000 * 1.2, "\(place.sent)")
    }
}
