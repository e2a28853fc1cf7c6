/// What the machine of a mirror is told.
package struct MirrorConfiguration: Sendable {
    /// Bytes of a piece.
    package var pieceBytes = 1 << 20
    /// Least bytes of a piece, to which it shrinks while answers do not come in time.
    package var leastPieceBytes = 16 << 10
    /// Bytes that are compared at once.
    package var checkBytes = SampleDesk.checkBytes
    /// Time that an answer has at first; doubles with each that does not come.
    package var patience: Duration = .seconds(2)
    /// Longest that it waits for an answer, or before it tries again what cannot be.
    package var longestPatience: Duration = .seconds(30)
    /// Time between a refusal and the next request.
    package var refusalPause: Duration = .milliseconds(500)
    /// Time after which what could not be sent is sent again.
    package var unsentPause: Duration = .milliseconds(100)
    /// Time between looks for appended rows.
    package var pollInterval: Duration = .seconds(10)

    /// The defaults.
    package init() {}
}

/// What happens to a mirror.
package enum MirrorEvent: Sendable {
    /// The server says what to get from the holder; `nil`: nothing any more.
    case assigned(SampleSource?)
    /// The holder answered.
    case received(SampleMessage)
    /// The request that was to be sent could not be: nobody is connected, or not yet.
    case unsent
    /// ``MirrorDirective/open(entity:listing:)`` is done: what there was of each file on the disk, and whether that was
    /// a whole copy.
    case opened(entity: String, lengths: [UInt64], isWhole: Bool)
    /// SHA-256 of what ``MirrorDirective/digest(entity:file:offset:length:)`` named.
    case digested(entity: String, digest: [UInt8])
    /// The disk refuses, or the list cannot be used.
    case failed(entity: String, reason: String)
    /// Time has passed.
    case tick
}

/// What a mirror has to do, in this order.
package enum MirrorDirective: Sendable {
    /// Send to the holder; it may be lost.
    case send(SampleMessage)
    /// Make room for an entity's files, keeping what is there of the same; then say
    /// ``MirrorEvent/opened(entity:lengths:isWhole:)`` or ``MirrorEvent/failed(entity:reason:)``.
    case open(entity: String, listing: SampleListing)
    /// Append to a file that has `offset` bytes.
    case write(entity: String, file: Int, offset: UInt64, bytes: [UInt8])
    /// Compare what is on the disk; then say ``MirrorEvent/digested(entity:digest:)``.
    case digest(entity: String, file: Int, offset: UInt64, length: Int)
    /// Forget the bytes of a file: they are not what the holder has.
    case clear(entity: String, file: Int)
    /// Every file is there and is what the holder has: it can be used, and stays usable.
    case complete(entity: String)
    /// Log this.
    case note(Note)
}
