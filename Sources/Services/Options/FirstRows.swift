import Platform
package import Telemetry

/// A look at the first rows of sources, for those who check before they start: what cannot be read is found while somebody is
/// there to mend it.
package struct FirstRows {
    /// Rows of each source that are looked at.
    package static let mostRows = 1_000
    /// Values that are looked at in all; sources behind them are not opened.
    private static let mostValues = 4_000_000

    /// Sources in which a row could not be read: such rows would be passed over. Nobody looks behind the first.
    package private(set) var flawedSources = 0
    /// Sources of which nothing could be read.
    package private(set) var badSources = 0
    /// The first that was wrong.
    package private(set) var first: String?

    /// Reads them.
    ///
    /// - Throws: `TelemetryError` where none of them can be read.
    package init(of sources: [EntitySource], options: ReaderOptions) throws {
        var left = Self.mostValues
        var failure: (any Error)?
        var good = 0
        for source in sources where left > 0 {
            do {
                left -= try look(at: source, options: options)
                good += 1
            } catch {
                badSources += 1
                failure = failure ?? error
                first = first ?? "\(error)"
            }
        }
        if good == 0, let failure { throw failure }
    }

    /// How many values there were.
    private mutating func look(at source: EntitySource, options: ReaderOptions) throws -> Int {
        var (rows, width) = (0, 0)
        do {
            var reader = try source.makeReader(options: options)
            while rows < Self.mostRows, let frame = try reader.nextChunk(maximumRows: Self.mostRows - rows),
                frame.rowCount > 0
            {
                rows += frame.rowCount
                width = frame.schema.count
            }
        } catch {
            // Of what is of no use the beginning cannot be had either.
            if rows == 0 { _ = try source.makeReader(options: options.skippingBadRows) }
            flawedSources += 1
            first = first ?? "\(error)"
        }
        return max(1, rows * width)
    }

    /// What is to be said of them; `nil`: all could be read.
    package var line: String? {
        guard let first else { return nil }
        var parts: [String] = []
        if flawedSources > 0 { parts.append("entities with rows that would be passed over: \(flawedSources)") }
        if badSources > 0 { parts.append("entities that could not be learned from: \(badSources)") }
        return parts.joined(separator: ", ") + " (\(PrintableText.line(first, limit: 300)))"
    }
}
