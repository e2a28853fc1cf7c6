package import Platform

/// The reader's side of samples that move: copies the files of some entities from one holder, as a value without clock
/// and I/O.
///
/// One request is on its way at a time, so that a slow reader is never flooded; a request that is not answered in time
/// is made again, with more patience and for less. Pieces go on where they broke off, also over a restart of either
/// side, and every byte is compared with the holder's by SHA-256 before a copy is used. The files to learn from stay as
/// they were when the copy was complete; whole rows that are appended to a stream keep being fetched.
package struct MirrorMachine: Sendable {
    /// A copy on its way.
    struct Copy: Sendable {
        var listing: SampleListing?
        var isOpen = false
        /// Whether the disk is asked what there is.
        var isOpening = false
        /// Bytes of each file on the disk.
        var lengths: [UInt64] = []
        /// Bytes of them that were compared with the holder's.
        var checked: [UInt64] = []
        /// Bytes that are to be fetched of each file.
        var wanted: [UInt64] = []
        var isComplete = false
        /// Whether the holder has other files by now: the copy stays as it is.
        var isFrozen = false
        /// Times that bytes were not what the holder has.
        var mismatches = 0
        /// When it is looked at again.
        var next = Instant.zero
        /// When a whole copy is looked through for appended rows.
        var poll = Instant.zero
        /// The last fault that was logged; each is logged once.
        var fault = ""
    }

    enum Purpose: Sendable {
        case list
        case piece(file: Int, offset: UInt64)
        case check(file: Int, offset: UInt64, length: Int)
    }

    struct Outstanding: Sendable {
        var request: UInt64
        var entity: String
        var purpose: Purpose
        var until: Instant
    }

    struct Comparison: Sendable {
        var entity: String
        var file: Int
        var offset: UInt64
        var length: Int
        var expected: [UInt8]
    }

    /// What it was told.
    package let configuration: MirrorConfiguration
    var source: SampleSource?
    var copies: [String: Copy] = [:]
    var outstanding: Outstanding?
    var comparison: Comparison?
    var request: UInt64
    /// Answers in a row that did not come in time.
    var silences = 0

    /// A mirror that has nothing to do yet.
    ///
    /// - Parameter firstRequest: numbers its requests from here on; another one for each mirror of a process, so that
    ///   what a holder answers to one is not taken for an answer to the next.
    package init(configuration: MirrorConfiguration = MirrorConfiguration(), firstRequest: UInt64) {
        self.configuration = configuration
        request = firstRequest
    }

    /// The entities of which there is a whole copy, sorted.
    package var complete: [String] { copies.filter(\.value.isComplete).keys.sorted() }

    /// One event, at its time; what to do about it.
    package mutating func step(_ event: MirrorEvent, at now: Instant) -> [MirrorDirective] {
        var directives: [MirrorDirective] = []
        switch event {
        case .assigned(let source): assign(source, at: now)
        case .received(let message):
            guard let outstanding, message.request == outstanding.request else { break }
            self.outstanding = nil
            silences = max(0, silences - 1)
            receive(message, for: outstanding, at: now, &directives)
        case .unsent:
            // Silence of the network, not of the holder: soon again.
            if let outstanding { self.outstanding?.until = min(outstanding.until, now + configuration.unsentPause) }
            silences = max(0, silences - 1)
        case .opened(let entity, let lengths, let isWhole): opened(entity, lengths, isWhole: isWhole, &directives)
        case .digested(let entity, let digest): compare(entity, digest, at: now, &directives)
        case .failed(let entity, let reason):
            if comparison?.entity == entity { comparison = nil }
            copies[entity]?.isOpen = false
            copies[entity]?.isOpening = false
            pause(entity, because: reason, for: configuration.longestPatience, at: now, &directives)
        case .tick: break
        }
        proceed(at: now, &directives)
        return directives
    }

    private mutating func assign(_ new: SampleSource?, at now: Instant) {
        if new?.address != source?.address || new?.token != source?.token {
            // A holder that came back, or this worker under another lease: what was asked before gets no answer.
            outstanding = nil
            silences = 0
        }
        source = new
        let wanted = Set(new?.entities ?? [])
        copies = copies.filter { wanted.contains($0.key) }
        for entity in wanted {
            var copy = copies[entity] ?? Copy()
            copy.next = min(copy.next, now)
            copies[entity] = copy
        }
        if let outstanding, !wanted.contains(outstanding.entity) { self.outstanding = nil }
        if let comparison, !wanted.contains(comparison.entity) { self.comparison = nil }
    }

    // MARK: Answers

    private mutating func receive(
        _ message: SampleMessage, for asked: Outstanding, at now: Instant, _ directives: inout [MirrorDirective]
    ) {
        let entity = asked.entity
        switch (message, asked.purpose) {
        case (.list(_, let listing), .list): list(entity, listing, at: now, &directives)
        case (.piece(_, let bytes), .piece(let file, let offset)):
            append(bytes, to: entity, file, offset, at: now, &directives)
        case (.check(_, let digest), .check(let file, let offset, let length)):
            comparison = Comparison(entity: entity, file: file, offset: offset, length: length, expected: digest)
            directives.append(.digest(entity: entity, file: file, offset: offset, length: length))
        case (.refusal(_, let reason, let text), _):
            switch reason {
            case .notGranted:
                // The holder may hear of it with its next heartbeat.
                copies[entity]?.next = now + configuration.refusalPause
            case .changed:
                startAgain(entity)
                pause(entity, because: text, for: configuration.refusalPause, at: now, &directives)
            case .unreadable: pause(entity, because: text, for: configuration.longestPatience, at: now, &directives)
            }
        default: copies[entity]?.next = now + configuration.refusalPause
        }
    }

    /// A copy that is whole stays as it is; another one begins with the list.
    private mutating func startAgain(_ entity: String) {
        if copies[entity]?.isComplete == true {
            copies[entity]?.isFrozen = true
        } else {
            copies[entity] = Copy()
        }
    }

    private mutating func list(
        _ entity: String, _ listing: SampleListing, at now: Instant, _ directives: inout [MirrorDirective]
    ) {
        guard var copy = copies[entity] else { return }
        defer { copies[entity] = copy }
        if copy.isComplete, let known = copy.listing {
            // Not by their identity: a holder may find another list of the same one.
            let isSame =
                known.files.count == listing.files.count
                && zip(known.files, listing.files).allSatisfy { $0.part == $1.part && $0.name == $1.name }
                && zip(listing.files, copy.lengths).allSatisfy { $0.size >= $1 || $0.part == .training }
            guard isSame else {
                copy.isFrozen = true
                directives.append(
                    .note(Note(.warning, "the holder's files changed, the copy stays as it is", ["entity": entity])))
                return
            }
            if copy.isOpen {
                for index in listing.files.indices where listing.files[index].part == .stream {
                    copy.wanted[index] = max(copy.lengths[index], listing.files[index].size)
                }
                copy.next = now
                return
            }
        }
        copy.listing = listing
        copy.isOpen = false
        copy.isOpening = true
        directives.append(.open(entity: entity, listing: listing))
    }

    private mutating func opened(
        _ entity: String, _ lengths: [UInt64], isWhole: Bool, _ directives: inout [MirrorDirective]
    ) {
        guard var copy = copies[entity], let listing = copy.listing, copy.isOpening,
            lengths.count == listing.files.count
        else { return }
        copy.isOpen = true
        copy.isOpening = false
        copy.lengths = lengths
        copy.wanted = listing.files.map(\.size)
        // What an earlier start left is compared like everything else.
        copy.checked = lengths.map { _ in 0 }
        for index in lengths.indices { copy.wanted[index] = max(copy.wanted[index], lengths[index]) }
        if isWhole || copy.isComplete {
            for index in lengths.indices where listing.files[index].part == .training {
                copy.wanted[index] = lengths[index]
            }
            if !copy.isComplete { directives.append(.complete(entity: entity)) }
            copy.isComplete = true
        }
        copies[entity] = copy
    }

    private mutating func append(
        _ bytes: [UInt8], to entity: String, _ file: Int, _ offset: UInt64, at now: Instant,
        _ directives: inout [MirrorDirective]
    ) {
        guard var copy = copies[entity], copy.isOpen, copy.lengths.indices.contains(file),
            copy.lengths[file] == offset, copy.wanted[file] > offset
        else { return }
        var taken = bytes.prefix(Int(clamping: copy.wanted[file] - offset))
        if copy.isComplete {
            // Whoever reads the copy shall not see half a row, unless it is longer than a piece.
            if let last = taken.lastIndex(of: 0x0A) {
                taken = taken[...last]
            } else if taken.count < configuration.pieceBytes {
                taken = []
            }
        }
        if taken.isEmpty {
            // Nothing whole yet, or the file is shorter than it was: a copy in use waits, another begins again.
            copy.wanted[file] = copy.lengths[file]
            copies[entity] = copy
            if !copy.isComplete { startAgain(entity) }
            return
        }
        copy.lengths[file] += UInt64(taken.count)
        copies[entity] = copy
        directives.append(.write(entity: entity, file: file, offset: offset, bytes: Array(taken)))
    }

    private mutating func compare(
        _ entity: String, _ digest: [UInt8], at now: Instant, _ directives: inout [MirrorDirective]
    ) {
        guard let compared = comparison, compared.entity == entity, var copy = copies[entity], copy.isOpen,
            copy.checked.indices.contains(compared.file)
        else {
            return
        }
        comparison = nil
        if compared.expected == digest {
            copy.checked[compared.file] = compared.offset + UInt64(compared.length)
        } else if copy.isComplete {
            copy.isFrozen = true
            directives.append(
                .note(Note(.warning, "the holder's files changed, the copy stays as it is", ["entity": entity])))
        } else {
            copy.mismatches += 1
            copy.lengths[compared.file] = 0
            copy.checked[compared.file] = 0
            directives.append(.clear(entity: entity, file: compared.file))
            directives.append(
                .note(
                    Note(
                        .warning, "a copy is not what its holder has, fetching it again",
                        ["entity": entity, "times": "\(copy.mismatches)"])))
            if copy.mismatches % 3 == 0 { copy.next = now + configuration.longestPatience }
        }
        copies[entity] = copy
    }

    private mutating func pause(
        _ entity: String, because reason: String, for duration: Duration, at now: Instant,
        _ directives: inout [MirrorDirective]
    ) {
        guard var copy = copies[entity] else { return }
        copy.next = now + duration
        if copy.fault != reason {
            copy.fault = reason
            directives.append(
                .note(Note(.warning, "samples cannot be copied now", ["entity": entity, "reason": reason])))
        }
        copies[entity] = copy
    }

    // MARK: Requests

    private mutating func proceed(at now: Instant, _ directives: inout [MirrorDirective]) {
        guard let source, comparison == nil else { return }
        if let late = outstanding {
            guard now >= late.until else { return }
            outstanding = nil
            silences = min(silences + 1, 16)
            // Others of this holder wait too: it is the holder that is silent.
        }
        for entity in source.entities {
            guard var copy = copies[entity], now >= copy.next, !copy.isFrozen, !copy.isOpening else { continue }
            guard let purpose = purpose(&copy, at: now) else {
                copies[entity] = copy
                if copy.isOpen, !copy.isComplete {
                    copies[entity]?.isComplete = true
                    copies[entity]?.fault = ""
                    directives.append(.complete(entity: entity))
                }
                continue
            }
            copies[entity] = copy
            ask(purpose, entity, copy, source, at: now, &directives)
            return
        }
    }

    /// What a copy needs next; `nil` when nothing, and then it is looked at again after a while.
    private func purpose(_ copy: inout Copy, at now: Instant) -> Purpose? {
        guard copy.listing != nil, copy.isOpen else { return .list }
        if let file = copy.lengths.indices.first(where: { copy.lengths[$0] < copy.wanted[$0] }) {
            return .piece(file: file, offset: copy.lengths[file])
        }
        if let file = copy.lengths.indices.first(where: { copy.checked[$0] < copy.lengths[$0] }) {
            let length = min(UInt64(configuration.checkBytes), copy.lengths[file] - copy.checked[file])
            return .check(file: file, offset: copy.checked[file], length: Int(length))
        }
        guard copy.isComplete, now >= copy.poll else {
            if !copy.isComplete { copy.poll = now + configuration.pollInterval }
            copy.next = copy.poll
            return nil
        }
        // Time to look for appended rows; the answer brings it back here with more to fetch, or not.
        copy.poll = now + configuration.pollInterval
        return .list
    }

    private mutating func ask(
        _ purpose: Purpose, _ entity: String, _ copy: Copy, _ source: SampleSource, at now: Instant,
        _ directives: inout [MirrorDirective]
    ) {
        request &+= 1
        var patience = configuration.patience
        for _ in 0..<silences where patience < configuration.longestPatience { patience = patience * 2 }
        outstanding = Outstanding(
            request: request, entity: entity, purpose: purpose,
            until: now + min(patience, configuration.longestPatience))
        func range(_ file: Int, _ offset: UInt64, _ length: Int) -> SampleRange {
            SampleRange(
                request: request, token: source.token, entity: entity, listing: copy.listing?.identity ?? 0,
                file: UInt32(clamping: file), offset: offset, length: UInt32(clamping: length))
        }
        switch purpose {
        case .list: directives.append(.send(.listRequest(request: request, token: source.token, entity: entity)))
        case .piece(let file, let offset):
            let size = max(configuration.leastPieceBytes, configuration.pieceBytes >> min(silences, 16))
            let length = min(UInt64(min(size, configuration.pieceBytes)), copy.wanted[file] - offset)
            directives.append(.send(.pieceRequest(range(file, offset, Int(length)))))
        case .check(let file, let offset, let length):
            directives.append(.send(.checkRequest(range(file, offset, length))))
        }
    }
}
