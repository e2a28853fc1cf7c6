/// Which member is the time where none is called so: told by what the rows hold, as the columns of a table are.
extension RecordTable {
    /// Last parts of names under which numbers that are moments since 1970 are the time.
    private static let moments: Set<String> = ["t", "x", "at", "when", "stamp", "moment"]

    /// The name that is the time by its content: one that ends like the name of a time (`result._time`, `meta.ts`), texts that
    /// all are times (`read`), or numbers that are moments since 1970 or count from some start.
    var momentByContent: String? {
        nested ?? shaped ?? namedMoment ?? growing
    }

    /// The last part of a name whose parts have points between them.
    private static func lastPart(_ name: String) -> String {
        ColumnNames.plain(name.split(separator: ".").last.map(String.init) ?? name)
    }

    /// Names that end like that of a time, within whatever object, and hold moments; the surest first.
    private var nested: String? {
        let ranked = (names + textNames.filter { columns[$0] == nil }).compactMap {
            name -> (rank: Int, name: String)? in
            guard name.contains("."), let rank = ColumnNames.times.firstIndex(of: Self.lastPart(name)) else {
                return nil
            }
            return (rank, name)
        }
        return ranked.sorted { $0.rank < $1.rank }.first { rank, name in
            // What may be another moment than that of the row has to go on from row to row.
            let isOrdered = !ColumnNames.mustBeTime(ColumnNames.times[rank])
            return isMoment(name, inOrder: isOrdered) || areTimes(name, mayStand: !isOrdered)
        }?.name
    }

    /// The name whose texts all are times; of several the finest.
    private var shaped: String? {
        var best: (name: String, count: Int)?
        for (name, text) in zip(textNames, firstTexts)
        where TimeFormatGuess([text]).best > 0 && ownNumbers(name).isEmpty {
            guard areTimes(name, mayStand: rowCount == 1) else { continue }
            let count = Set(ownTexts(name)).count
            if best.map({ count > $0.count }) ?? true { best = (name, count) }
        }
        return best?.name
    }

    /// The first text of each name.
    private var firstTexts: [String] {
        var first = [String?](repeating: nil, count: textNames.count)
        for word in words where first[Int(word.column)] == nil { first[Int(word.column)] = word.text }
        return first.map { $0 ?? "" }
    }

    /// The first name with a word for the time in it (`__REALTIME_TIMESTAMP`), or one of ``moments``, whose numbers are moments
    /// since 1970, one in each row, that go on.
    private var namedMoment: String? {
        names.first { TimeColumn.speaksOfTime($0) && isMoment($0, inOrder: true) }
            ?? names.first { Self.moments.contains(Self.lastPart($0)) && isMoment($0, inOrder: true) }
            // The index of a data frame.
            ?? names.first.flatMap { ["", "index"].contains($0) && isMoment($0, inOrder: true) ? $0 : nil }
    }

    /// The first name of what has elapsed since some start, whose numbers only grow.
    private var growing: String? {
        names.first { name in
            guard ColumnNames.isElapsed(KeyedRows.Key.plain(name)) else { return false }
            let own = ownNumbers(name)
            return own.count == rowCount && own.count > 1 && zip(own, own.dropFirst()).allSatisfy { $0 < $1 }
        }
    }

    /// The first name of what has elapsed since some start, whose texts say so: `00:01:02`.
    var elapsedText: String? {
        textNames.first { name in
            guard columns[name] == nil, ColumnNames.isElapsed(KeyedRows.Key.plain(name)) else { return false }
            let own = ownTexts(name)
            return own.count == rowCount && own.count > 1
                && own.allSatisfy { TimeFormat(.elapsed).seconds($0) != nil }
        }
    }

    /// Whether nearly every row has a text of this name, and all of them are times.
    ///
    /// - Parameter mayStand: whether it may be the same time in every row.
    private func areTimes(_ name: String, mayStand: Bool) -> Bool {
        let guess = guess(name).guess
        guard guess.texts > 0, isUsual(guess.texts), guess.best == guess.texts, guess.shape != .timeOfDay else {
            return false
        }
        return mayStand || Set(ownTexts(name)).count > 1
    }

    /// Whether nearly every row has a number of this name, and all of them are moments since 1970.
    private func isMoment(_ name: String, inOrder: Bool) -> Bool {
        let own = ownNumbers(name)
        // From 2001 to 2096, in any unit.
        let areEpochs = own.allSatisfy { (1e9..<4e9).contains(TimeUnit.ofEpoch($0).seconds($0)) }
        guard !own.isEmpty, isUsual(own.count), areEpochs else { return false }
        return !inOrder || Set(own).count > 1 && RowOrder(own) != .shuffled
    }

    /// The first name of the time of day, which a date lacks.
    var clock: String? {
        textNames.first { name in
            let guess = guess(name).guess
            return guess.shape == .timeOfDay && guess.best == guess.texts && isUsual(guess.texts)
        }
    }

    /// Whether so many of the rows are all of them but a few.
    private func isUsual(_ rows: Int) -> Bool { rows <= rowCount && 10 * rows >= 9 * rowCount }

    private func ownNumbers(_ name: String) -> [Double] {
        guard let column = columns[name] else { return [] }
        return numbers.filter { $0.column == column && !$0.value.isNaN }.map(\.value)
    }

    func ownTexts(_ name: String) -> [String] {
        guard let column = texts[name] else { return [] }
        return words.filter { $0.column == column }.map(\.text)
    }
}
