import Federation
import Platform
import Services

extension FuzzTarget {
    /// A server and a worker that get messages of others, in whatever order and whatever they say.
    static let nodes: [FuzzTarget] = [
        FuzzTarget("server-node", longest: 16_384, examples: { Conversation.toServer }) { bytes in
            let server = FuzzedServer()
            try server.run(Conversation(bytes))
        },
        FuzzTarget("worker-node", longest: 16_384, examples: { Conversation.toWorker }) { bytes in
            let worker = FuzzedWorker()
            try worker.run(Conversation(bytes))
        },
    ]
}

/// Messages one after the other, each with its sender and how long nothing happens before it.
struct Conversation {
    /// One of them.
    struct Step {
        /// Who sends it, 0 to 3.
        var sender: Int
        /// Milliseconds before it.
        var pause: Int
        /// Whether it is sent under the lease that its sender has; otherwise under another.
        var isLeased: Bool
        var message: Message
    }

    /// In their order.
    private(set) var steps: [Step] = []

    /// Reads steps: sender and lease in a byte, pause in another (in units of 50 ms), length in two, then a message as in
    /// ``FuzzTarget/payload(_:)``. What cannot be read ends it.
    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while rest.count > 4, steps.count < 48 {
            let head = Array(rest.prefix(4))
            let length = Int(head[2]) | Int(head[3]) << 8
            rest = rest.dropFirst(4)
            guard let (kind, payload) = FuzzTarget.kind(Array(rest.prefix(length))) else { return }
            rest = rest.dropFirst(length)
            var reader = WireReader(payload)
            guard let message = try? Message(kind, from: &reader) else { continue }
            steps.append(
                Step(
                    sender: Int(head[0] & 3), pause: Int(head[1]) * 50, isLeased: head[0] & 4 == 0, message: message))
        }
    }

    /// The bytes of steps.
    private static func bytes(_ steps: [Said]) -> [UInt8] {
        var all: [UInt8] = []
        for step in steps {
            let payload = FuzzTarget.payload(step.message)
            all += [step.sender, step.pause, UInt8(payload.count & 0xff), UInt8(payload.count >> 8 & 0xff)]
            all += payload
        }
        return all
    }

    private typealias Said = (sender: UInt8, pause: UInt8, message: Message)

    static var toServer: [[UInt8]] {
        let registration = Message.registration(Examples.registration)
        let heartbeat = Message.heartbeat(Heartbeat(assignmentRevision: 1, activity: .idle, version: 0))
        var statistics = Contribution(kind: .statistics, rawBytes: 10)
        statistics.statistics = (try? DeterministicJSON.encode(Examples.statistics, pretty: false)) ?? []
        let contributed = Message.contributionPiece(Examples.piece(statistics.computed(from: [], of: ["a/b"])))
        let round: [Said] = [
            (0, 1, registration), (0, 1, heartbeat), (0, 10, heartbeat), (0, 2, contributed), (0, 9, heartbeat),
        ]
        var all: [Said] = [(0, 1, registration), (0, 1, heartbeat)]
        for message in Examples.messages { all.append((0, 1, message)) }
        let two: [Said] = [
            (0, 1, registration), (1, 1, registration), (1, 1, heartbeat), (0, 80, heartbeat), (0, 1, .goodbye),
        ]
        return [bytes(round), bytes(all), bytes(two)]
    }

    static var toWorker: [[UInt8]] {
        let welcome = Message.welcome(Welcome(incarnation: 7, heartbeatMilliseconds: 1_000, leaseMilliseconds: 3_000))
        var all: [Said] = [(0, 1, welcome)]
        var some = all
        for message in Examples.messages {
            all.append((0, 1, message))
            if case .status = message { some.append((0, 4, message)) }
        }
        return [bytes(all), bytes(some)]
    }
}
