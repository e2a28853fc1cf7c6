/// Makes rows of the samples of one entity's series, on the entity's own grid.
///
/// Samples of one batch (an answer of an endpoint) or with the same time (to half an interval, where series come one by
/// one) are a row. Nothing is invented: a series without a sample is missing in the row, unless its last value still
/// stands in for it. Columns only ever come, at the end; rows hold the columns of their time.
package struct EntitySampler: Sendable {
    /// Its name.
    package let name: String
    /// Its type.
    package let type: String
    /// Its columns so far.
    package private(set) var columns: [String] = []
    /// What it has seen.
    package private(set) var counters = SamplerCounters()
    /// Time of the last row.
    package private(set) var lastTime: Double?

    private var options: SamplerOptions
    private let rules: GroupRules
    private let limit: Int
    private var slots: [ColumnSlot] = []
    private var slotIndex: [String: Int] = [:]
    private var members: [Member] = []
    private var memberIndex: [MetricSeries: Int] = [:]
    private var pending: [Pending] = []
    /// Samples whose rows are being made, in the order of their times.
    private var closing: ArraySlice<Pending> = []
    /// Whether rows with earlier times may say that the clock was set back; not while what was told before is told again.
    var takesStepsBack = true
    private var pace = Pace()
    private var backward: [Double] = []
    private var rowNumber = 0
    /// Places of columns that rows made earlier have.
    private var resumed: [String: Int] = [:]

    struct Member {
        var slot: Int
        var role: SeriesResolver.Role
        var value = Double.nan
        var time = -Double.infinity
        /// The row with its latest sample.
        var row = -1
    }

    private struct Pending {
        var time: Double
        var value: Double
        /// Of its series; as short as it may be: of these there are as many as a request has samples.
        private var number: Int32
        /// Whether the time is the sample's own, not that of its batch.
        var isOwnTime: Bool

        var member: Int { Int(number) }

        init(time: Double, member: Int, value: Double, isOwnTime: Bool) {
            (self.time, self.value, self.isOwnTime) = (time, value, isOwnTime)
            number = Int32(member)
        }
    }

    /// What closing rows has brought.
    struct Closed {
        var rows: [SampledRow] = []
        /// Names of columns that are gone, those that have come, when they changed.
        var vanished: [String]?
        var new: [String] = []
        var clockStep: Double?
        var interval: Double?
        var resets = 0
        var incomplete: Bool?
        var refused = 0
    }

    /// Prometheus' mark that a series has ended.
    package static let staleMark: UInt64 = 0x7ff0_0000_0000_0002

    /// A sampler without columns.
    ///
    /// - Parameters:
    ///   - rules: say which columns later steps take for counters; others that count become rates here.
    ///   - limit: most columns.
    package init(name: String, type: String, options: SamplerOptions, rules: GroupRules, limit: Int) {
        self.name = name
        self.type = type
        self.options = options
        self.rules = rules
        self.limit = limit
    }

    /// Seconds from row to row as measured; `nil` before there are enough.
    package var intervalSeconds: Double? { pace.interval }
    /// Number of samples that wait for their row to be closed.
    package var pendingCount: Int { pending.count }

    /// Whether there are samples whose rows are being made; see ``closeMore(cells:)``.
    var isClosing: Bool { !closing.isEmpty }
    /// Number of samples whose rows are being made.
    var closingCount: Int { closing.count }

    /// The earliest time of a sample that is not in a row yet.
    var earliestPending: Double? {
        [closing.first?.time, pending.lazy.map(\.time).min()].compactMap { $0 }.min()
    }

    /// The series' number among the entity's; `nil` when there is no room for another column.
    mutating func member(_ series: MetricSeries, _ place: SeriesResolver.Place) -> Int? {
        if let known = memberIndex[series] { return known }
        let slot: Int
        if let known = slotIndex[place.column] {
            slot = known
        } else {
            var made = ColumnSlot(place: place, firstColumn: columns.count, rules: rules)
            if let first = resumed[made.names[0]] {
                made.firstColumn = first
            } else {
                guard columns.count + made.names.count <= limit else { return nil }
                columns += made.names
            }
            slot = slots.count
            slots.append(made)
            slotIndex[place.column] = slot
        }
        members.append(Member(slot: slot, role: place.role))
        memberIndex[series] = members.count - 1
        return members.count - 1
    }

    /// Takes a sample; it counts when its row is closed.
    mutating func offer(_ member: Int, _ value: Double, at time: Double, isOwnTime: Bool) {
        pending.append(Pending(time: time, member: member, value: value, isOwnTime: isOwnTime))
        counters.samples += 1
    }

    // MARK: Closing rows

    /// Closes all that waits: the samples of one batch, of which a row is made at once. `nil` where there are several
    /// rows, which ``closeMore(cells:)`` makes.
    mutating func closeBatch() -> Closed? {
        var closed = Closed()
        guard !pending.isEmpty else { return closed }
        let samples = pending
        var seen = [Bool](repeating: false, count: members.count)
        let isSingle = samples.allSatisfy { sample in
            defer { seen[sample.member] = true }
            return !seen[sample.member]
        }
        guard isSingle else {
            close(before: .infinity)
            return nil
        }
        pending.removeAll(keepingCapacity: true)
        makeRow(at: Self.batchTime(samples), of: samples[...], &closed)
        return closed
    }

    /// Closes what waits and is older than the lateness before the newest sample, or before `now`; its rows are made by
    /// ``closeMore(cells:)``.
    mutating func close(before now: Double? = nil) {
        guard let newest = now ?? pending.lazy.map(\.time).max() else { return }
        let horizon = newest - max(options.latenessSeconds, tolerance)
        var ready: [Pending] = []
        if pending.allSatisfy({ $0.time < horizon }) {
            swap(&ready, &pending)
        } else {
            ready = pending.filter { $0.time < horizon }
            pending.removeAll { $0.time < horizon }
        }
        guard !ready.isEmpty else { return }
        // What came while rows of others were made may lie between them.
        if let last = closing.last, let first = ready.map(\.time).min(), first < last.time {
            ready = closing + ready
            closing = []
        }
        if zip(ready, ready.dropFirst()).contains(where: { $0.time > $1.time }) {
            let order = ready.indices.sorted { (ready[$0].time, $0) < (ready[$1].time, $1) }
            ready = order.map { ready[$0] }
        }
        closing = closing.isEmpty ? ready[...] : closing + ready
    }

    /// The time of a batch whose series have one sample each: what most of them say, or when it was read.
    private static func batchTime(_ samples: [Pending]) -> Double {
        guard let first = samples.first else { return 0 }
        if samples.allSatisfy({ $0.time == first.time }) { return first.time }
        var counts: [Double: Int] = [:]
        for sample in samples { counts[sample.time, default: 0] += 1 }
        let best = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }
        return best?.key ?? first.time
    }

    private var tolerance: Double { (options.intervalSeconds ?? pace.interval).map { $0 / 2 } ?? 0.01 }

    /// What a row takes beside its values, in cells.
    private static let cellsOfARow = 16

    /// Makes rows of what was closed, cut by the samples' times, until so many cells are filled; at least one.
    ///
    /// - Parameter cells: less those that were filled afterwards. A row has all columns, however few of them came in it.
    mutating func closeMore(cells: inout Int) -> Closed {
        var closed = Closed()
        let sorted = closing
        var (start, index) = (sorted.startIndex, sorted.startIndex)
        var taken: Set<Int> = []
        while index < sorted.endIndex {
            let sample = sorted[index]
            let rowTime = sorted[start].time
            if index > start,
                sample.time - rowTime > tolerance || (sample.time > rowTime && taken.contains(sample.member))
            {
                makeRow(at: rowTime, of: sorted[start..<index], &closed)
                start = index
                cells -= columns.count + Self.cellsOfARow
                guard cells > 0 else { break }
                taken.removeAll(keepingCapacity: true)
            }
            taken.insert(sample.member)
            index += 1
        }
        if index == sorted.endIndex, start < index {
            makeRow(at: sorted[start].time, of: sorted[start...], &closed)
            start = index
            cells -= columns.count + Self.cellsOfARow
        }
        closing = start < sorted.endIndex ? sorted[start...] : []
        return closed
    }

    private mutating func makeRow(at time: Double, of samples: ArraySlice<Pending>, _ closed: inout Closed) {
        var quality: SampledRow.Quality = []
        if let lastTime, time <= lastTime {
            guard time < lastTime else {
                counters.duplicates += samples.count
                closed.refused += samples.count
                return
            }
            // A clock that was set back goes on from there; a straggler is followed by rows that go forward.
            if let latest = backward.last, time <= latest { backward = [] }
            backward.append(time)
            guard takesStepsBack, backward.count >= 3 else {
                counters.late += samples.count
                closed.refused += samples.count
                return
            }
            counters.clockSteps += 1
            closed.clockStep = time - lastTime
            quality.insert(.disconnected)
            pace.forget()
        } else if let lastTime {
            if pace.add(time - lastTime) { closed.interval = pace.interval }
        }
        backward = []
        rowNumber += 1
        for sample in samples { apply(sample, at: time, &closed) }
        append(at: time, quality, &closed)
        lastTime = time
    }

    private mutating func apply(_ sample: Pending, at rowTime: Double, _ closed: inout Closed) {
        var member = members[sample.member]
        if member.row == rowNumber {
            counters.duplicates += 1
            return
        }
        if sample.value.bitPattern == Self.staleMark {
            member.time = -.infinity
            members[sample.member] = member
            return
        }
        // An old value told again, with its own time, is no new one.
        if sample.isOwnTime, sample.time <= member.time {
            members[sample.member].row = rowNumber
            return
        }
        var value = sample.value
        let counts: Bool
        switch member.role {
        case .level, .up: counts = false
        case .counter, .bucket, .observations, .total: counts = true
        }
        if counts, !value.isFinite || (value < 0 && member.role != .total) {
            counters.badValues += 1
            value = .nan
        }
        guard !value.isNaN else { return }
        if counts {
            if slots[member.slot].take(value, after: member.value, role: member.role, isFirstRow: rowNumber == 1) {
                counters.resets += 1
                closed.resets += 1
            }
        }
        member.value = value
        member.time = sample.isOwnTime ? sample.time : rowTime
        member.row = rowNumber
        members[sample.member] = member
    }

    private mutating func append(at time: Double, _ quality: SampledRow.Quality, _ closed: inout Closed) {
        var quality = quality
        for slot in slots.indices { slots[slot].begin() }
        for member in members {
            let isFresh = member.row == rowNumber
            guard isFresh || (time - member.time <= options.stalenessSeconds && options.stalenessSeconds > 0) else {
                continue
            }
            if !isFresh { counters.carried += 1 }
            slots[member.slot].count(member.value)
        }
        var values = [Double](repeating: .nan, count: columns.count)
        var (known, missing) = (0, 0)
        var changed = false
        for index in slots.indices {
            slots[index].write(at: time, into: &values)
            if slots[index].isEmpty { missing += 1 }
            switch slots[index].noteSilence(limit: options.silentRows, row: rowNumber) {
            case .same: break
            case .vanished, .returned: changed = true
            case .new: closed.new += slots[index].names
            }
            if !slots[index].isGone { known += 1 }
        }
        if changed { closed.vanished = slots.filter(\.isGone).flatMap(\.names) }
        let isIncomplete = known + missing > 0 && missing * 2 > slots.count
        closed.incomplete = isIncomplete
        if isIncomplete { quality.insert(.incomplete) }
        if closed.resets >= 2, closed.resets * 3 >= slots.count(where: \.counts) { quality.insert(.restarted) }
        closed.rows.append(SampledRow(time: time, values: values, quality: quality))
        counters.rows += 1
    }

    /// Goes on after rows that were made earlier: their columns keep their places, their times are over.
    package mutating func resume(columns known: [String], lastTime time: Double?) {
        precondition(columns.isEmpty, "a sampler resumes before its first series")
        columns = known
        lastTime = time
        for (index, name) in known.enumerated() { resumed[name] = index }
    }
}
