/// Makes rows of the samples of one entity's series, on the entity's own grid.
///
/// Samples of one batch (an answer of an endpoint) or with the same time (to half an interval, where series come one by
/// one) are a row. Nothing is invented: a series without a sample is missing in the row, unless its last value still
/// stands in for it. Columns only ever come, at the end; rows hold the columns of their time.
///
/// Where samples are pushed, a row is closed when all that is expected in it has come (``ArrivalWatch``), or when it has
/// waited for as long as rows may.
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
    var members: [Member] = []
    var memberIndex: [MetricSeries: Int] = [:]
    /// Numbers of series that were forgotten.
    var freeMembers: [Int] = []
    private(set) var pending: [Pending] = []
    private var earliest = Double.infinity
    var watch = ArrivalWatch()
    /// Samples whose rows are being made, in the order of their times.
    private(set) var closing: ArraySlice<Pending> = []
    /// Whether rows with earlier times may say that the clock was set back; not while what was told before is told again.
    var takesStepsBack = true
    private var pace = Pace()
    private var backward: [Double] = []
    /// When the latest row came that went forward, on the clock by which samples arrive.
    private var lastForward: Double?
    private(set) var rowNumber = 0
    /// Places of columns that rows made earlier have.
    private var resumed: [String: Int] = [:]
    /// Values of the last of these.
    private var resumedRow: [Double] = []

    /// Prometheus' mark that a series has ended.
    package static let staleMark: UInt64 = 0x7ff0_0000_0000_0002
    /// Seconds for which nothing newer has come, where samples are pushed, before earlier times say that the clock was set
    /// back: what comes earlier before that is of another sender, or was overtaken.
    package static let quietBeforeStepBack = 180.0

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
    /// Whether there are samples of which no rows have been made.
    var isWaiting: Bool { isClosing || !pending.isEmpty }

    /// The earliest time of a sample that is not in a row yet.
    var earliestPending: Double? {
        let time = min(closing.first?.time ?? .infinity, earliest)
        return time < .infinity ? time : nil
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
                made.resume(resumedRow)
            } else {
                guard columns.count + made.names.count <= limit else { return nil }
                columns += made.names
            }
            slot = slots.count
            slots.append(made)
            slotIndex[place.column] = slot
        }
        var made = Member(slot: slot, role: place.role, isQuantile: place.isQuantile)
        if place.isQuantile, place.fold == nil, let column = resumed[place.column], column < resumedRow.count {
            made.value = resumedRow[column]
        }
        made.firstRow = rowNumber
        if let free = freeMembers.popLast() {
            members[free] = made
            memberIndex[series] = free
            return free
        }
        members.append(made)
        memberIndex[series] = members.count - 1
        return members.count - 1
    }

    /// Takes a sample; it counts when its row is closed.
    ///
    /// - Parameter arrival: when it came, where samples are pushed.
    mutating func offer(_ member: Int, _ value: Double, at time: Double, isOwnTime: Bool, arrival: Double = 0) {
        pending.append(Pending(time: time, member: member, value: value, isOwnTime: isOwnTime))
        earliest = min(earliest, time)
        counters.samples += 1
        if options.isPushed {
            watch.take(member, at: time, isEnd: value.bitPattern == Self.staleMark, arrival: arrival)
        }
    }

    // MARK: Closing rows

    /// Closes all that waits: the samples of one batch, of which a row is made at once. `nil` where there are several
    /// rows, which ``closeMore(cells:arrival:)`` makes.
    mutating func closeBatch(arrival: Double) -> Closed? {
        var closed = Closed()
        guard !pending.isEmpty else { return closed }
        let samples = pending
        var seen = [Bool](repeating: false, count: members.count)
        let isSingle = samples.allSatisfy { sample in
            defer { seen[sample.member] = true }
            return !seen[sample.member]
        }
        guard isSingle else {
            closeAll()
            return nil
        }
        pending.removeAll(keepingCapacity: true)
        earliest = .infinity
        makeRow(at: Self.batchTime(samples), of: samples[...], arrival: arrival, &closed)
        return closed
    }

    /// Closes all that waits; its rows are made by ``closeMore(cells:arrival:)``.
    mutating func closeAll() {
        sortPending()
        close(upTo: pending.endIndex)
    }

    /// Closes the rows in which all is that is expected, and those for which a sample of their time, or of a later one, came
    /// longer ago than rows may wait; they are made by ``closeMore(cells:arrival:)``.
    ///
    /// - Parameters:
    ///   - now: on the clock by which samples arrive.
    ///   - isFull: whether too much waits, so that no row may wait any longer.
    mutating func closeDue(arrival now: Double, isFull: Bool = false) {
        guard !pending.isEmpty else { return }
        let isChanged = watch.isChanged
        let interval = options.intervalSeconds ?? pace.interval
        watch.look(at: now, lateness: options.latenessSeconds, interval: interval)
        let overdue = isFull ? .infinity : watch.overdue
        guard isChanged || earliest <= overdue else { return }
        sortPending()
        let grid = ArrivalWatch.Grid(
            tolerance: tolerance, interval: interval, silentRows: options.silentRows)
        var previous = max(lastTime ?? -.infinity, closing.last?.time ?? -.infinity)
        var end = pending.startIndex
        var taken: Set<Int> = []
        while end < pending.endIndex {
            let time = pending[end].time
            let next = endOfRow(from: end, in: pending[...], &taken)
            let isLate = time <= previous || (closing.isEmpty && end == 0 && isOfLastRow(pending[..<next], at: time))
            if !isLate, !watch.isWhole(time, after: previous, grid) {
                guard time <= overdue else { break }
                watch.giveUp(time, grid)
            }
            end = next
            previous = max(previous, time)
        }
        guard end > pending.startIndex else { return }
        watch.close(through: pending[end - 1].time)
        close(upTo: end)
    }

    private mutating func sortPending() {
        guard zip(pending, pending.dropFirst()).contains(where: { $0.time > $1.time }) else { return }
        pending = Self.sorted(pending[...])
    }

    private static func sorted(_ samples: ArraySlice<Pending>) -> [Pending] {
        let order = samples.indices.sorted { (samples[$0].time, $0) < (samples[$1].time, $1) }
        return order.map { samples[$0] }
    }

    private mutating func close(upTo end: Int) {
        guard end > 0 else { return }
        if end == pending.endIndex, closing.isEmpty {
            closing = pending[...]
            pending = []
        } else {
            // What came while rows of others were made may lie between them.
            let isBetween = closing.last.map { $0.time > pending[0].time } ?? false
            closing += pending[..<end]
            if isBetween { closing = Self.sorted(closing)[...] }
            pending.removeFirst(end)
        }
        earliest = pending.first?.time ?? .infinity
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

    /// Where the row ends that begins at an index: before what is later by more than the tolerance, or comes again.
    ///
    /// - Parameter taken: for the members in it; what is in there does not matter.
    private func endOfRow(from start: Int, in sorted: ArraySlice<Pending>, _ taken: inout Set<Int>) -> Int {
        taken.removeAll(keepingCapacity: true)
        let rowTime = sorted[start].time
        var index = start
        while index < sorted.endIndex {
            let sample = sorted[index]
            if sample.time - rowTime > tolerance || (sample.time > rowTime && taken.contains(sample.member)) { break }
            taken.insert(sample.member)
            index += 1
        }
        return index
    }

    /// Makes rows of what was closed, cut by the samples' times, until so many cells are filled; at least one.
    ///
    /// - Parameters:
    ///   - cells: less those that were filled afterwards. A row has all columns, however few of them came in it.
    ///   - arrival: now, on the clock by which samples arrive.
    mutating func closeMore(cells: inout Int, arrival: Double) -> Closed {
        var closed = Closed()
        let sorted = closing
        var start = sorted.startIndex
        var taken: Set<Int> = []
        while start < sorted.endIndex {
            let end = endOfRow(from: start, in: sorted, &taken)
            makeRow(at: sorted[start].time, of: sorted[start..<end], arrival: arrival, &closed)
            start = end
            cells -= columns.count + Self.cellsOfARow
            guard cells > 0 else { break }
        }
        closing = start < sorted.endIndex ? sorted[start...] : []
        return closed
    }

    private mutating func makeRow(
        at time: Double, of samples: ArraySlice<Pending>, arrival: Double, _ closed: inout Closed
    ) {
        var quality: SampledRow.Quality = []
        if let lastTime, time <= lastTime || isOfLastRow(samples, at: time) {
            guard time < lastTime, isStepBack(to: time, arrival: arrival) else {
                refuse(samples, at: time, lastTime, &closed)
                return
            }
            counters.clockSteps += 1
            closed.clockStep = time - lastTime
            quality.insert(.disconnected)
            pace.forget()
            watch.beginAnew(waitingUntil: pending.lazy.map(\.time).max(), arrival: arrival)
        } else if let lastTime {
            if pace.add(time - lastTime) { closed.interval = pace.interval }
        }
        backward = []
        lastForward = arrival
        rowNumber += 1
        for sample in samples { apply(sample, at: time, &closed) }
        append(at: time, quality, &closed)
        lastTime = time
    }

    /// Whether a row of an earlier time says that the clock was set back, to go on from there.
    private mutating func isStepBack(to time: Double, arrival: Double) -> Bool {
        // A straggler is followed by rows that go forward; of one row several parts may come.
        if let latest = backward.last, time < latest { backward = [] }
        if backward.last != time { backward.append(time) }
        if backward.count > 3 { backward.removeFirst() }
        guard takesStepsBack, backward.count >= 3 else { return false }
        guard options.isPushed else { return true }
        // Also after a start, and by a clock that was itself set back.
        let last = min(lastForward ?? arrival, arrival)
        lastForward = last
        return arrival - last >= Self.quietBeforeStepBack
    }

    /// Leaves out samples that came twice or too late.
    private mutating func refuse(
        _ samples: ArraySlice<Pending>, at time: Double, _ lastTime: Double, _ closed: inout Closed
    ) {
        for sample in samples {
            if time == lastTime, members[sample.member].row == rowNumber {
                counters.duplicates += 1
            } else {
                counters.late += 1
            }
            // Of a series that nobody knew the first sample may come behind its row.
            if members[sample.member].row == Member.unseen {
                members[sample.member].row = Member.refused
            } else {
                closed.refused += 1
            }
        }
    }

    /// Whether pushed samples come behind their row, which was closed when all had come that were known of.
    private func isOfLastRow(_ samples: ArraySlice<Pending>, at time: Double) -> Bool {
        guard options.isPushed, rowNumber > 0, let lastTime, time - lastTime <= tolerance else { return false }
        return samples.allSatisfy { members[$0.member].row != rowNumber }
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
        if value.isNaN, member.isQuantile { value = member.value }
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
    ///
    /// - Parameter row: values of the last of them.
    package mutating func resume(columns known: [String], lastTime time: Double?, row: [Double] = []) {
        precondition(columns.isEmpty, "a sampler resumes before its first series")
        columns = known
        lastTime = time
        resumedRow = row
        for (index, name) in known.enumerated() { resumed[name] = index }
    }
}
