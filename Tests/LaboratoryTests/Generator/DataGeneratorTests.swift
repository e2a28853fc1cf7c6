import Foundation
import Laboratory
import Numerics
import Telemetry
import TestSupport
import Testing

extension TemporaryFolder {
    /// Its path.
    var path: String { url.path }
    /// The text of a file in it.
    func text(_ name: String) throws -> String { try String(contentsOf: url.appending(path: name), encoding: .utf8) }
    /// The bytes of a file in it.
    func bytes(_ name: String) throws -> Data { try Data(contentsOf: url.appending(path: name)) }
}

private func scenario(
    seed: UInt64 = 7, faults: FaultSelection = .count(0), severity: ClosedRange<Double> = 3...3, sites: Int = 2,
    hours: Double = 40, missing: Double = 0
) -> SyntheticScenario {
    SyntheticScenario(
        seed: seed, sites: sites, entitiesPerSite: 5, hours: hours, stepSeconds: 60, faults: faults,
        severity: severity, missingShare: missing)
}

/// Levels of a column: values, or a counter's increments, as the generator's severities see them.
private func levels(_ entity: SyntheticEntity, _ column: Int, rows: Range<Int>, isCounter: Bool) -> [Double] {
    let columns = entity.metrics.count
    return rows.dropFirst(isCounter && rows.lowerBound == 0 ? 1 : 0).map { row in
        let value = entity.values[row * columns + column]
        return isCounter ? value - entity.values[(row - 1) * columns + column] : value
    }
}

private func correlation(_ a: [Double], _ b: [Double]) -> Double {
    let count = Double(a.count)
    let (meanA, meanB) = (a.reduce(0, +) / count, b.reduce(0, +) / count)
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
        ab += (x - meanA) * (y - meanB)
        aa += (x - meanA) * (x - meanA)
        bb += (y - meanB) * (y - meanB)
    }
    return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : 0
}

private func isCounter(_ name: String) -> Bool { name.hasSuffix("_total") }

