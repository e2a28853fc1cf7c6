/// Long lists of numbers that stay out of the JSON of what they belong to: while a ``NumberShelf`` is at hand, a list
/// is put on it, and the JSON has its place. Without a shelf, and for a short list, the JSON has the numbers.
///
/// Reading a number from JSON costs a hundred times what copying it does, and a detector has millions.
@propertyWrapper
package struct Shelved<Element: ShelvedElement>: Codable, Hashable, Sendable {
    /// The numbers.
    package var wrappedValue: [Element]

    /// Some numbers.
    package init(wrappedValue: [Element]) { self.wrappedValue = wrappedValue }

    /// Reads the numbers, wherever they lie.
    ///
    /// - Throws: `DecodingError` when the shelf has no such place.
    package init(from decoder: any Decoder) throws { wrappedValue = try Element.elements(from: decoder) }

    /// Writes the numbers, or their place.
    package func encode(to encoder: any Encoder) throws { try Element.encode(wrappedValue, to: encoder) }
}

/// What lists on a shelf are of: numbers, or lists of numbers.
package protocol ShelvedElement: Codable, Hashable, Sendable {
    /// Reads a list from JSON and shelf.
    static func elements(from decoder: any Decoder) throws -> [Self]
    /// Writes a list to JSON and shelf.
    static func encode(_ elements: [Self], to encoder: any Encoder) throws
}

extension Double: ShelvedElement {
    /// Lists up to this length stay in the JSON.
    private static let shortest = 16

    package static func elements(from decoder: any Decoder) throws -> [Double] {
        guard let shelf = decoder.userInfo[NumberShelf.key] as? NumberShelf,
            let place = try? decoder.singleValueContainer().decode(Int.self)
        else { return try [Double](from: decoder) }
        guard let list = shelf.list(at: place) else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath, debugDescription: "there is no list of numbers at \(place)"))
        }
        return list
    }

    package static func encode(_ elements: [Double], to encoder: any Encoder) throws {
        guard elements.count > shortest, let shelf = encoder.userInfo[NumberShelf.key] as? NumberShelf else {
            return try elements.encode(to: encoder)
        }
        var container = encoder.singleValueContainer()
        try container.encode(shelf.put(elements))
    }
}

extension [Double]: ShelvedElement {
    package static func elements(from decoder: any Decoder) throws -> [[Double]] {
        try [Shelved<Double>](from: decoder).map(\.wrappedValue)
    }

    package static func encode(_ elements: [[Double]], to encoder: any Encoder) throws {
        try elements.map(Shelved<Double>.init(wrappedValue:)).encode(to: encoder)
    }
}

/// Lists of numbers by their places. The same list is kept once.
///
/// Unchecked: it lives as long as one call that encodes or decodes, on one thread.
package final class NumberShelf: @unchecked Sendable {
    /// Where encoders and decoders find it.
    static let key: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "numberShelf") else { preconditionFailure("any text is a key") }
        return key
    }()
    /// The lists.
    package private(set) var lists: [[Double]]
    private var places: [UInt64: [Int]] = [:]

    /// A shelf with some lists on it.
    package init(_ lists: [[Double]] = []) { self.lists = lists }

    /// Puts a list on the shelf; returns its place.
    func put(_ list: [Double]) -> Int {
        // FNV-1a over the numbers' bits tells most lists apart; their bits tell all.
        let digest = list.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ $1.bitPattern) &* 0x100_0000_01b3 }
        let known = places[digest, default: []].first { place in
            lists[place].count == list.count
                && zip(lists[place], list).allSatisfy { $0.bitPattern == $1.bitPattern }
        }
        if let known { return known }
        places[digest, default: []].append(lists.count)
        lists.append(list)
        return lists.count - 1
    }

    func list(at place: Int) -> [Double]? { lists.indices.contains(place) ? lists[place] : nil }
}
