import Synchronization
import Telemetry

/// The copies of other workers' samples that can be used, for whoever reads samples in this process.
package final class MirroredSources: Sendable {
    private struct Copy {
        var training: EntitySource?
        var stream: EntitySource?
    }

    private let copies = Mutex<[String: Copy]>([:])

    /// No copies.
    package init() {}

    /// The files to learn from, of an entity named `site/entity`.
    func training(_ entity: String) -> EntitySource? { copies.withLock { $0[entity]?.training } }

    /// The files to score as a stream.
    func stream(_ entity: String) -> EntitySource? { copies.withLock { $0[entity]?.stream } }

    /// Replaces all copies.
    func replace(_ all: [(entity: String, training: EntitySource?, stream: EntitySource?)]) {
        copies.withLock { copies in
            copies = [:]
            for copy in all { copies[copy.entity] = Copy(training: copy.training, stream: copy.stream) }
        }
    }
}
