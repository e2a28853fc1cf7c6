import Platform

extension PlacementLoop {
    /// Why a candidate is left out, and until when.
    struct Bar: Sendable {
        var until: Instant
        var reason: String
    }

    /// A worker that is or was here, or one that could be.
    struct Node: Sendable {
        var name: String
        /// Whether it is here as a worker.
        var isAlive = true
        /// Its lease, or its last one; 0 where it never had one.
        var epoch: UInt64
        /// α as it measured it.
        var acceleration: Double?
        var lastHeartbeat: UInt64 = 0
        var roundTrips: [Double] = []
        var factor = 1.0
        /// What whoever could run it says of it; `nil` where nobody does.
        var candidate: PlacementCandidate?
        /// Since when it is wanted as something that is not here yet.
        var awaitedSince: Instant?
        /// It was wanted and did not come.
        var bar: Bar?
        /// It was wanted with its accelerator and came without.
        var acceleratorBar: Bar?
        /// Since when something runs there for the sake of its round trip alone.
        var measuredSince: Instant?
        /// It was tried, and no round trip came of it.
        var isUnmeasurable = false
        /// Since when it is no longer chosen, as long as it may have something to hand over.
        var leavingSince: Instant?

        /// A round trip that the network needs, without what a busy machine adds: the fifth of the latest that is lowest.
        var roundTrip: Double? {
            roundTrips.isEmpty ? nil : roundTrips.sorted()[(roundTrips.count - 1) / 5]
        }

        /// Whether it is here, or may come.
        var isKnown: Bool { isAlive || candidate != nil }

        /// Whether it may be chosen.
        var canWork: Bool {
            guard let candidate else { return isAlive }
            return candidate.canHost && (isAlive || bar == nil)
        }

        /// α that it has, or would have if it were started for that.
        var usableAcceleration: Double? {
            let offered = acceleratorBar == nil ? candidate?.accelerationFactor : nil
            return isAlive ? acceleration ?? offered : offered
        }

        /// Why it may not be chosen, for people.
        var refusal: String {
            guard let candidate, !candidate.canHost else { return bar?.reason ?? "" }
            return candidate.reason.isEmpty ? "cannot host a worker" : candidate.reason
        }
    }
}
