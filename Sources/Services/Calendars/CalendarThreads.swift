import Foundation
import Platform
import Synchronization
import Watching

/// The server's calendars of maintenance: a thread for each looks at it again and again, and keeps the silences that follow
/// as it says. The last copy that could be read stays in the folder, and counts while there is no other.
final class CalendarThreads: Sendable {
    /// How a calendar stands.
    struct Status: Encodable, Sendable {
        let name: String
        /// `well`, or `failing` where it cannot be had or read now; `waiting` before it was tried.
        var state = "waiting"
        /// Its events that are in force or to come soon.
        var windows = 0
        /// When it was last had, in seconds since 1970.
        var fetchedAt: Int64?
        /// Why it cannot be had or read now.
        var trouble: String?
    }

    /// What is remembered of a calendar.
    private struct Memory: Codable {
        var place = ""
        var matcher: AlarmMatcher?
        var tags = MaintenanceFetch.Tags()
        var fetchedAt: Int64?
        var book = CalendarBook()
    }

    /// A calendar at work.
    private final class Slot: Sendable {
        let feed: any MaintenanceFeed
        let status: Mutex<Status>
        let thread = Mutex<BackgroundThread?>(nil)
        let wake = SteadySemaphore()

        init(_ feed: any MaintenanceFeed) {
            self.feed = feed
            status = Mutex(Status(name: feed.name))
        }

        func cancel() {
            thread.withLock { $0 }?.cancel()
            wake.signal()
        }
    }

    /// Seconds after which one that cannot be had is tried again the first time; each further time twice as many.
    private static let firstRetrySeconds = 30.0
    /// Seconds after which what is kept is looked at again, whether it can be had or not: windows come nearer.
    private static let longestRest = 3_600.0

    private let slots = Mutex<[Slot]>([])
    private let folder: String
    private let operations: OperatorStore
    private let log: Logger

    /// Begins to look.
    ///
    /// - Throws: `StorageError` when there can be no folder for copies.
    init(_ feeds: [any MaintenanceFeed], folder: DataFolder, operations: OperatorStore, log: Logger) throws {
        self.folder = folder.file("calendars")
        self.operations = operations
        self.log = log
        try begin(feeds)
    }

    private func begin(_ feeds: [any MaintenanceFeed]) throws {
        if !feeds.isEmpty { try FolderContents.makeFolder(folder) }
        for feed in feeds {
            let slot = Slot(feed)
            slots.withLock { $0.append(slot) }
            let thread = BackgroundThread(name: "calendar") { [self] in follow(slot, $0) }
            slot.thread.withLock { $0 = thread }
        }
    }

    /// How all of them stand.
    var current: [Status] { slots.withLock { $0 }.map { $0.status.withLock { $0 } } }

    /// Goes on with other calendars; what those that are gone have silenced stays silenced.
    func change(to feeds: [any MaintenanceFeed]) throws {
        end()
        try begin(feeds)
    }

    /// Ends the threads.
    func stop() { end(upTo: .milliseconds(200)) }

    private func end(upTo limit: Duration? = nil) {
        let all = slots.withLock { slots in
            defer { slots = [] }
            return slots
        }
        for slot in all { slot.cancel() }
        for slot in all { slot.thread.withLock { $0 }?.join(upTo: limit) }
    }

    // MARK: On a calendar's thread

    private func follow(_ slot: Slot, _ isCancelled: () -> Bool) {
        let feed = slot.feed
        var (memory, text) = recall(feed)
        slot.status.withLock { $0.fetchedAt = memory.fetchedAt }
        if let text { keepSilences(slot, &memory, text) }
        var failures = 0
        while !isCancelled() {
            let outcome = feed.fetch(knowing: text == nil ? MaintenanceFetch.Tags() : memory.tags)
            guard !isCancelled() else { return }
            var trouble: String?
            switch outcome {
            case .unchanged: memory.fetchedAt = OperatorStore.now
            case .failed(let reason): trouble = reason
            case .fresh(let bytes, let tags):
                let new = String(decoding: bytes, as: UTF8.self)
                do {
                    _ = try windows(of: new, feed)
                    try SealedFile.write(bytes, to: path(feed, "ics"))
                    (text, memory.tags, memory.fetchedAt) = (new, tags, OperatorStore.now)
                } catch {
                    // What was kept before stays, and its tags: the same is asked for again.
                    trouble = "\(error)"
                }
            }
            // What was readable yesterday may hold an event that recurs too often by now.
            if trouble == nil, let text {
                do { _ = try windows(of: text, feed) } catch { trouble = "\(error)" }
            }
            say(trouble, slot, memory)
            if let text { keepSilences(slot, &memory, text) }
            failures = trouble == nil ? 0 : failures + 1
            let retry = Self.firstRetrySeconds * Double(1 << min(failures, 20)) / 2
            let rest = min(feed.everySeconds, Self.longestRest, failures > 0 ? retry : .infinity)
            // Of a calendar that is asked for less often than hourly what is kept is looked at in between.
            var left = failures > 0 ? rest : feed.everySeconds
            while left > 0, !isCancelled() {
                slot.wake.wait(upTo: .seconds(min(left, rest)))
                left -= rest
                if left > 0, let text { keepSilences(slot, &memory, text) }
            }
        }
    }

