import Federation
import Numerics
import Platform
import Testing

/// A worker that starts again gives its spool another name, and is sent nothing again that the server has under the names
/// before.
@Suite struct SpoolNamesTests {
    /// A worker's spool over its starts, and the server's acceptance, in which nothing is lost on the way.
    private struct Pair {
        var acceptance = AlarmAcceptance(limits: Pair.limits)
        /// What is in the log: the sequence is the place.
        var log: [String] = []
        var spools: [(worker: String, spool: UInt64, delivered: UInt64)] = []
        var spool = Spool()
        var delivery = SpoolDelivery(limit: 8)
        var now = Instant.zero
        /// Alarms that were sent, and how often the server was found to have fewer.
        var sent = 0
        var rewound = 0
        var notes: [String] = []

        /// A memory of four alarms: what comes again later than that would count twice.
        static var limits: AlarmAcceptance.Limits {
            var limits = AlarmAcceptance.Limits()
            limits.alarms = 4
            return limits
        }

        /// What is on the worker's disk.
        struct Spool {
            var name: UInt64 = 1
            var isKnown = false
            var earlier: [EarlierSpool] = []
            var alarms: [[UInt8]] = []
            var delivered: UInt64 = 0
        }

        mutating func raise(_ count: Int) {
            for _ in 0..<count { spool.alarms.append(Array("alarm \(spool.alarms.count + 1)".utf8)) }
            look()
        }

        mutating func startWorker(_ name: UInt64) {
            if spool.isKnown {
                spool.earlier.append(EarlierSpool(spool: spool.name, latest: UInt64(spool.alarms.count)))
            }
            (spool.name, spool.isKnown) = (name, false)
            delivery = SpoolDelivery(limit: 8)
            look()
            delivery.registered()
        }

        mutating func restore(_ older: Pair) {
            (log, spools) = (older.log, older.spools)
            var recovery = AlarmRecovery()
            recovery.lastSequence = Int64(log.count)
            recovery.spools = spools
            recovery.alarms = log.suffix(4).map { AlarmClaim(id: $0, revision: 0, entity: "s/e") }
            acceptance = AlarmAcceptance(recovery: recovery, limits: Self.limits)
            delivery.registered()
        }

        private mutating func look() {
            delivery.spooled(
                spool: spool.name, oldest: 1, latest: UInt64(spool.alarms.count), delivered: spool.delivered,
                earlier: spool.earlier)
        }

        /// Until nothing more happens, or for so many answers: the next is lost.
        mutating func run(answers: Int = .max) {
            var left = answers
            for _ in 0..<200 {
                now = now + .milliseconds(300)
                var todo = delivery.tick(at: now, retry: .seconds(1))
                while !todo.isEmpty {
                    switch todo.removeFirst() {
                    case .read(let after, let limit):
                        let from = Int(after)
                        let read = Array(spool.alarms[from..<min(spool.alarms.count, from + limit)])
                        todo += delivery.read(read, first: after + 1, at: now)
                    case .send(let batch):
                        sent += batch.alarms.count
                        guard let receipt = take(batch) else { break }
                        if left == 0 { return }
                        left -= 1
                        todo += delivery.receive(receipt, at: now)
                    case .decided(let number): spool.delivered = number
                    case .refused: notes.append("refused")
                    case .rewound(let number): (spool.delivered, rewound) = (number, rewound + 1)
                    case .known: spool.isKnown = true
                    }
                }
            }
        }

        private mutating func take(_ batch: AlarmBatch) -> AlarmReceipt? {
            let claims = batch.alarms.map {
                AlarmClaim(id: String(decoding: $0, as: UTF8.self), revision: 0, entity: "s/e")
            }
            let sender = AlarmSender(worker: "w", domain: "s", leaseEpoch: 1, reach: ["s/e"])
            var todo = acceptance.step(.received(batch, claims: claims, from: sender), at: now)
            while !todo.isEmpty {
                switch todo.removeFirst() {
                case .store(let store):
                    log += store.entries.map(\.claim.id)
                    spools.removeAll { $0.spool == store.spool }
                    if !store.worker.isEmpty { spools.append((store.worker, store.spool, store.delivered)) }
                    todo += acceptance.step(.stored(store.id), at: now)
                case .answer(let receipt, _, _): return receipt
                case .note(let note): notes.append("\(note.message)")
                }
            }
            return nil
        }

