import Federation
import Foundation
import Platform
import Telemetry

/// The files of a worker's own entities, as it hands them out to others of its domain.
struct LocalSamples: SampleFiles, Sendable {
    private let training: [String: EntitySource]
    private let streams: [String: EntitySource]
    /// How these files are read.
    let reading: String

    init(training: [String: EntitySource], streams: [String: EntitySource], reader: ReaderOptions) {
        self.training = training
        self.streams = streams
        reading = Self.reading(reader)
    }

    /// Names what decides which samples a file holds: the reader's options without the sizes of its buffers.
    static func reading(_ options: ReaderOptions) -> String {
        let parts = [
            options.separator.map(String.init), options.timeColumn, options.timeUnit?.rawValue,
            options.rowSeconds.map { "\($0)" }, options.labelColumn, "\(options.textIsMissing)",
        ]
        return String(SHA256.hexadecimalDigest(of: parts.map { $0 ?? "\u{0}" }.joined(separator: "\n").utf8).prefix(16))
    }

    private func paths(of entity: String) -> [(part: SampleListing.Part, path: String)] {
        (training[entity]?.files ?? []).map { (.training, $0) } + (streams[entity]?.files ?? []).map { (.stream, $0) }
    }

    func listing(of entity: String) -> SampleListing? {
        guard let source = training[entity] ?? streams[entity] else { return nil }
        var files: [SampleListing.File] = []
        for (part, path) in paths(of: entity) {
            guard let size = FileBytes.size(of: path) else { return nil }
            files.append(
                SampleListing.File(part: part, name: URL(filePath: path).lastPathComponent, size: size))
        }
        return SampleListing(
            type: source.type, reading: reading, trainingFormat: training[entity]?.format.rawValue ?? "",
            streamFormat: streams[entity]?.format.rawValue ?? "", files: files)
    }

    func read(_ entity: String, file: Int, offset: UInt64, count: Int) throws -> [UInt8] {
        try FileBytes.read(paths(of: entity)[file].path, at: offset, count: count)
    }

    func digest(_ entity: String, file: Int, offset: UInt64, count: Int) throws -> [UInt8] {
        try FileBytes.digest(paths(of: entity)[file].path, at: offset, count: count)
    }
}
