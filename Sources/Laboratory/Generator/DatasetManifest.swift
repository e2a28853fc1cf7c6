public import Foundation
import Numerics
import Platform

/// What a folder of generated or injected data holds: where it comes from, what was put in, and checksums.
public struct DatasetManifest: Hashable, Sendable, Codable {
    /// One file.
    public struct File: Hashable, Sendable, Codable {
        /// The path within the folder.
        public var path: String
        /// Its size.
        public var bytes: Int
        /// Its SHA-256 in hexadecimal digits.
        public var sha256: String

        /// A file from its facts.
        public init(path: String, bytes: Int, sha256: String) {
            self.path = path
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// One entity.
    public struct Entity: Hashable, Sendable, Codable {
        /// The site's name.
        public var site: String
        /// The entity's name.
        public var entity: String
        /// Rows of the training part.
        public var trainingRows: Int
        /// Rows of the test part.
        public var testRows: Int
        /// Each metric's spread, the unit of severities, to six digits; 0 for a constant.
        public var spreads: [Double]
        /// The faults, their rows counted from the test part's first.
        public var faults: [InjectedFault]
        /// Faults that fit no metric.
        public var leftOut: [String]

        /// An entity from its facts.
        public init(
            site: String, entity: String, trainingRows: Int, testRows: Int, spreads: [Double], faults: [InjectedFault],
            leftOut: [String]
        ) {
            self.site = site
            self.entity = entity
            self.trainingRows = trainingRows
            self.testRows = testRows
            self.spreads = spreads.map(Self.sixDigits)
            self.faults = faults.map { fault in
                var fault = fault
                for index in fault.metrics.indices {
                    fault.metrics[index].reached = (fault.metrics[index].reached * 100).rounded() / 100
                    fault.metrics[index].intended = (fault.metrics[index].intended * 100).rounded() / 100
                }
                return fault
            }
            self.leftOut = leftOut
        }

        private static func sixDigits(_ value: Double) -> Double {
            guard value != 0, value.isFinite else { return 0 }
            var factor = 1.0
            while abs(value) * factor < 1e5 { factor *= 10 }
            while abs(value) * factor >= 1e6 { factor /= 10 }
            return factor >= 1
                ? (value * factor).rounded() / factor : (value * factor).rounded() * (1 / factor).rounded()
        }
    }

    /// The format's name.
    public var format = "faultline-dataset"
    /// The format's version.
    public var version = 1
    /// Where the samples come from.
    public var source: String
    /// The terms of use.
    public var licence: String
    /// What makes the same bytes again: options and their values.
    public var parameters: [String: String]
    /// The entities.
    public var entities: [Entity]
    /// The files, sorted by path; the manifest itself is not among them.
    public var files: [File]

    /// A manifest from its facts.
    public init(
        source: String, licence: String, parameters: [String: String], entities: [Entity], files: [File]
    ) {
        self.source = source
        self.licence = licence
        self.parameters = parameters
        self.entities = entities
        self.files = files.sorted { $0.path < $1.path }
    }

    /// The name of the manifest in its folder.
    public static let fileName = "manifest.json"

    /// JSON with one line for each entity and each file, keys sorted: the same manifest gives the same bytes.
    public var text: String {
        func compact(_ value: some Encodable) -> String {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(value) else { return "null" }
            return String(decoding: data, as: UTF8.self)
        }
        func lines(_ values: [some Encodable]) -> String {
            values.isEmpty ? "[]" : "[\n    " + values.map(compact).joined(separator: ",\n    ") + "\n  ]"
        }
        return """
            {
              "format": \(compact(format)),
              "version": \(version),
              "source": \(compact(source)),
              "licence": \(compact(licence)),
              "parameters": \(compact(parameters)),
              "entities": \(lines(entities)),
              "files": \(lines(files))
            }

            """
    }

    /// Reads the manifest of a folder; `nil` where there is none that can be understood.
    public static func read(folder: URL) -> DatasetManifest? {
        guard let data = try? Data(contentsOf: folder.appending(path: fileName)) else { return nil }
        return try? JSONDecoder().decode(DatasetManifest.self, from: data)
    }

    /// The paths of files that are missing or whose checksum is another one; empty when all is as the manifest says.
    public func differences(in folder: URL) -> [String] {
        files.compactMap { file in
            guard let data = try? Data(contentsOf: folder.appending(path: file.path)) else { return file.path }
            return SHA256.hexadecimalDigest(of: data) == file.sha256 ? nil : file.path
        }
    }
}
