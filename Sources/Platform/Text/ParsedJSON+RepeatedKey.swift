extension ParsedJSON {
    /// The first key that an object of the text has twice, of which most readers silently keep one; `nil` where there is none,
    /// or the text is no JSON.
    public static func repeatedKey(in text: some Sequence<UInt8>) -> String? {
        let bytes = Array(text)
        return unsafe bytes.withUnsafeBufferPointer { try? unsafe ParsedJSON(parsing: $0) }?.repeatedKey
    }

    private var repeatedKey: String? {
        switch self {
        case .null, .bool, .number, .string: return nil
        case .array(let elements): return elements.lazy.compactMap(\.repeatedKey).first
        case .object(let members):
            var known: Set<String> = []
            for member in members {
                if !known.insert(member.key).inserted { return member.key }
                if let key = member.value.repeatedKey { return key }
            }
            return nil
        }
    }
}