        /// Every alarm is in the log once, in its order.
        var isWhole: Bool {
            log == spool.alarms.map { String(decoding: $0, as: UTF8.self) } && delivery.isDone && notes.isEmpty
        }
    }

    /// Beyond what the server remembers of alarms, too.
    @Test func afterARestartOnlyWhatTheServerLacksIsSent() {
        var pair = Pair()
        pair.startWorker(1)
        pair.raise(40)
        pair.run()
        #expect(pair.isWhole && pair.sent == 40)
        for name in 2...12 as ClosedRange<UInt64> {
            pair.raise(1)
            pair.startWorker(name)
            pair.run()
            #expect(pair.isWhole && pair.rewound == 0 && pair.sent == 39 + Int(name), "\(name): \(pair.sent)")
        }
    }

    /// Receipts that the worker never had say nothing new to the server.
    @Test func alarmsWhoseReceiptWasLostAreNotSentAgain() {
        var pair = Pair()
        pair.startWorker(1)
        pair.raise(40)
        // The question's answer, and those to twice 8 alarms; the next 8 are taken, and nobody hears of it.
        pair.run(answers: 3)
        #expect(pair.spool.delivered == 16 && pair.log.count == 24)
        pair.startWorker(2)
        pair.run()
        #expect(pair.isWhole && pair.rewound == 0 && pair.sent == 40, "\(pair.sent)")
    }

    /// A server that was restored is given what it lacks, from the place where its copy was, whatever the name was then.
    @Test func aRestoredServerGetsWhatItLacks() {
        var pair = Pair()
        pair.startWorker(1)
        pair.raise(20)
        pair.run()
        let backup = pair
        pair.raise(10)
        pair.run()
        pair.startWorker(2)
        pair.raise(10)
        pair.run()
        #expect(pair.sent == 40)
        pair.restore(backup)
        pair.run()
        #expect(pair.isWhole && pair.rewound == 1 && pair.sent == 60, "\(pair.sent)")
        pair.startWorker(3)
        pair.restore(backup)
        pair.run()
        #expect(pair.isWhole && pair.rewound == 2 && pair.sent == 80, "\(pair.sent)")
    }

    /// A server that has lost its folder is given everything, under a worker's new name and its old ones.
    @Test func anEmptyServerGetsEverything() {
        var pair = Pair()
        pair.startWorker(1)
        let empty = pair
        pair.raise(20)
        pair.run()
        pair.startWorker(2)
        pair.restore(empty)
        pair.run()
        #expect(pair.isWhole && pair.sent == 40 && pair.rewound == 1)
    }

    /// An older copy of a worker's folder speaks only for the numbers that were its own.
    @Test func anOlderFolderLosesNothing() {
        var pair = Pair()
        pair.startWorker(1)
        pair.raise(20)
        pair.run()
        let folder = pair.spool
        pair.raise(10)
        pair.run()
        pair.spool = folder
        pair.startWorker(2)
        pair.spool.alarms += (1...5).map { Array("other \($0)".utf8) }
        pair.raise(0)
        pair.run()
        #expect(pair.log.count == 35 && pair.log.suffix(5) == (1...5).map { "other \($0)" } && pair.rewound == 0)
        #expect(pair.sent == 35)
    }

    /// Starts, alarms, lost answers, and a server that goes back, drawn from a seed: nothing is lost, and nothing doubled.
    @Test(arguments: 0..<60) func whateverHappens(seed: Int) {
        var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "names of spools")
        func draw(_ count: Int) -> Int { min(count - 1, Int(generator.uniform() * Double(count))) }
        var pair = Pair()
        var backups: [Pair] = []
        var hasGoneBack = false
        pair.startWorker(1)
        for name in 2...30 as ClosedRange<UInt64> {
            pair.raise(draw(12))
            if draw(3) > 0 { pair.run(answers: draw(6)) }
            switch draw(6) {
            case 0: backups.append(pair)
            case 1 where !backups.isEmpty:
                pair.restore(backups[draw(backups.count)])
                hasGoneBack = true
            case 2: pair.delivery.registered()
            default: pair.startWorker(name)
            }
        }
        pair.run()
        #expect(pair.isWhole, "seed \(seed): \(pair.log.count) of \(pair.spool.alarms.count), \(pair.notes)")
        #expect(hasGoneBack || pair.rewound == 0, "seed \(seed)")
    }
}
