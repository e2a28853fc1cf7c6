/// In which order the rows of a file stand, and what is done about it.
///
/// The rule: rows of which most go back in time stand newest first and are turned round; where more than one in fifty
/// goes back, the rows are out of order and are sorted by time (rows of the same time keep their order). Fewer are left
/// to ``SampleCleaner``, which passes over late rows and takes notice of a clock that was set back.
enum RowOrder: Hashable {
    case ascending, newestFirst, shuffled

    init(_ times: some Sequence<Double>) {
        var (steps, back, forward) = (0, 0, 0)
        var last: Double?
        for time in times {
            if let last {
                steps += 1
                if time < last { back += 1 } else if time > last { forward += 1 }
            }
            last = time
        }
        if back > 1 && back >= 9 * forward {
            self = .newestFirst
        } else if back > 1 && back * 50 > steps {
            self = .shuffled
        } else {
            self = .ascending
        }
    }

    /// The order in which the rows are to be read; `nil`: as they stand.
    func permutation(_ times: [Double]) -> [Int]? {
        switch self {
        case .ascending: nil
        case .newestFirst, .shuffled:
            // Where newest-first rows share a time, the lower one is the earlier one.
            (self == .newestFirst ? Array(times.indices.reversed()) : Array(times.indices)).stablySorted { times[$0] }
        }
    }

    /// What was done, in words.
    var note: String? {
        switch self {
        case .ascending: nil
        case .newestFirst: "newest first: turned round"
        case .shuffled: "rows out of order: sorted by time"
        }
    }
}

extension [Int] {
    /// The indices by ascending key; equal keys keep their order.
    func stablySorted(by key: (Int) -> Double) -> [Int] {
        enumerated().sorted { a, b in
            let (x, y) = (key(a.element), key(b.element))
            return x == y ? a.offset < b.offset : x < y
        }.map(\.element)
    }
}
