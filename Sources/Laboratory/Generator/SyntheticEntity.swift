import Numerics

/// One synthetic entity: its samples with faults, and what was put into them.
public struct SyntheticEntity: Sendable {
    /// The site's name.
    public let site: String
    /// The entity's name: type and number.
    public let entity: String
    /// The kind of entity.
    public let type: SyntheticEntityType
    /// Names of the columns.
    public let metrics: [String]
    /// Resource groups of the columns.
    public let groups: [String]
    /// Seconds since 1970 of each row.
    public let times: [Double]
    /// Samples `[rows × columns]`; NaN is missing.
    public let values: [Double]
    /// Rows of the training part; the test part follows.
    public let trainingRows: Int
    /// Each metric's spread: the standard deviation over the training part of its level, or of a counter's increments
    /// from row to row. Severities are in this unit.
    public let spreads: [Double]
    /// The faults, their rows counted over both parts.
    public let faults: [InjectedFault]
    /// Faults that were asked for and fit no metric of this entity.
    public let leftOut: [String]
    /// Decimals of each column in files.
    let decimals: [Int]

    /// Generates one entity.
    ///
    /// - Throws: ``GeneratorError`` when the test part is too short for the faults.
    init(index: Int, siteIndex: Int, site: SyntheticSite, scenario: SyntheticScenario) throws {
        let type = scenario.types[index % scenario.types.count]
        let templates = type.metrics
        let rows = scenario.rows
        let columns = templates.count
        self.type = type
        self.site = site.name
        // Numbers count the entities of a type.
        entity = type.rawValue + String(index / scenario.types.count)
        metrics = templates.map(\.name)
        groups = templates.map(\.group)
        decimals = templates.map(\.decimals)
        times = (0..<rows).map { SyntheticScenario.startTime + Double($0) * scenario.stepSeconds }
        trainingRows = scenario.trainingRows

        let seed = scenario.seed
        let drivers = Self.drivers(index: index, siteIndex: siteIndex, site: site, scenario: scenario)
        var values = [Double](repeating: 0, count: rows * columns)
        var traits = CounterBasedGenerator(seed: seed, purpose: "entity traits", siteIndex, index)
        for (column, template) in templates.enumerated() {
            let centreFactor = 1 + 0.05 * min(max(traits.normal(), -2.5), 2.5)
            let scaleFactor = 0.85 + 0.3 * traits.uniform()
            let first = (traits.uniform() * 1e4).rounded()
            let own = MeanRevertingProcess(
                persistence: template.persistence,
                random: CounterBasedGenerator(seed: seed, purpose: "metric noise", siteIndex, index, column))
            Self.fill(
                column, of: columns, template: template, drivers: drivers, noise: own,
                centre: template.kind == .constant ? template.centre : template.centre * centreFactor,
                scale: template.scale * scaleFactor, factor: template.grows ? site.size : 1,
                roughness: site.roughness, first: first, scenario: scenario, values: &values)
        }

        let targets = Self.targets(templates, values: values, trainingRows: scenario.trainingRows)
        spreads = targets.map(\.spread)
        var application = FaultApplication(targets: targets, normalRows: scenario.trainingRows)
        var random = CounterBasedGenerator(seed: seed, purpose: "faults", siteIndex, index)
        let plan = try FaultPlan(
            scenario.faults, severity: scenario.severity, rows: scenario.trainingRows..<rows,
            application: application, entity: "\(site.name)/\(entity)", random: &random)
        leftOut = plan.leftOut
        faults = plan.faults.map { fault in
            application.apply(fault.kind, severity: fault.severity, rows: fault.rows, to: &values, random: &random)
        }
        Self.removeValues(from: &values, templates: templates, scenario: scenario, siteIndex: siteIndex, index: index)
        self.values = values
    }

    /// What moves the metrics, `[driver][row]`.
    private static func drivers(
        index: Int, siteIndex: Int, site: SyntheticSite, scenario: SyntheticScenario
    ) -> [[Double]] {
        func process(_ purpose: String, _ seconds: Double) -> MeanRevertingProcess {
            MeanRevertingProcess(
                timeSeconds: seconds, stepSeconds: scenario.stepSeconds,
                random: CounterBasedGenerator(seed: scenario.seed, purpose: purpose, siteIndex, index))
        }
        var own = process("entity demand", 900)
        var compute = process("entity compute", 600)
        var memory = process("entity memory", 7_200)
        var storage = process("entity storage", 300)
        var radio = process("entity radio", 1_200)
        var result = [[Double]](repeating: [], count: MetricTemplate.Driver.allCases.count)
        for driver in result.indices { result[driver].reserveCapacity(scenario.rows) }
        for row in 0..<scenario.rows {
            let time = Double(row) * scenario.stepSeconds
            result[MetricTemplate.Driver.demand.rawValue].append(0.92 * site.demand[row] + 0.35 * own.next())
            result[MetricTemplate.Driver.compute.rawValue].append(compute.next())
            result[MetricTemplate.Driver.memory.rawValue].append(memory.next())
            // A job of some ten minutes every two hours.
            let sinceJob = (time - site.jobStart).truncatingRemainder(dividingBy: 7_200)
            let distance = min(abs(sinceJob), 7_200 - abs(sinceJob)) / 300
            let job = 1.4 * exponential(-0.5 * distance * distance)
            result[MetricTemplate.Driver.storage.rawValue].append(0.8 * storage.next() + job)
            result[MetricTemplate.Driver.radio.rawValue].append(radio.next())
        }
        return result
    }

