import Foundation

/// Why bytes are no library that this program can use.
package enum FaultLibraryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A library of a form that is not known.
    case form(Int)
    /// No library at all.
    case malformed

    /// What was found, in words.
    package var description: String {
        switch self {
        case .form(let form):
            "a library of form \(form), this program knows form \(FaultLibrary.currentFormat); confirm its faults again"
        case .malformed: "no fault library; expected what fl-train library add writes"
        }
    }
}

extension FaultLibrary.Confirmation: Codable {
    private enum Key: String, CodingKey { case origin }

    /// A signature's fields, and where it was seen beside them.
    package init(from decoder: any Decoder) throws {
        self.init(
            signature: try FaultSignature(from: decoder),
            origin: try decoder.container(keyedBy: Key.self).decodeIfPresent(String.self, forKey: .origin))
    }

    /// Writes the signature's fields and the origin as one object.
    package func encode(to encoder: any Encoder) throws {
        try signature.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(origin, forKey: .origin)
    }
}

extension FaultLibrary: Codable {
    private enum Key: String, CodingKey { case formatVersion, faults }

    /// Reads `{"formatVersion": 2, "faults": {NAME: [signature, …]}}`.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let form = try container.decode(Int.self, forKey: .formatVersion)
        guard form == Self.currentFormat else { throw FaultLibraryError.form(form) }
        self.init(faults: try container.decode([String: [Confirmation]].self, forKey: .faults))
    }

    /// Writes the library in its current form.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(Self.currentFormat, forKey: .formatVersion)
        try container.encode(faults, forKey: .faults)
    }

    /// Reads a library's file.
    package init(decoding bytes: [UInt8]) throws(FaultLibraryError) {
        do {
            self = try JSONDecoder().decode(FaultLibrary.self, from: Data(bytes))
        } catch let error as FaultLibraryError {
            throw error
        } catch {
            throw .malformed
        }
    }

    /// The library's file: the same faults give the same bytes.
    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [0x0a]
    }
}