    private func windows(
        of text: String, _ feed: any MaintenanceFeed
    ) throws(MaintenanceCalendar.Flaw) -> [MaintenanceCalendar.Window] {
        let now = OperatorStore.now
        return try MaintenanceCalendar.windows(of: text, in: now..<now + Int64(feed.withinSeconds), zone: .current)
    }

    /// Says what stands in the way once, and that nothing does any more.
    private func say(_ trouble: String?, _ slot: Slot, _ memory: Memory) {
        let line = trouble.map { PrintableText.line($0, limit: 300) }
        let before = slot.status.withLock { status in
            defer {
                status.state = line == nil ? "well" : "failing"
                status.trouble = line
                status.fetchedAt = memory.fetchedAt
            }
            return status
        }
        if let line {
            guard before.trouble != line else { return }
            var fields = ["calendar": slot.feed.name, "reason": line]
            fields["instead"] = memory.fetchedAt == nil ? "nothing is silenced by it" : "the last copy counts"
            log.warning("a calendar cannot be used", fields)
        } else if before.state == "failing" {
            log.notice("a calendar can be used again", ["calendar": slot.feed.name])
        }
    }

    /// Makes and ends silences as the calendar says.
    private func keepSilences(_ slot: Slot, _ memory: inout Memory, _ text: String) {
        let feed = slot.feed
        let author = "calendar \(feed.name)"
        guard let found = try? windows(of: text, feed) else { return }
        if found.count > CalendarBook.mostWindows {
            log.warning(
                "a calendar has more events than become silences",
                ["calendar": feed.name, "events": "\(found.count)", "most": "\(CalendarBook.mostWindows)"])
        }
        slot.status.withLock { $0.windows = min(found.count, CalendarBook.mostWindows) }
        // Other alarms than before: what was silenced for those ends.
        if let matcher = memory.matcher, matcher != feed.matcher {
            take([], matcher, author, &memory)
            memory.book = CalendarBook()
        }
        memory.matcher = feed.matcher
        memory.place = feed.place
        take(found, feed.matcher, author, &memory)
        do {
            try SealedFile.write(Array(try JSONEncoder.oneLine.encode(memory)), to: path(feed, "json"))
        } catch {
            log.warning(
                "what is remembered of a calendar cannot be written", ["calendar": feed.name, "reason": "\(error)"])
        }
    }

    private func take(
        _ windows: [MaintenanceCalendar.Window], _ matcher: AlarmMatcher, _ author: String, _ memory: inout Memory
    ) {
        let steps = memory.book.steps(
            windows, matcher: matcher, by: author, silences: operations.current.allSilences, at: OperatorStore.now)
        for step in steps {
            do {
                _ = try operations.apply(step.change, by: author)
                memory.book.made(step)
            } catch {
                // Tried again with the next look.
                log.warning("a calendar's silence cannot be kept", ["by": author, "reason": "\(error)"])
                return
            }
        }
    }

    // MARK: What is kept

    private func path(_ feed: any MaintenanceFeed, _ suffix: String) -> String { "\(folder)/\(feed.name).\(suffix)" }

    /// What was kept; whatever is damaged is fetched again.
    private func recall(_ feed: any MaintenanceFeed) -> (memory: Memory, text: String?) {
        var memory = Memory()
        if let bytes = try? SealedFile.read(path(feed, "json"), limit: 1 << 22),
            let known = try? JSONDecoder().decode(Memory.self, from: Data(bytes))
        {
            memory = known
        }
        let copy = try? SealedFile.read(path(feed, "ics"), limit: MaintenanceFetch.mostBytes)
        // A copy from elsewhere counts until there is one from here, which is then asked for as a whole.
        if memory.place != feed.place || copy == nil { memory.tags = MaintenanceFetch.Tags() }
        return (memory, copy.map { String(decoding: $0, as: UTF8.self) })
    }
}
