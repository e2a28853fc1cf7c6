import Platform

/// A copy of what an API server has of one kind, fed by a list, page by page, and by what a watch says after it. A value: it says
/// what to ask next, and is told what came.
package struct KubernetesStore<Item: Equatable & Sendable>: Sendable {
    /// What to ask next.
    package enum Request: Equatable, Sendable {
        /// A page of a list: the first, or the one after a mark.
        case list(continuation: String?)
        /// What changes after a version.
        case watch(version: String)
    }

    /// What is there, by name; while a new list comes, what was there before.
    package private(set) var items: [String: Item] = [:]
    /// Whether there was a whole list, and nothing since that may have made it untrue.
    package private(set) var isComplete = false
    /// Grows with each change of an item; that a document changed in what no item has of it is none.
    package private(set) var changes: UInt64 = 0
    /// What to ask next; ``ask()`` where it is asked.
    package private(set) var next = Request.list(continuation: nil)

    private let kind: String
    private let limit: Int
    private let read: @Sendable (KubernetesDocument) -> Item?
    private var incoming: [String: Item] = [:]
    /// What was put here since the list that comes was asked for, which need not have it.
    private var since: Set<String> = []
    private var gone: [Item] = []

    /// Nothing yet.
    ///
    /// - Parameters:
    ///   - kind: what it is, in the plural, for messages.
    ///   - limit: most items that are kept.
    ///   - read: makes an item of a document; `nil`: is none of ours.
    init(kind: String, limit: Int, read: @escaping @Sendable (KubernetesDocument) -> Item?) {
        self.kind = kind
        self.limit = limit
        self.read = read
    }

    /// What to ask next, by who asks it now.
    package mutating func ask() -> Request {
        if next == .list(continuation: nil) { since = [] }
        return next
    }

    /// A page of a list came.
    ///
    /// - Throws: ``EngineError`` where it is none, or there is too much; the list begins anew then.
    package mutating func take(page bytes: [UInt8]) throws(EngineError) {
        guard case .list(let continuation) = next else { return }
        if continuation == nil { incoming = [:] }
        next = .list(continuation: nil)
        let page = try KubernetesDocument(bytes, of: "list of \(kind)")
        guard case .array = page["items"].json, let version = page["metadata", "resourceVersion"].text, !version.isEmpty
        else { throw EngineError(.unreadable, "the API server's list of \(kind): expected items and their version") }
        for element in page["items"].elements {
            guard let name = element["metadata", "name"].text, let item = read(element) else { continue }
            incoming[name] = item
        }
        guard incoming.count <= limit else {
            incoming = [:]
            throw EngineError(.unreadable, "the API server has more than \(limit) \(kind)")
        }
        if let more = page["metadata", "continue"].text, !more.isEmpty {
            // A server that never ends would be asked for ever.
            guard more != continuation else {
                throw EngineError(.unreadable, "the API server's list of \(kind) goes on with the same page")
            }
            next = .list(continuation: more)
            return
        }
        for name in since where incoming[name] == nil { incoming[name] = items[name] }
        gone += items.filter { incoming[$0.key] == nil }.values
        if !isComplete || items != incoming { changes += 1 }
        (items, incoming, since) = (incoming, [:], [])
        isComplete = true
        next = .watch(version: version)
    }

    /// An event of the watch came, as one line.
    ///
    /// - Throws: ``EngineError`` where it says that something is wrong; a new list follows then.
    package mutating func take(event bytes: [UInt8]) throws(EngineError) {
        do throws(EngineError) {
            try apply(try KubernetesDocument(bytes, of: "watch of \(kind)"))
        } catch {
            expire()
            throw error
        }
    }

    private mutating func apply(_ event: KubernetesDocument) throws(EngineError) {
        let object = event["object"]
        switch event["type"].text {
        case "ADDED"?, "MODIFIED"?:
            guard let name = object["metadata", "name"].text else { break }
            let item = read(object)
            guard item == nil || items[name] != nil || items.count < limit else {
                throw EngineError(.unreadable, "the API server has more than \(limit) \(kind)")
            }
            if items[name] != item { changes += 1 }
            items[name] = item
        case "DELETED"?:
            guard let name = object["metadata", "name"].text, let last = items.removeValue(forKey: name) else { break }
            // It may say more than what was known.
            gone.append(read(object) ?? last)
            changes += 1
        case "BOOKMARK"?: break
        case "ERROR"?:
            // What is too long ago to be told (410) is no trouble: a list has all.
            guard object["code"].whole == 410 else {
                throw EngineError(
                    .unavailable,
                    "the API server ends the watch of \(kind): "
                        + KubernetesDocument.line(object["reason"].words, object["message"].words))
            }
            expire()
            return
        default:
            throw EngineError(
                .unreadable,
                "the API server's watch of \(kind): found the event '\(PrintableText.line(event["type"].words, limit: 40))', "
                    + "expected ADDED, MODIFIED, DELETED, BOOKMARK or ERROR")
        }
        if let version = object["metadata", "resourceVersion"].text, !version.isEmpty {
            next = .watch(version: version)
        }
    }

    /// What was known is too old to go on from, and to act on: the next request is a list.
    package mutating func expire() {
        incoming = [:]
        isComplete = false
        next = .list(continuation: nil)
    }

    /// What went since this was asked last.
    mutating func takeGone() -> [Item] {
        defer { gone = [] }
        return gone
    }

    /// Something is known that the watch has not told yet.
    mutating func put(_ name: String, _ item: Item) {
        if case .list = next { since.insert(name) }
        if items[name] != item { changes += 1 }
        items[name] = item
    }

    /// Something is known to be gone that the watch has not told yet.
    mutating func drop(_ name: String) {
        since.remove(name)
        guard let item = items.removeValue(forKey: name) else { return }
        gone.append(item)
        changes += 1
    }
}
