import Numerics
import Telemetry
import TestSupport
import Testing

/// The real files, read from end to end.
struct SharedDataTests {
    private func clean(_ sources: [EntitySource]) throws -> (CleaningPipeline, [CleanSeries]) {
        let rules = try GroupRules.builtIn()
        var statistics = TelemetryStatistics()
        for source in sources { try statistics.add(source, rules: rules) }
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        return (pipeline, try sources.flatMap { try pipeline.clean($0) })
    }

    private func check(_ series: CleanSeries) {
        #expect(series.values.elements.allSatisfy { $0.isFinite }, "\(series.key) \(series.group.name)")
        #expect(series.segments.first?.lowerBound == 0 && series.segments.last?.upperBound == series.rowCount)
    }

    @Test(
        "5G3E version 1: three sites, 22 entities, 7,500 rows each",
        .enabled(if: SharedDatasets.has("5g3e/version1"), "needs the shared data set 5g3e"))
    func fiveGVersion1() throws {
        let root = try #require(SharedDatasets.url("5g3e/version1"))
        let sources = try DataCatalog.discover([root.path])
        #expect(sources.count == 22)
        #expect(Set(sources.map(\.site)) == ["site1_2", "site3", "site4"])
        #expect(sources.filter { $0.type == "enb" }.count == 13 && sources.filter { $0.type == "ue" }.count == 9)
        for source in sources {
            let frame = try source.read()
            #expect(frame.rowCount == 7500 && frame.columnCount == (source.type == "enb" ? 41 : 63))
            if source.type == "enb" {
                #expect(frame.times[10] == 0.8)
            } else {
                #expect((481...584).contains(Int(frame.times[7499] - frame.times[0])))
                let neighbour = try #require(frame.schema.firstIndex(of: "pci_neigh"))
                #expect((0..<7500).allSatisfy { frame[$0, neighbour].isNaN })
            }
        }
        let (pipeline, series) = try clean(sources)
        #expect(
            pipeline.groups.map(\.group.name) == [
                "access.radio", "access.traffic@enb", "access.traffic@ue", "physical.cpu@enb", "physical.cpu@ue",
                "physical.memory", "physical.memory@ue", "physical.process",
            ])
        let radio = try #require(pipeline.group(named: "access.radio"))
        #expect(Set(radio.constantMetrics).isSuperset(of: ["pci_neigh", "rsrp_neigh", "cfo_neigh", "cc", "earfcn"]))
        #expect(radio.metrics.contains("speed_kmph"))
        for part in series {
            check(part)
            #expect(part.segments == [0..<7500])
        }
    }

    @Test(
        "5G3E version 2: core functions, cells and user equipment",
        .enabled(if: SharedDatasets.has("5g3e/version2"), "needs the shared data set 5g3e"))
    func fiveGVersion2() throws {
        let root = try #require(SharedDatasets.url("5g3e/version2"))
        let sources = try DataCatalog.discover([root.path])
        #expect(
            sources.map(\.entity).sorted() == [
                "amf", "gnb01", "gnb02", "gnb04", "gnb05", "pcf", "smf", "ue01", "ue02", "ue06", "ue07", "upf",
            ])
        for source in sources {
            let frame = try source.read()
            let expected = source.type == "gnb" ? 200 : source.type == "ue" ? 199 : 2000
            #expect(frame.rowCount == expected, "\(source.key)")
            #expect(zip(frame.times, frame.times.dropFirst()).allSatisfy { $0 < $1 })
        }
        let (pipeline, series) = try clean(sources)
        for part in series { check(part) }
        // The gap of 55 s splits one core function's rows; counters have become rates.
        let policy = series.filter { $0.entity == "pcf" }
        #expect(policy.allSatisfy { $0.segments.count == 2 })
        let process = try #require(pipeline.types["upf"]?.columns.first { $0.name == "process_cpu_seconds_total" })
        #expect(process.transform == .rate && process.role == .metric)
        #expect(pipeline.types["gnb"]?.columns.contains { $0.name == "ue_list.ta_ns.mean" } == true)
    }

    @Test(
        "SMD and ASD: parts, labels that agree with the interpretation files, groups",
        .enabled(
            if: SharedDatasets.has("smd") && SharedDatasets.has("asd"), "needs the shared data sets smd and asd"))
    func labelledSets() throws {
        for (name, entities, columns) in [("smd", 3, 38), ("asd", 4, 19)] {
            let root = try #require(SharedDatasets.url(name))
            let sources = try DataCatalog.discover([root.path])
            #expect(sources.count == 2 * entities)
            for source in sources {
                let frame = try source.read()
                #expect(frame.columnCount == columns && source.site == name)
                guard source.part == .test else {
                    #expect(frame.labels == nil && source.interpretationFile == nil)
                    continue
                }
                let segments = try AnomalySegment.read(contentsOf: try #require(source.interpretationFile))
                let labels = try LabelFile(source.files[0]).labels(
                    ofRows: frame.rowCount, times: frame.times, of: source.key
                ).labels
                #expect(labels.values == frame.labels)
                #expect(RowLabels(segments: segments, rowCount: frame.rowCount) == labels)
                for segment in segments {
                    #expect(segment.dimensions.map { frame.schema[$0] } == segment.metrics)
                }
            }
            let (pipeline, series) = try clean(sources.filter { $0.part == .train })
            for part in series { check(part) }
            #expect(
                pipeline.groups.map(\.group.name)
                    == (name == "asd"
                        ? ["other"] : ["physical.cpu", "physical.memory", "physical.network", "physical.storage"]))
        }
    }
}