struct DataGeneratorTests {
    @Test func theSameSeedGivesTheSameBytes() throws {
        let (a, b, c) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
        let wanted = scenario(faults: .count(4), sites: 1, hours: 20, missing: 0.001)
        let manifest = try DataGenerator(wanted).write(to: a.path)
        try DataGenerator(wanted).write(to: b.path)
        var other = wanted
        other.seed += 1
        try DataGenerator(other).write(to: c.path)
        #expect(manifest.files.count == 15)
        for file in manifest.files {
            #expect(try a.bytes(file.path) == b.bytes(file.path))
            if !file.path.contains("interpretation") { #expect(try a.bytes(file.path) != c.bytes(file.path)) }
        }
        #expect(try a.bytes("manifest.json") == b.bytes("manifest.json"))
        #expect(manifest.differences(in: a.url).isEmpty)
        #expect(DatasetManifest.read(folder: a.url) == manifest)
    }

    @Test func anEntityDoesNotDependOnTheOthers() throws {
        var many = scenario(faults: .count(3))
        let alone = try DataGenerator(many).entity(site: 0, index: 2)
        many.sites = 5
        many.entitiesPerSite = 8
        let among = try DataGenerator(many).entity(site: 0, index: 2)
        #expect(alone.values == among.values)
        #expect(alone.faults == among.faults)
        #expect(among.entity == "upf0")
        #expect(try DataGenerator(many).entity(site: 0, index: 7).entity == "upf1")
    }

    @Test func severitiesAreWhatTheyAreSaidToBe() throws {
        for seed in UInt64(0)..<3 {
            let wanted = scenario(seed: seed, faults: .all, severity: 3...3, sites: 1, hours: 60)
            var calm = wanted
            calm.faults = .count(0)
            for index in 0..<5 {
                let faulty = try DataGenerator(wanted).entity(site: 0, index: index)
                let normal = try DataGenerator(calm).entity(site: 0, index: index)
                let columns = faulty.metrics.count
                #expect(faulty.spreads == normal.spreads)
                for fault in faulty.faults {
                    #expect(!fault.metrics.isEmpty && fault.severity == 3)
                    for metric in fault.metrics {
                        let counts = isCounter(metric.name)
                        let after = levels(faulty, metric.column, rows: fault.rows, isCounter: counts)
                        let before = levels(normal, metric.column, rows: fault.rows, isCounter: counts)
                        let spread = faulty.spreads[metric.column]
                        let shifts = zip(after, before).map { ($0 - $1) / spread }
                        let reached = shifts.max { abs($0) < abs($1) } ?? 0
                        let place = "seed \(seed) \(faulty.entity) \(fault.fault) \(metric.name)"
                        switch fault.shape {
                        case .step, .ramp, .oscillation:
                            // Bounds may take some of it; what was reached is on record.
                            #expect(abs(reached - metric.reached) < 1e-6, "\(place)")
                            #expect(abs(metric.reached) <= abs(metric.intended) + 1e-9, "\(place)")
                            #expect(abs(metric.reached) >= min(1, abs(metric.intended) / 2) - 1e-9, "\(place)")
                            #expect(metric.reached * metric.intended > 0, "\(place)")
                        case .spikes:
                            #expect(abs(reached) <= abs(metric.intended) + 1e-6, "\(place)")
                        case .variance:
                            let squares = shifts.reduce(0) { $0 + $1 * $1 } / Double(shifts.count)
                            if !counts { #expect(squares.squareRoot() > 0.6 * abs(metric.intended), "\(place)") }
                        case .freeze:
                            let held = (fault.rows.lowerBound..<(fault.rows.upperBound - 1)).map {
                                faulty.values[$0 * columns + metric.column]
                            }
                            #expect(Set(held).count == 1, "\(place)")
                        case .decorrelation:
                            #expect(reached != 0, "\(place)")
                        }
                    }
                    // Own metrics of a step reach their full size where nothing bounds them.
                    if fault.shape == .step {
                        #expect(fault.metrics.contains { abs($0.reached) > 2.6 }, "\(faulty.entity) \(fault.fault)")
                    }
                }
            }
        }
    }

    @Test func onlyTouchedMetricsMoveAndOnlyWithinTheLabels() throws {
        let wanted = scenario(faults: .all, severity: 5...5, sites: 1, hours: 60)
        var calm = wanted
        calm.faults = .count(0)
        for index in 0..<5 {
            let faulty = try DataGenerator(wanted).entity(site: 0, index: index)
            let normal = try DataGenerator(calm).entity(site: 0, index: index)
            let columns = faulty.metrics.count
            let training = faulty.trainingRows * columns
            #expect(faulty.values[..<training] == normal.values[..<training])
            for column in 0..<columns {
                let counts = isCounter(faulty.metrics[column])
                let rows = faulty.trainingRows..<faulty.times.count
                let after = levels(faulty, column, rows: rows, isCounter: counts)
                let before = levels(normal, column, rows: rows, isCounter: counts)
                for (offset, pair) in zip(after, before).enumerated() {
                    let row = rows.lowerBound + offset
                    let isTouched = faulty.faults.contains { fault in
                        fault.rows.contains(row) && fault.metrics.contains { $0.column == column }
                    }
                    if !isTouched {
                        #expect(
                            abs(pair.0 - pair.1) <= 1e-6 * max(faulty.spreads[column], 1e-12),
                            "\(faulty.metrics[column]) row \(row)")
                    }
                }
            }
        }
    }

    @Test func faultsAreSeparatedAndLieInTheTestPart() throws {
        for seed in UInt64(0)..<20 {
            let entity = try DataGenerator(scenario(seed: seed, faults: .count(9), sites: 1)).entity(
                site: 0, index: Int(seed % 5))
            #expect(entity.faults.count == 9)
            var last = entity.trainingRows
            for fault in entity.faults {
                #expect(fault.rows.lowerBound >= last + 5 && fault.rows.upperBound <= entity.times.count)
                last = fault.rows.upperBound
                #expect(fault.metrics.allSatisfy { fault.rows.contains($0.firstRow) })
                #expect(fault.metrics.first?.firstRow == fault.rows.lowerBound || fault.metrics.count == 1)
            }
        }
    }

    @Test func someFaultsMoveFromGroupToGroup() throws {
        let entity = try DataGenerator(scenario(faults: .named(["cpu-saturation"]), sites: 1)).entity(site: 0, index: 0)
        let fault = try #require(entity.faults.first)
        #expect(fault.groups.first == "physical.cpu" && fault.groups.contains("access.traffic"))
        let traffic = try #require(fault.metrics.first { $0.group == "access.traffic" })
        #expect(traffic.firstRow > fault.rows.lowerBound)
    }

    @Test func metricsAreCorrelatedWithinAndAcrossLayers() throws {
        let entity = try DataGenerator(scenario(sites: 1, hours: 96)).entity(site: 0, index: 0)
        func level(_ name: String) throws -> [Double] {
            let column = try #require(entity.metrics.firstIndex(of: name))
            return levels(entity, column, rows: 1..<entity.times.count, isCounter: isCounter(name))
        }
        #expect(correlation(try level("cpu_0"), try level("cpu_1")) > 0.4)
        #expect(correlation(try level("dl_brate"), try level("ul_brate")) > 0.5)
        // Across layers: demand drives the cell's traffic and the host's processors and links.
        #expect(correlation(try level("dl_brate"), try level("cpu_0")) > 0.3)
        #expect(correlation(try level("dl_brate"), try level("node_network_transmit_bytes_total")) > 0.5)
        #expect(abs(correlation(try level("node_network_receive_drop_total"), try level("sys_mem"))) < 0.3)
        // Across entities of a site, and not across sites.
        let neighbour = try DataGenerator(scenario(sites: 1, hours: 96)).entity(site: 0, index: 2)
        let column = try #require(neighbour.metrics.firstIndex(of: "fivegs_ep_n3_gtp_indatapktn3upf_total"))
        let packets = levels(neighbour, column, rows: 1..<neighbour.times.count, isCounter: true)
        #expect(correlation(try level("dl_brate"), packets) > 0.4)
    }

    @Test func sitesDiffer() throws {
        let generator = try DataGenerator(scenario(sites: 3, hours: 48))
        let entities = try (0..<3).map { try generator.entity(site: $0, index: 0) }
        let column = try #require(entities[0].metrics.firstIndex(of: "dl_brate"))
        let means = entities.map { entity in
            let level = levels(entity, column, rows: 0..<entity.times.count, isCounter: false)
            return level.reduce(0, +) / Double(level.count)
        }
        #expect((means.max() ?? 0) / (means.min() ?? 1) > 1.15)
        // The daily patterns peak at different hours.
        let days = entities.map { levels($0, column, rows: 0..<2_880, isCounter: false) }
        #expect(correlation(days[0], days[2]) < 0.5)
    }

    @Test func everyFaultOfTheCatalogueFitsSomeEntity() throws {
        #expect(FaultKind.catalog.count >= 10)
        #expect(Set(FaultKind.catalog.map(\.name)).count == FaultKind.catalog.count)
        var fitting: Set<String> = []
        for index in 0..<5 {
            let entity = try DataGenerator(scenario(faults: .all, sites: 1, hours: 60)).entity(site: 0, index: index)
            fitting.formUnion(entity.faults.map(\.fault))
            #expect(Set(entity.faults.map(\.fault)).isDisjoint(with: entity.leftOut))
        }
        #expect(fitting == Set(FaultKind.catalog.map(\.name)))
        #expect(Set(FaultKind.catalog.map(\.shape)) == Set(FaultKind.Shape.allCases))
    }

    @Test func missingValuesConstantsAndCounters() throws {
        let wanted = scenario(sites: 1, missing: 0.01)
        let entity = try DataGenerator(wanted).entity(site: 0, index: 0)
        let columns = entity.metrics.count
        let missing = entity.values.count { $0.isNaN }
        let share = Double(missing) / Double(entity.values.count)
        #expect(share > 0.01 && share < 0.04)
        for (column, name) in entity.metrics.enumerated() {
            let finite = stride(from: column, to: entity.values.count, by: columns).map { entity.values[$0] }
                .filter(\.isFinite)
            if isCounter(name) { #expect(zip(finite, finite.dropFirst()).allSatisfy { $0 <= $1 }, "\(name)") }
            if entity.spreads[column] == 0 { #expect(Set(finite).count == 1, "\(name)") }
        }
        #expect(entity.spreads.contains(0))
    }

    @Test func readersFindWhatWasWritten() throws {
        let folder = try TemporaryFolder()
        let wanted = scenario(faults: .count(4), sites: 2, hours: 20, missing: 0.001)
        let manifest = try DataGenerator(wanted).write(to: folder.path)
        let sources = try DataCatalog.discover([folder.path])
        #expect(sources.count == 20)
        #expect(Set(sources.map(\.site)) == ["site1", "site2"])
        #expect(Set(sources.map(\.type)) == Set(SyntheticEntityType.allCases.map(\.rawValue)))
        for source in sources where source.part == .test {
            #expect(source.interpretationFile?.hasSuffix("\(source.entity)_interpretation.csv") == true)
            let frame = try source.read()
            let entity = try #require(manifest.entities.first { $0.site == source.site && $0.entity == source.entity })
            #expect(frame.rowCount == entity.testRows)
            let labels = try #require(frame.labels)
            var expected = [UInt8](repeating: 0, count: entity.testRows)
            for fault in entity.faults {
                for row in fault.rows { expected[row] = 1 }
            }
            #expect(labels == expected)
            // Label files say the same.
            let lines = try folder.text("\(source.site)/\(source.entity)_interpretation.csv").split(separator: "\n")
            #expect(lines.count == entity.faults.count + 1)
            for (line, fault) in zip(lines.dropFirst(), entity.faults) {
                let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                #expect(Int(fields[0]) == fault.rows.lowerBound && Int(fields[1]) == fault.rows.upperBound)
                let columns = fields[2].split(separator: ";").compactMap { Int($0) }
                #expect(columns == fault.metrics.map(\.column).sorted())
                #expect(fields[3].split(separator: ";").map(String.init) == columns.map { frame.schema[$0] })
                #expect(fields[4] == fault.fault)
            }
        }
        for source in sources where source.part == .train { #expect(try source.read().labels == nil) }
    }

    @Test func fullFoldersAreRefusedAndReplacedOnlyWhenAsked() throws {
        let folder = try TemporaryFolder()
        try "mine".write(to: folder.url.appending(path: "notes.txt"), atomically: true, encoding: .utf8)
        let wanted = scenario(sites: 2, hours: 4)
        #expect { try DataGenerator(wanted).write(to: folder.path) } throws: {
            ($0 as? GeneratorError)?.code == .outputNotEmpty
        }
        try DataGenerator(wanted).write(to: folder.path, replacing: true)
        var fewer = wanted
        fewer.sites = 1
        let manifest = try DataGenerator(fewer).write(to: folder.path, replacing: true)
        #expect(try DataCatalog.discover([folder.path]).count == 10)
        #expect(manifest.differences(in: folder.url).isEmpty)
        #expect(try folder.text("notes.txt") == "mine")
    }

    @Test func parametersOutOfRangeAreNamed() throws {
        var wanted = scenario()
        func expectError(_ code: GeneratorError.Code, _ change: (inout SyntheticScenario) -> Void) {
            var changed = wanted
            change(&changed)
            #expect { try DataGenerator(changed).entity(site: 0, index: 0) } throws: { error in
                (error as? GeneratorError)?.code == code && "\(error)".contains("expected")
            }
        }
        expectError(.badParameter) { $0.sites = 0 }
        expectError(.badParameter) { $0.entitiesPerSite = 100_000 }
        expectError(.badParameter) { $0.hours = .nan }
        expectError(.badParameter) { $0.hours = 1e12 }
        expectError(.badParameter) { $0.stepSeconds = 0 }
        expectError(.badParameter) { $0.severity = 0...3 }
        expectError(.badParameter) { $0.missingShare = 2 }
        expectError(.unknownFault) { $0.faults = .named(["cpu-saturatoin"]) }
        expectError(.unsuitableData) { $0.faults = .count(900) }
        wanted.faults = .count(-1)
        expectError(.badParameter) { _ in }
    }

    @Test func theShippedSetCanBeMadeAgain() throws {
        let shipped = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Datasets")
            .standardizedFileURL
        let manifest = try #require(DatasetManifest.read(folder: shipped.appending(path: "demo")))
        #expect(manifest.differences(in: shipped.appending(path: "demo")).isEmpty)
        // The command in Datasets/README.md.
        let readme = try String(contentsOf: shipped.appending(path: "README.md"), encoding: .utf8)
        #expect(
            readme.contains(
                "fl-train generate --out Datasets/demo --seed 2026 --sites 3 --entities 3 --hours 60 --step 120"
                    + " --faults 4 --severity 4-7"))
        let folder = try TemporaryFolder()
        let again = try DataGenerator(
            SyntheticScenario(
                seed: 2026, sites: 3, entitiesPerSite: 3, hours: 60, stepSeconds: 120, faults: .count(4),
                severity: 4...7)
        ).write(to: folder.path)
        #expect(again == manifest)
        #expect(
            try folder.bytes("manifest.json") == Data(contentsOf: shipped.appending(path: "demo/manifest.json")))
    }
}
