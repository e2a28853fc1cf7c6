/// Gives each text of a column a number.
final class KeyWords {
    /// Most different texts that a key may have; a column with more tells nothing apart.
    static let limit = 1 << 16

    let name: String
    let kind: KeyedRows.Key.Kind
    private(set) var words: [String] = []
    private var known: [[UInt8]: Int32] = [:]
    private var last: (bytes: [UInt8], code: Int32)?
    /// Whether there were more than ``limit``.
    private(set) var isFree = false

    init(name: String, kind: KeyedRows.Key.Kind) {
        self.name = name
        self.kind = kind
    }

    func code(_ field: UnsafeBufferPointer<UInt8>) -> Int32 {
        if let last, last.bytes.elementsEqual(field) { return last.code }
        let bytes = Array(field)
        if let code = known[bytes] {
            last = (bytes, code)
            return code
        }
        guard words.count < Self.limit else {
            isFree = true
            return 0
        }
        let code = Int32(words.count)
        let text = FieldText.text(field)
        // `"web1"` and `web1` are the same text.
        if words.count < 256, let same = words.firstIndex(of: text) {
            known[bytes] = Int32(same)
            return Int32(same)
        }
        words.append(text)
        known[bytes] = code
        last = (bytes, code)
        return code
    }
}
