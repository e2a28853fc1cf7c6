import Autoencoders
import CommandLine
import Telemetry

/// Opens what a model knows of many sources, one after the other: the rest is said and left out, and is an error where
/// nothing is left.
struct WatchedSources {
    private var opened = 0
    private var failure: (any Error)?
    private var notes: [String] = []

    /// What `make` makes of a source; `nil` where the model knows neither the entity nor its type, or not by these
    /// columns.
    ///
    /// - Throws: what `make` throws for another reason.
    mutating func open<Stream>(_ source: EntitySource, _ make: () throws -> Stream) throws -> Stream? {
        do {
            let stream = try make()
            opened += 1
            return stream
        } catch let error as ModelError where error.code == .schemaMismatch {
            leave(source, error, error.description)
        } catch let error as TelemetryError where error.code == .mismatch {
            leave(source, error, error.description)
        }
        return nil
    }

    private mutating func leave(_ source: EntitySource, _ error: any Error, _ text: String) {
        if failure == nil { failure = error }
        notes.append("\(source.key) is left out: \(text)")
    }

    /// Says what was left out.
    ///
    /// - Throws: why the first was, where all were.
    func finish(_ console: Console) throws {
        if opened == 0, let failure { throw failure }
        for note in notes { console.note(note) }
    }
}
