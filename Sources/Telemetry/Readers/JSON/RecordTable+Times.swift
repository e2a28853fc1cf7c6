/// Which member of the rows is their time, and how it is written.
extension RecordTable {
    struct Time {
        var name: String
        var unit = TimeUnit.seconds
        var range = -Double.infinity...Double.infinity
        var format: TimeFormat?
        /// The name of the time of day, where ``name`` has the date alone.
        var timeOfDay: String?
        var rule: ClockRule { format == nil ? .number(column: name, unit: unit) : .text(column: name) }

        /// The moment that a row's members say, each asked for by its name.
        ///
        /// - Throws: ``Flaw`` where they say none.
        func seconds(number: (String) -> Double?, text: (String) -> String?) throws(Flaw) -> Double {
            if let number = number(name), number.isFinite {
                guard range.contains(number) else {
                    throw Flaw(found: "\(number)", expected: "the unit of the rows before: one unit in a file")
                }
                return unit.seconds(number)
            }
            func read(_ name: String, _ format: TimeFormat, _ expected: String) throws(Flaw) -> Double {
                let text = text(name)
                guard let seconds = text.flatMap({ format.seconds($0) }) else {
                    throw Flaw(found: text.map { "'\($0)'" } ?? "no time", expected: expected)
                }
                return seconds
            }
            let date = try read(name, format ?? TimeFormat(.yearFirst), "a number or a date and time")
            guard let timeOfDay else { return date }
            return try date + read(timeOfDay, TimeFormat(.timeOfDay), "the time of day, as in the rows before")
        }

        /// A row without a time.
        struct Flaw: Error {
            var found: String
            var expected: String
        }
    }

    func timeColumn(given: String?, options: ReaderOptions) throws -> Time? {
        if let given { return try timeColumn(given, must: true, options: options) }
        var found: [(rank: Int, name: String)] = []
        for name in names + textNames.filter({ columns[$0] == nil }) {
            if let rank = ColumnNames.times.firstIndex(of: KeyedRows.Key.plain(name)) { found.append((rank, name)) }
        }
        var failure: (any Error)?
        // What counts from some start says less than a moment since 1970 beside it.
        let ordered = found.sorted { (isFromStart($0.name) ? 1 : 0, $0.rank) < (isFromStart($1.name) ? 1 : 0, $1.rank) }
        let clock = ordered.first { columns[$0.name] == nil && guess($0.name).guess.shape == .timeOfDay }?.name
        for (rank, name) in ordered {
            let must = ColumnNames.mustBeTime(ColumnNames.times[rank])
            do {
                guard var time = try timeColumn(name, must: must, options: options) else { continue }
                // A date alone does not say when in the day.
                if time.format != nil, guess(name).sample?.contains(":") == false { time.timeOfDay = clock }
                return time
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        if let name = momentByContent {
            var time = try timeColumn(name, must: true, options: options)
            if time?.format != nil, guess(name).sample?.contains(":") == false { time?.timeOfDay = self.clock }
            return time
        }
        guard let name = elapsedText else { return nil }
        return Time(name: name, format: TimeFormat(.elapsed))
    }

    /// Whether the numbers of a name count from some start.
    private func isFromStart(_ name: String) -> Bool {
        guard let column = columns[name], let first = numbers.first(where: { $0.column == column && $0.value.isFinite })
        else { return false }
        return first.value < 1e8
    }

    private func timeColumn(_ name: String, must: Bool, options: ReaderOptions) throws -> Time? {
        var time = Time(name: name)
        let own =
            columns[name].map { column in numbers.filter { $0.column == column && $0.value.isFinite }.map(\.value) }
            ?? []
        if let first = own.first {
            guard must || own.allSatisfy({ $0 >= 1e8 && $0 < 1e20 }) else { return nil }
            time.unit =
                options.timeUnit ?? TimeUnit.detected(name: name, values: Array(own.prefix(200)))
            if first >= 1e8 && options.timeUnit == nil { time.range = time.unit.epochRange }
            let isStated = options.timeUnit != nil || TimeUnit.stated(in: name) == time.unit
            if let doubt = TimeColumn.doubt(Array(own.prefix(200)), unit: time.unit, isStated: isStated) {
                throw TelemetryError(.badTime, path: path, field: name, found: doubt.found, expected: doubt.expected)
            }
            return time
        }
        let (guess, sample) = guess(name)
        let order: TimeFormat.Shape? = options.dateOrder.map { $0 == .dayMonth ? .dayFirst : .monthFirst }
        let sameEitherWay: TimeFormat.Shape? = guess.isTheSameEitherWay ? .dayFirst : nil
        guard let shape = guess.isAmbiguous ? guess.shown ?? order ?? guess.shape ?? sameEitherWay : guess.shape,
            shape != .timeOfDay,
            2 * guess.best >= guess.texts
        else {
            guard must, guess.texts > 0 else { return nil }
            throw TelemetryError(
                .badTime, path: path, field: name, found: "'\(sample ?? "")'",
                expected: guess.isAmbiguous ? "--date-order day-month or month-day" : TimeFormat.accepted)
        }
        time.format = TimeFormat(shape)
        return time
    }

    /// What the texts of a name tell about times, and the first of them.
    func guess(_ name: String) -> (guess: TimeFormatGuess, sample: String?) {
        let own = ownTexts(name)
        return (TimeFormatGuess(own), own.first)
    }

    /// The times of the rows up to the first that has none.
    func times(_ time: Time?, options: ReaderOptions) -> (times: [Double], failure: TelemetryError?) {
        guard let time else { return ((0..<rowCount).map { Double($0) * (options.rowSeconds ?? 1) }, nil) }
        var result: [Double] = []
        for row in 0..<rowCount {
            do throws(Time.Flaw) {
                result.append(
                    try time.seconds { name in
                        columns[name].flatMap { column in numbers[numberRange(row)].first { $0.column == column }?.value
                        }
                    } text: { name in
                        texts[name].flatMap { column in words[wordRange(row)].first { $0.column == column }?.text }
                    })
            } catch {
                let failure = TelemetryError(
                    .badTime, path: path, line: starts[row].line, field: time.name, found: error.found,
                    expected: error.expected)
                return (result, failure)
            }
        }
        return (result, nil)
    }
}
