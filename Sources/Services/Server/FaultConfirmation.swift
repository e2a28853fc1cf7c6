import Foundation
import Platform
import Watching

/// What a client asks to be confirmed: `{"name": NAME, "alarm": ID or number}`, or
/// `{"name": NAME, "signature": {…, "origin": WHERE}}` in the form of the library's file.
struct FaultConfirmation {
    /// An alarm in the log.
    enum Reference: Equatable, CustomStringConvertible {
        /// By its identity, `site/entity@onset`.
        case id(String)
        /// By the sequence number of one of its events.
        case sequence(Int64)

        var description: String {
            switch self {
            case .id(let id): HTTPResponse.printable(id)
            case .sequence(let number): "\(number)"
            }
        }
    }

    /// What looks like the fault.
    enum Subject: Equatable {
        /// An alarm that the server knows.
        case alarm(Reference)
        /// A signature that comes along.
        case signature(FaultSignature)
    }

    /// What is wrong with a body: the field, what was found and what is expected.
    struct Flaw: Error, CustomStringConvertible {
        let description: String
    }

    /// The fault's name.
    let name: String
    /// What looks like it.
    let subject: Subject
    /// Where the signature was seen, if it says so.
    let origin: String?

    private struct Body: Decodable {
        let name: String?
        let alarm: Reference?
        let signature: FaultLibrary.Confirmation?
    }

    private static let keys: Set<String> = ["name", "alarm", "signature"]

    /// Reads a request's body.
    ///
    /// - Throws: ``Flaw``.
    init(decoding bytes: [UInt8]) throws(Flaw) {
        let body = try Self.body(bytes)
        guard let name = body.name else { throw Flaw(description: "name: missing, expected the fault's name") }
        if let flaw = Self.flaw(inName: name) { throw Flaw(description: flaw) }
        self.name = name
        switch (body.alarm, body.signature) {
        case (let reference?, nil):
            subject = .alarm(reference)
            origin = nil
        case (nil, let confirmation?):
            if let flaw = confirmation.signature.flaw { throw Flaw(description: "signature: " + flaw) }
            if let origin = confirmation.origin, origin.utf8.count > LibraryAPI.longestOrigin {
                throw Flaw(
                    description:
                        "origin: found \(origin.utf8.count) bytes, expected at most \(LibraryAPI.longestOrigin)")
            }
            subject = .signature(confirmation.signature)
            origin = confirmation.origin
        default:
            throw Flaw(description: "expected either an alarm or a signature beside the name")
        }
    }

    private static func body(_ bytes: [UInt8]) throws(Flaw) -> Body {
        let decoder = JSONDecoder()
        guard let present = try? decoder.decode([String: AnyValue].self, from: Data(bytes)) else {
            throw Flaw(description: "expected a JSON object with a name and an alarm or a signature")
        }
        if let stranger = present.keys.filter({ !keys.contains($0) }).min() {
            throw Flaw(
                description: "\(HTTPResponse.printable(stranger)): not a key here; there are alarm, name, signature")
        }
        do {
            return try decoder.decode(Body.self, from: Data(bytes))
        } catch {
            let context: DecodingError.Context? =
                switch error as? DecodingError {
                case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                    .dataCorrupted(let context):
                    context
                default: nil
                }
            let field = context?.codingPath.map(\.stringValue).joined(separator: ".") ?? ""
            var missing = ""
            if case .keyNotFound(let key, _)? = error as? DecodingError { missing = ", missing \(key.stringValue)" }
            throw Flaw(
                description: HTTPResponse.printable(
                    "\(field.isEmpty ? "body" : field): not of the expected form\(missing)"))
        }
    }

    /// A value of any kind.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) {}
    }

    /// What is wrong with a fault's name; `nil` for a good one.
    static func flaw(inName name: String) -> String? {
        guard (1...LibraryAPI.longestName).contains(name.utf8.count) else {
            return "name: found \(name.utf8.count) bytes, expected 1 to \(LibraryAPI.longestName)"
        }
        guard name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control && $0 != "/" }),
            !["?", "#"].contains(where: name.contains)
        else { return "name: found a control character or one of / ? #, expected none" }
        guard name.unicodeScalars.contains(where: { !$0.properties.isWhitespace && PrintableText.shows($0) }) else {
            return "name: found nothing that can be seen, expected a name"
        }
        guard name != AlarmEvent.Fault.unknown, name != ".", name != ".." else {
            return "name: found '\(name)', which no fault may have"
        }
        return nil
    }
}

extension FaultConfirmation.Reference: Decodable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            guard number > 0 else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "numbers count from 1")
            }
            self = .sequence(number)
        } else {
            self = .id(try container.decode(String.self))
        }
    }
}
