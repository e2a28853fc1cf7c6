import Foundation
import Platform
import Synchronization
import Watching

/// The server's fault library: one file, in the form that `fl-train library` reads. A change is on the disk before
/// anybody hears of it; a crash at any moment leaves the file before it or after it.
final class FaultLibraryStore: Sendable {
    /// The library as it stands, and laid out for naming.
    struct Snapshot: Sendable {
        /// The library.
        let library: FaultLibrary
        /// Names signatures by it.
        let matcher: FaultMatcher

        fileprivate init(_ library: FaultLibrary) {
            self.library = library
            matcher = FaultMatcher(library)
        }
    }

    /// A change that is refused.
    enum Refusal: Error {
        /// The library, or the fault in it, is full.
        case full(String)
        /// There is no such fault.
        case missing(String)
    }

    /// Faults in the library.
    static let mostFaults = 256
    /// Confirmed signatures of one fault.
    static let mostSignatures = 32
    /// Confirmed signatures of all faults.
    static let mostInAll = 1_024

    /// The file.
    let path: String
    private let state: Mutex<Snapshot>
    /// What has kept a change from the disk.
    private let failure = Mutex<StorageError?>(nil)

    /// The library in a file; empty when there is none.
    ///
    /// - Throws: `StorageError` when the file cannot be read, ``ServiceError`` when it is no library: confirmations are
    ///   people's work and cannot be measured again.
    init(path: String) throws {
        self.path = path
        var library = FaultLibrary()
        if FileManager.default.fileExists(atPath: path) {
            do {
                library = try FaultLibrary(decoding: try SealedFile.read(path))
            } catch let error as FaultLibraryError {
                throw ServiceError(.data, "\(path): \(error)")
            }
        }
        state = Mutex(Snapshot(library))
    }

    /// The library as it stands.
    var current: Snapshot { state.withLock { $0 } }

    /// What has kept a change from the disk, if anything has.
    var storageFailure: StorageError? { failure.withLock { $0 } }

    /// Confirms a signature. Returns whether it is new, and the fault's confirmed signatures then.
    ///
    /// - Parameter corrects: whether what its origin was confirmed as before is taken back.
    /// - Throws: ``Refusal`` when there is no room, `StorageError` when it cannot be stored; the library is then as
    ///   before.
    func add(
        _ signature: FaultSignature, as name: String, origin: String?, corrects: Bool = false
    ) throws -> (isNew: Bool, count: Int) {
        try change { library in
            if corrects, let origin { library.takeBack(origin: origin, exceptAs: name) }
            let isNew = library.add(signature, as: name, origin: origin)
            let count = library.faults[name]?.count ?? 0
            guard !isNew || count <= Self.mostSignatures else {
                throw Refusal.full("\(name) has \(Self.mostSignatures) signatures, more are not kept")
            }
            guard library.faults.count <= Self.mostFaults, library.count <= Self.mostInAll else {
                throw Refusal.full(
                    "the library is full: at most \(Self.mostFaults) faults with \(Self.mostInAll) signatures together")
            }
            return (isNew, count)
        }
    }

    /// Forgets a fault.
    ///
    /// - Throws: ``Refusal`` when there is none of this name, `StorageError` when it cannot be stored.
    func remove(_ name: String) throws {
        try change { library in
            guard library.remove(name) else { throw Refusal.missing(name) }
        }
    }

    private func change<Result: Sendable>(_ body: (inout FaultLibrary) throws -> Result) throws -> Result {
        try state.withLock { state in
            var library = state.library
            let result = try body(&library)
            guard library != state.library else { return result }
            do {
                try SealedFile.write(try library.encoded(), to: path)
            } catch let error as StorageError {
                failure.withLock { $0 = error }
                throw error
            }
            state = Snapshot(library)
            return result
        }
    }
}
