import Foundation
import Platform

extension LabelWindows {
    /// An object of files, each with the list of its windows or onsets, as NAB has it; `nil` for any other file.
    static func filesOfWindows(_ path: String) -> [ParsedJSON.Member]? {
        guard path.lowercased().hasSuffix(".json"), let data = FileManager.default.contents(atPath: path),
            case .object(let files)? = Array(data).withUnsafeBufferPointer({ try? ParsedJSON(parsing: $0) }),
            !files.isEmpty
        else { return nil }
        let areLists = files.allSatisfy { file in
            guard case .array(let list) = file.value else { return false }
            return list.allSatisfy { if case .object = $0 { false } else { true } }
        }
        return areLists ? files : nil
    }

    /// The windows of such an object.
    ///
    /// - Throws: ``TelemetryError`` that names the file in it.
    static func windows(ofFiles files: [ParsedJSON.Member], _ path: String) throws -> [Window] {
        try files.sorted { $0.key < $1.key }.flatMap { file in
            func refusal(_ found: String, _ expected: String = "a list of [start, end], or of onsets") -> TelemetryError
            {
                TelemetryError(.malformed, path: path, field: file.key, found: found, expected: expected)
            }
            func moment(_ value: ParsedJSON) throws -> Double {
                let text = JSONDocument.text(value)
                guard let time = text.flatMap(Self.time) else { throw refusal(text.map { "'\($0)'" } ?? "no time") }
                return time
            }
            guard case .array(let list) = file.value else { throw refusal("no list") }
            return try list.map { element -> Window in
                guard case .array(let pair) = element else {
                    let start = try moment(element)
                    return Window(start: start, end: start + Self.assumedSeconds, entity: file.key)
                }
                guard pair.count == 2 else { throw refusal("\(pair.count) times") }
                let (start, end) = (try moment(pair[0]), try moment(pair[1]))
                guard start <= end else { throw refusal("an end before its start", "[start, end], in order") }
                return Window(start: start, end: end, entity: file.key)
            }
        }
    }
}
