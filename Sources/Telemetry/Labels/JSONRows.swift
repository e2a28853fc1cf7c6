import Platform

/// A list of JSON objects as a table of text: labels and windows that come as JSON are read as those in a separated text are.
enum JSONRows {
    /// Objects in a file; more are an error.
    private static let mostRows = 1 << 24

    /// The rows of an array of objects, of objects one a line, or of the first array of objects within a document, as a
    /// separated text with a header; members of an object within one have its name before theirs, with a point between, and what
    /// stands in a list has `;` between.
    ///
    /// - Parameter stream: the text, from its first byte on.
    /// - Throws: ``TelemetryError`` for what is no JSON or holds no objects.
    static func table(_ stream: ByteStream) throws -> ByteStream {
        while !stream.isAtEnd {
            guard stream.count <= JSONFile.maximumDocumentBytes else {
                throw TelemetryError(
                    .limitExceeded, path: stream.path,
                    found: "a JSON document of more than \(JSONFile.maximumDocumentBytes) bytes",
                    expected: "separated text")
            }
            try stream.fill()
        }
        let bytes = UnsafeBufferPointer(stream.unread)
        let objects = try ParsedJSONDocument(bytes, path: stream.path).objects
        guard !objects.isEmpty, objects.count <= mostRows else {
            throw TelemetryError(
                .malformed, path: stream.path, found: "\(objects.count) JSON objects in a list",
                expected: "a list of objects, or one a line")
        }
        return ByteStream(MemorySource(text(objects)), path: stream.path, chunkBytes: 1 << 16)
    }

    private static func text(_ objects: [[ParsedJSON.Member]]) -> [UInt8] {
        var names: [String] = []
        var places: [String: Int] = [:]
        let rows = objects.map { members in
            var cells: [(Int, String)] = []
            add(members, below: "") { name, cell in
                let place = places[name] ?? names.count
                if place == names.count {
                    places[name] = place
                    names.append(name)
                }
                cells.append((place, cell))
            }
            return cells
        }
        var bytes: [UInt8] = []
        func append(_ cells: [String]) {
            for (index, cell) in cells.enumerated() {
                if index > 0 { bytes.append(0x2C) }
                bytes.append(0x22)
                for byte in cell.utf8 { bytes += byte == 0x22 ? [0x22, 0x22] : [byte] }
                bytes.append(0x22)
            }
            bytes.append(0x0A)
        }
        append(names)
        for row in rows {
            var cells = [String](repeating: "", count: names.count)
            for (place, cell) in row { cells[place] = cell }
            append(cells)
        }
        return bytes
    }

    private static func add(_ members: [ParsedJSON.Member], below name: String, _ body: (String, String) -> Void) {
        for member in members {
            let path = name.isEmpty ? member.key : name + "." + member.key
            if case .object(let inner) = member.value {
                add(inner, below: path, body)
            } else if case .array(let elements) = member.value {
                // What it is about may be several.
                let texts = elements.compactMap(JSONDocument.text)
                if texts.count == elements.count { body(path, texts.joined(separator: ";")) }
            } else if let text = JSONDocument.text(member.value) {
                body(path, text)
            } else if case .null = member.value {
                body(path, "")
            }
        }
    }

    /// The objects of a text.
    private struct ParsedJSONDocument {
        let objects: [[ParsedJSON.Member]]

        init(_ bytes: UnsafeBufferPointer<UInt8>, path: String) throws {
            let failure: ParsedJSON.SyntaxError
            do {
                objects = Self.list(try ParsedJSON(parsing: bytes), depth: 0) ?? []
                return
            } catch {
                failure = error
            }
            var lines: [[ParsedJSON.Member]] = []
            for (index, line) in bytes.split(separator: 0x0A).enumerated() where line.contains(where: { $0 > 0x20 }) {
                guard case .object(let members)? = try? ParsedJSON(parsing: UnsafeBufferPointer(rebasing: line)) else {
                    throw TelemetryError(
                        .malformed, path: path, line: index + 1,
                        found: "no valid JSON" + (index == 0 ? " at byte \(failure.offset + 1)" : ""),
                        expected: "an array of objects, or one object a line")
                }
                lines.append(members)
            }
            objects = lines
        }

        /// The objects of a list, or of the first list of objects below; one object by itself is a list of one.
        private static func list(_ value: ParsedJSON, depth: Int) -> [[ParsedJSON.Member]]? {
            switch value {
            case .array(let elements):
                var result: [[ParsedJSON.Member]] = []
                for case .object(let members) in elements { result.append(members) }
                return result.count == elements.count && !result.isEmpty ? result : nil
            case .object(let members):
                if depth < 4, let inner = members.lazy.compactMap({ list($0.value, depth: depth + 1) }).first {
                    return inner
                }
                return depth == 0 ? [members] : nil
            default: return nil
            }
        }
    }
}
