extension GeneralProblem {
    /// The k workers within a window that stand first in the file among those that hold a worker of every set of a
    /// family; nil if there are none. O(n).
    ///
    /// With the sets disjoint and all workers equally dear, whether a partial choice can be completed needs counts only:
    /// each set without a worker takes one of its nodes, an accelerated one where it has no other, and the rest are any.
    /// So taking nodes in file order, each unless that leaves no completion, gives the first choice.
    func coveringChoice(
        _ places: [Place], workers k: Int, low: Double, high: Double, acceleratorLimit: Int, family: [[Int]]
    ) -> Selection? {
        var count = Completion(need: k, free: acceleratorLimit, sets: family.count)
        var setOf: [Int: Int] = [:]
        for (index, set) in family.enumerated() { for node in set { setOf[node] = index } }
        func isPlain(_ place: Place) -> Bool { place.plain >= low && place.plain <= high }
        func isAccelerated(_ place: Place) -> Bool { place.accelerated >= low && place.accelerated <= high }
        for place in places {
            if isPlain(place) {
                count.addPlain(place.slots, set: setOf[place.node])
            } else if isAccelerated(place) {
                count.addAccelerated(1, set: setOf[place.node])
            }
        }
        guard count.isPossible else { return nil }
        var selection = Selection(workers: [], accelerated: [])
        for place in places where count.need > 0 {
            let set = setOf[place.node]
            if isPlain(place) {
                count.addPlain(-place.slots, set: set)
                for slot in 0..<place.slots {
                    var taken = count
                    taken.take(set: set, isAccelerated: false)
                    taken.addPlain(place.slots - slot - 1, set: set)
                    guard taken.isPossible else { break }
                    count.take(set: set, isAccelerated: false)
                    selection.workers.append(place.node)
                }
            } else if isAccelerated(place) {
                count.addAccelerated(-1, set: set)
                var taken = count
                taken.take(set: set, isAccelerated: true)
                guard taken.isPossible else { continue }
                count = taken
                selection.workers.append(place.node)
                selection.accelerated.append(place.node)
            }
        }
        return selection
    }

    /// What is still to be taken, and what is left to take it from.
    private struct Completion {
        /// Workers still to be chosen.
        var need: Int
        /// Accelerators still free.
        var free: Int
        private var plain = 0
        private var accelerated = 0
        private var plainIn: [Int]
        private var acceleratedIn: [Int]
        private var isHit: [Bool]

        init(need: Int, free: Int, sets: Int) {
            self.need = need
            self.free = free
            plainIn = [Int](repeating: 0, count: sets)
            acceleratedIn = plainIn
            isHit = [Bool](repeating: false, count: sets)
        }

        mutating func addPlain(_ number: Int, set: Int?) {
            plain += number
            if let set { plainIn[set] += number }
        }

        mutating func addAccelerated(_ number: Int, set: Int?) {
            accelerated += number
            if let set { acceleratedIn[set] += number }
        }

        mutating func take(set: Int?, isAccelerated: Bool) {
            need -= 1
            if isAccelerated { free -= 1 }
            if let set { isHit[set] = true }
        }

        /// Whether the rest can be chosen from what is left.
        var isPossible: Bool {
            guard need >= 0, free >= 0, plain + min(free, accelerated) >= need else { return false }
            var open = 0
            var onlyAccelerated = 0
            for set in isHit.indices where !isHit[set] {
                open += 1
                if plainIn[set] > 0 { continue }
                guard acceleratedIn[set] > 0 else { return false }
                onlyAccelerated += 1
            }
            return open <= need && onlyAccelerated <= free
        }
    }
}
