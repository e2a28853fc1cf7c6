/// A window [low, high] over the loop times of one server's possible workers at one k: plain times p + d and
/// accelerated times α·p + d, each ascending. Both ends only move right, so a whole sweep takes O(n).
struct LoopWindow {
    private let plain: [Double]
    private let accelerated: [Double]
    private let p: Double
    private let q: Double
    /// How many of the values lie within the limit.
    private let plainEnd: Int
    private let acceleratedEnd: Int
    /// The first plain and the first accelerated value at or above `low`.
    private var plainLow = 0
    private var acceleratedLow = 0
    /// The first plain, the first accelerated value above `high`, and the first node with an accelerator whose plain
    /// time is above `high`.
    private var plainHigh = 0
    private var acceleratedHigh = 0
    private var alsoPlainHigh = 0
    /// The largest loop time within the window.
    private(set) var high = -Double.infinity

    init(_ problem: PublishedProblem, _ row: SortedRow, workers k: Int) {
        plain = row.plain
        accelerated = row.accelerated
        p = problem.trainingTime[k]
        q = problem.factor * p
        plainEnd = SortedRow.count(row.plain, atMost: problem.limit, shift: p)
        acceleratedEnd = SortedRow.count(row.accelerated, atMost: problem.limit, shift: q)
    }

    /// The smallest loop time within the window; infinity once none is left.
    var low: Double {
        let a = plainLow < plainEnd ? p + plain[plainLow] : .infinity
        let b = acceleratedLow < acceleratedEnd ? q + accelerated[acceleratedLow] : .infinity
        return min(a, b)
    }

    /// Who can work within the window.
    var reach: PublishedProblem.Reach {
        // A node with an accelerator whose plain time is in the window too needs none.
        PublishedProblem.Reach(
            plain: plainHigh - plainLow,
            acceleratedOnly: max(0, acceleratedHigh - max(acceleratedLow, alsoPlainHigh)))
    }

    /// Raises `high` to the next loop time; false when there is none within the limit.
    mutating func raiseHigh() -> Bool {
        let a = plainHigh < plainEnd ? p + plain[plainHigh] : .infinity
        let b = acceleratedHigh < acceleratedEnd ? q + accelerated[acceleratedHigh] : .infinity
        let next = min(a, b)
        guard next < .infinity else { return false }
        high = next
        while plainHigh < plainEnd, p + plain[plainHigh] <= next { plainHigh += 1 }
        while acceleratedHigh < acceleratedEnd, q + accelerated[acceleratedHigh] <= next { acceleratedHigh += 1 }
        while alsoPlainHigh < acceleratedEnd, p + accelerated[alsoPlainHigh] <= next { alsoPlainHigh += 1 }
        return true
    }

    /// Raises `high` until the window holds k workers; false when it cannot.
    mutating func moveLow(workers k: Int, acceleratorLimit: Int) -> Bool {
        while reach.workers(acceleratorLimit: acceleratorLimit) < k {
            guard raiseHigh() else { return false }
        }
        return true
    }

    /// Drops the smallest loop time from the window.
    mutating func dropLow() {
        let dropped = low
        guard dropped < .infinity else { return }
        while plainLow < plainEnd, p + plain[plainLow] <= dropped { plainLow += 1 }
        while acceleratedLow < acceleratedEnd, q + accelerated[acceleratedLow] <= dropped { acceleratedLow += 1 }
    }

    /// Drops the smallest loop times for as long as a condition on (low, high) holds.
    mutating func dropLow(while tooWide: (Double, Double) -> Bool) {
        while low <= high, tooWide(low, high) { dropLow() }
    }
}
