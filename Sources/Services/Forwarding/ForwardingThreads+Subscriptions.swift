import Foundation
import Glibc
import Platform
import Watching

extension ForwardingThreads {
    /// The subscriptions, oldest first.
    var currentSubscriptions: [ForwardingReport.Subscription] {
        let slots = slots.withLock { $0 }
        return subscriptions.withLock { $0.entries }.map { entry in
            let slot = slots.first { $0.forwarder.name == entry.id }
            let failing = slot?.reach.withLock { $0.failingSeconds } ?? entry.failingSeconds ?? 0
            return ForwardingReport.Subscription(
                id: entry.id, consumer: Self.shown(entry.consumer), since: entry.since,
                state: slot?.status.withLock { $0.state } ?? "well", failingSeconds: failing > 0 ? failing : nil,
                endsAfterSeconds: ConsumerReach.longestSeconds)
        }
    }

    /// A consumer's address without what may be a secret in it: its user, and its query.
    private static func shown(_ consumer: String) -> String {
        guard var parts = URLComponents(string: consumer) else { return "an address that is none" }
        (parts.user, parts.password, parts.query, parts.fragment) = (nil, nil, nil, nil)
        return parts.string ?? ""
    }

    /// Sends what comes from now on to a consumer too.
    ///
    /// - Returns: the subscription's name.
    /// - Throws: ``Problem``; `StorageError` when it cannot be kept.
    func subscribe(_ consumer: String) throws -> String {
        // Who asks again, or has forgotten that it asked, is told once all the same.
        if let known = subscriptions.withLock({ $0.entries.first { $0.consumer == consumer } }) { return known.id }
        let id = "subscription-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        guard let forwarder = subscriber(id, consumer) else {
            throw Problem(
                400,
                "consumerReference: found '\(HTTPResponse.printable(consumer))', expected http://HOST… or https://HOST…"
            )
        }
        try subscriptions.withLock { file in
            guard file.entries.count < SubscriptionFile.most else {
                throw Problem(409, "\(SubscriptionFile.most) consumers have subscribed, as many as may")
            }
            try file.add(.init(id: id, consumer: consumer, since: OperatorStore.now))
        }
        do { try begin(forwarder) } catch {
            // Nobody is told a name of it, so nobody could end it.
            try subscriptions.withLock { try $0.remove(id) }
            throw error
        }
        return id
    }

    /// Ends a subscription; what is on its way may still arrive.
    ///
    /// - Returns: whether there was one of this name.
    /// - Throws: `StorageError` when that cannot be kept.
    func unsubscribe(_ id: String) throws -> Bool {
        let isKnown = try subscriptions.withLock { file in
            guard file.entries.contains(where: { $0.id == id }) else { return false }
            try file.remove(id)
            return true
        }
        guard isKnown else { return false }
        let slot = slots.withLock { slots in
            defer { slots.removeAll { $0.forwarder.name == id } }
            return slots.first { $0.forwarder.name == id }
        }
        slot?.stop(upTo: .seconds(1))
        try store.withLock { store in
            for name in [id, Self.operations(of: id)] { try store.forget(name) }
        }
        return true
    }

    /// Looks after subscriptions: how long their consumers cannot be reached is kept, and those where nobody seems to be any
    /// more end.
    func watchSubscriptions(_ isCancelled: () -> Bool) {
        while !isCancelled() {
            for entry in subscriptions.withLock({ $0.entries }) {
                guard let slot = slots.withLock({ $0 }).first(where: { $0.forwarder.name == entry.id }) else {
                    continue
                }
                let reach = slot.reach.withLock { $0 }
                do {
                    if reach.isGone, try unsubscribe(entry.id) {
                        log.warning(
                            "a subscription has ended: its consumer was not reached for a week",
                            [
                                "subscription": entry.id,
                                "consumer": PrintableText.line(Self.shown(entry.consumer), limit: 200),
                            ])
                    } else {
                        try subscriptions.withLock { try $0.note(reach, of: entry.id) }
                    }
                } catch {
                    log.error("a subscription cannot be kept", ["subscription": entry.id, "reason": "\(error)"])
                    if let failed = error as? StorageError { failure.withLock { $0 = failed } }
                    return
                }
            }
            for _ in 0..<10 where !isCancelled() { usleep(100_000) }
        }
    }
}