    /// Generates one column.
    private static func fill(
        _ column: Int, of columns: Int, template: MetricTemplate, drivers: [[Double]], noise: MeanRevertingProcess,
        centre: Double, scale: Double, factor: Double, roughness: Double, first: Double,
        scenario: SyntheticScenario, values: inout [Double]
    ) {
        guard template.kind != .constant else {
            for row in 0..<scenario.rows { values[row * columns + column] = centre }
            return
        }
        var noise = noise
        var total = first
        let driftPerRow = template.drift * scenario.stepSeconds / 86_400
        for row in 0..<scenario.rows {
            var level = template.noise * roughness * noise.next() + driftPerRow * Double(row)
            for (driver, weight) in template.weights { level += weight * drivers[driver.rawValue][row] }
            let value = min(
                max(factor * (centre + scale * level), template.bounds.lowerBound), template.bounds.upperBound)
            if template.kind == .counter {
                total += value * scenario.stepSeconds
                values[row * columns + column] = total
            } else {
                values[row * columns + column] = value
            }
        }
    }

    private static func targets(
        _ templates: [MetricTemplate], values: [Double], trainingRows: Int
    ) -> [FaultTarget] {
        templates.enumerated().map { column, template in
            let moments = ColumnMoments(
                values: values, columns: templates.count, column: column, rows: 0..<trainingRows,
                isCounter: template.kind == .counter)
            return FaultTarget(
                name: template.name, group: template.group, isCounter: template.kind == .counter,
                spread: template.kind == .constant ? 0 : moments.spread, mean: moments.mean, bounds: template.bounds)
        }
    }

    private static func removeValues(
        from values: inout [Double], templates: [MetricTemplate], scenario: SyntheticScenario, siteIndex: Int,
        index: Int
    ) {
        guard scenario.missingShare > 0 else { return }
        for (column, template) in templates.enumerated() where template.kind != .constant {
            var random = CounterBasedGenerator(seed: scenario.seed, purpose: "missing", siteIndex, index, column)
            var row = 1
            while true {
                // The distance to the next gap is geometric; drawing it costs one number a gap, not one a row.
                let distance = -exponentialDraw(&random) / scenario.missingShare
                guard distance < Double(scenario.rows) else { break }
                row += Int(distance)
                let length = 1 + Int(random.uniform() * 4)
                guard row < scenario.rows else { break }
                for gap in row..<min(row + length, scenario.rows) { values[gap * templates.count + column] = .nan }
                row += length
            }
        }
    }

    /// Minus an exponentially distributed number with mean 1.
    private static func exponentialDraw(_ random: inout CounterBasedGenerator) -> Double {
        logarithmOfPositive(1 - random.uniform())
    }
}

/// Mean and standard deviation of one column's level, or of a counter's increments.
struct ColumnMoments {
    let mean: Double
    let spread: Double
    let count: Int

    /// Two passes over the finite values; a counter's increments below zero (resets) are left out.
    init(values: [Double], columns: Int, column: Int, rows: Range<Int>, isCounter: Bool) {
        func each(_ visit: (Double) -> Void) {
            var last = Double.nan
            for row in rows {
                let value = values[row * columns + column]
                guard value.isFinite else {
                    last = .nan
                    continue
                }
                if !isCounter { visit(value) } else if last.isFinite, value >= last { visit(value - last) }
                last = value
            }
        }
        var sum = 0.0
        var count = 0
        each { value in
            sum += value
            count += 1
        }
        let mean = count > 0 ? sum / Double(count) : 0
        var squares = 0.0
        each { squares += ($0 - mean) * ($0 - mean) }
        self.mean = mean
        self.count = count
        let spread = count > 1 ? (squares / Double(count)).squareRoot() : 0
        // What rounding leaves of a constant is no spread.
        self.spread = spread > abs(mean) * 1e-9 ? spread : 0
    }
}
