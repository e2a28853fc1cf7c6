import Federation
import Platform
import Testing

@Suite struct SpoolDeliveryTests {
    private static let second = Duration.seconds(1)

    /// A spool of five alarms of which the server has had two.
    private func delivery() -> SpoolDelivery {
        var delivery = SpoolDelivery(limit: 2)
        delivery.spooled(spool: 9, oldest: 1, latest: 5, delivered: 2)
        delivery.registered()
        return delivery
    }

    @Test func asksThenSendsThenRepeats() {
        var delivery = delivery()
        #expect(
            delivery.tick(at: .zero, retry: Self.second)
                == [.send(AlarmBatch(spool: 9, first: 1, oldest: 1, alarms: []))])
        #expect(delivery.tick(at: .zero + .milliseconds(500), retry: Self.second).isEmpty)
        // The question was lost: once more.
        #expect(delivery.tick(at: .zero + .seconds(1), retry: Self.second).count == 1)
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 2), at: .zero) == [.known])
        #expect(delivery.tick(at: .zero + .seconds(1), retry: Self.second) == [.read(after: 2, limit: 2)])
        #expect(
            delivery.read([[1], [2]], first: 3, at: .zero)
                == [.send(AlarmBatch(spool: 9, first: 3, oldest: 1, alarms: [[1], [2]]))])
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 4), at: .zero) == [.decided(upTo: 4)])
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 4), at: .zero).isEmpty)
        #expect(delivery.tick(at: .zero + .seconds(1), retry: Self.second) == [.read(after: 4, limit: 2)])
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 5), at: .zero) == [.decided(upTo: 5)])
        #expect(delivery.isDone && delivery.tick(at: .zero + .seconds(9), retry: Self.second).isEmpty)
    }

    @Test func whatIsRefusedIsNotDelivered() {
        var delivery = delivery()
        _ = delivery.tick(at: .zero, retry: Self.second)
        let refused = [AlarmReceipt.Refused(number: 4, reason: .notServed)]
        #expect(
            delivery.receive(AlarmReceipt(spool: 9, delivered: 4, refused: refused), at: .zero) == [
                .known, .refused(refused), .decided(upTo: 4),
            ])
    }

    @Test func aServerThatHasLessIsGivenItAgain() {
        var delivery = SpoolDelivery(limit: 8)
        delivery.spooled(spool: 9, oldest: 41, latest: 100, delivered: 100)
        delivery.registered()
        // Everything is delivered, and yet it asks.
        #expect(
            delivery.tick(at: .zero, retry: Self.second)
                == [.send(AlarmBatch(spool: 9, first: 41, oldest: 41, alarms: []))])
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 20), at: .zero) == [.known, .rewound(to: 40)])
        #expect(delivery.tick(at: .zero, retry: Self.second) == [.read(after: 40, limit: 8)])
        // A late answer of before does not send it back again.
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 60), at: .zero) == [.decided(upTo: 60)])
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 20), at: .zero).isEmpty)
        #expect(delivery.delivered == 60)
    }

    /// What the disk says of how far the server was may be of before the server said that it has less; and an answer that
    /// brings nothing new is not followed by the same alarms at the speed of the network.
    @Test func whatTheDiskSaysLaterChangesNothing() {
        var delivery = SpoolDelivery(limit: 8)
        delivery.spooled(spool: 9, oldest: 1, latest: 100, delivered: 66)
        delivery.registered()
        _ = delivery.tick(at: .zero, retry: Self.second)
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 0), at: .zero) == [.known, .rewound(to: 0)])
        delivery.spooled(spool: 9, oldest: 27, latest: 100, delivered: 66)
        #expect(delivery.tick(at: .zero, retry: Self.second) == [.read(after: 26, limit: 8)])
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 36), at: .zero) == [.decided(upTo: 36)])
        // Less than that: it is asked, after its time, and then believed.
        #expect(delivery.tick(at: .zero, retry: Self.second) == [.read(after: 36, limit: 8)])
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 30), at: .zero).isEmpty)
        #expect(delivery.tick(at: .zero + .milliseconds(500), retry: Self.second).isEmpty)
        let question = AlarmBatch(spool: 9, first: 27, oldest: 27, alarms: [])
        #expect(delivery.tick(at: .zero + .seconds(1), retry: Self.second) == [.send(question)])
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: 30), at: .zero) == [.rewound(to: 30)])
    }

    @Test func claimsOfAServerStayWithinTheSpool() {
        var delivery = delivery()
        _ = delivery.tick(at: .zero, retry: Self.second)
        #expect(delivery.receive(AlarmReceipt(spool: 9, delivered: .max), at: .zero) == [.known, .decided(upTo: 5)])
        #expect(delivery.receive(AlarmReceipt(spool: 8, delivered: 3), at: .zero).isEmpty)
    }

    @Test func notesAreHeldBackByKind() {
        var limiter = NoteLimiter(most: 4)
        let note = Note(.warning, "bad", [:])
        #expect(limiter.pass(note, "a", at: .zero) != nil)
        #expect(limiter.pass(note, "a", at: .zero + .seconds(59)) == nil)
        #expect(limiter.pass(note, "b", at: .zero) != nil)
        #expect(limiter.pass(note, "a", at: .zero + .seconds(60))?.fields["heldBack"] == "1")
        for key in 0..<1_000 { _ = limiter.pass(note, "\(key)", at: .zero + .seconds(61)) }
    }
}
