import Telemetry
import Testing

struct GroupRulesTests {
    @Test(
        "Metrics of the formats that ship",
        arguments: [
            ("cpu_0", "physical.cpu"), ("cpu_31", "physical.cpu"), ("cpu_r", "physical.cpu"),
            ("sys_mem", "physical.memory"),
            ("system_load", "physical.cpu"), ("sys_load", "physical.cpu"), ("proc_rmem_kB", "physical.memory"),
            ("thread_count", "physical.process"), ("nof_ue", "access.traffic"), ("dl_brate", "access.traffic"),
            ("rsrp", "access.radio"), ("speed_kmph", "access.radio"), ("ue_list.cqi.mean", "access.radio"),
            ("ue_list.dl_brate.mean", "access.traffic"), ("cell_metrics.average_latency", "access.cell"),
            ("fivegs_amffunction_rm_registeredsubnbr{plmnid=\"00101\",snssai=\"1\"}", "network-function.session"),
            ("fivegs_amffunction_rm_reginitreq_total", "network-function.signalling"),
            ("fivegs_ep_n3_gtp_indatapktn3upf_total", "network-function.traffic"),
            ("process_open_fds", "network-function.process"), ("load_1", "physical.cpu"),
            ("eth1_fi", "physical.network"),
            ("disk_svc", "physical.storage"), ("tcp_timeouts", "physical.network"), ("m01", "other"), ("m19", "other"),
            ("node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}", "physical.cpu"), ("node_load15", "physical.cpu"),
            ("node_memory_MemFree_bytes", "physical.memory"), ("node_disk_io_now", "physical.storage"),
            ("node_network_receive_bytes_total", "physical.network"),
            ("container_cpu_usage_seconds_total", "virtual.cpu"),
            ("container_memory_working_set_bytes", "virtual.memory"), ("container_fs_reads_total", "virtual.storage"),
            ("container_network_receive_bytes_total", "virtual.network"), ("cpu_", "physical.cpu"), ("", "other"),
            // Of vmstat it is memory, of a web server connections, of a database sessions: alone it says nothing.
            ("active", "other"),
        ])
    func builtIn(_ metric: String, _ group: String) throws {
        #expect(try GroupRules.builtIn().group(for: metric).name == group)
    }

    @Test("Counters by name")
    func counters() throws {
        let rules = try GroupRules.builtIn()
        #expect(
            rules.isCounter("x_total") && rules.isCounter("fivegs_a_total{b=\"c\"}")
                && rules.isCounter("lat_bucket{le=\"1\"}"))
        #expect(!rules.isCounter("total_mem") && !rules.isCounter("totals") && !rules.isCounter("cpu_0"))
    }

    @Test("What an exporter says of its own scrapes is in no model")
    func leftOut() throws {
        let rules = try GroupRules.builtIn()
        #expect(rules.leavesOut(#"node_scrape_collector_duration_seconds{collector="cpu"}"#))
        #expect(rules.leavesOut("scrape_duration_seconds") && rules.leavesOut("node_time_seconds"))
        #expect(!rules.leavesOut("node_timex_offset_seconds") && !rules.leavesOut("go_goroutines"))
        for name in [
            "pg_exporter_last_scrape_duration_seconds", "pg_scrape_collector_success{collector=\"wal\"}",
            "redis_exporter_scrapes_total", "telemetry_scrape_size_bytes:mean{registry=\"default\"}",
        ] { #expect(rules.leavesOut(name)) }
        // Of an exporter written in Go it is its own collector of garbage, of another program the entity's.
        let collector = "go_gc_duration_seconds{quantile=\"1\"}"
        #expect(rules.leftOut(of: ["pg_stat_x", collector, "go_goroutines"]).isEmpty)
        #expect(
            rules.leftOut(of: ["pg_stat_x", collector, "go_goroutines", "pg_exporter_scrapes_total"])
                == [collector, "pg_exporter_scrapes_total"])
        let names = ["node_load1", #"node_scrape_collector_duration_seconds{collector="cpu"}"#]
        let frame = MetricFrame(
            schema: names, firstRow: 0, times: [0, 1, 2], values: [1, 0.1, 2, 0.3, 3, 0.2])
        var statistics = TelemetryStatistics()
        statistics.add(frame, site: "s", entity: "e", type: "t", rules: rules)
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        #expect(pipeline.groups.map(\.group.name) == ["physical.cpu"])
        // What was left out on purpose is nothing that a model does not know.
        let cleaner = try RowCleaner(
            pipeline: pipeline, site: "s", entity: "e", type: "t", columns: names + ["node_load5"])
        #expect(cleaner.schema.unknownColumns == ["node_load5"])
        #expect(rules.rowsPerGroup(of: [("t", names, 3)]).keys.map(\.name) == ["physical.cpu"])
        let mine = GroupRules(rules: [], leaveOut: ["noise_*"])
        #expect(rules.extended(by: mine).leavesOut("noise_1") && rules.extended(by: mine).leavesOut("promhttp_x"))
    }

    @Test("A user's rules come first and may extend what ships")
    func extending() throws {
        let scratch = try Scratch()
        let path = try scratch.write(
            "mine.json", #"{"rules": [{"group": "virtual.app", "metrics": ["m0#", "CPU_7"]}], "counters": ["hits"]}"#)
        let rules = try GroupRules.load(extending: path)
        #expect(rules.group(for: "m01").name == "virtual.app")
        #expect(rules.group(for: "cpu_7").name == "virtual.app")
        #expect(rules.group(for: "cpu_8").name == "physical.cpu")
        #expect(rules.isCounter("hits") && rules.isCounter("x_total"))
    }

    @Test(
        "Rules that are none are refused in one line",
        arguments: [
            "", "[]", "{}", #"{"rules": [{"group": "physical.cpu"}]}"#,
            #"{"rules": [{"group": "cpu", "metrics": []}]}"#,
            #"{"rules": [{"group": "a.b.c", "metrics": []}]}"#, #"{"rules": [{"group": "a@b.c", "metrics": []}]}"#,
        ])
    func badRules(_ text: String) throws {
        let scratch = try Scratch()
        let path = try scratch.write("bad.json", text)
        let error = #expect(throws: TelemetryError.self) { try GroupRules.load(extending: path) }
        #expect(error?.code == .malformed && error?.path == path)
        #expect(throws: TelemetryError.self) { try GroupRules.load(extending: scratch.path + "/none.json") }
    }

    @Test(
        "Names of groups and back",
        arguments: ["physical.cpu", "access.radio@ue", "other", "other@enb", "network-function.session@amf"])
    func names(_ name: String) { #expect(MetricGroup(name: name).name == name) }

    @Test("Patterns match whole names")
    func patterns() {
        func group(_ pattern: String, _ name: String) -> Bool {
            GroupRules(rules: [.init(group: "a.b", metrics: [pattern])]).group(for: name) != .other
        }
        #expect(group("a*b", "ab") && group("a*b", "axxb") && !group("a*b", "abx") && group("*", "x"))
        #expect(
            group("*ab", "ab") && group("a*ab", "aab") && !group("a*ab", "ab") && !group("*ab", "b") && group("a*", "a")
        )
        #expect(group("c#", "c12") && !group("c#", "c") && !group("c#", "c1x") && group("c#x", "c1x"))
        #expect(group("ABC", "abc") && group("abc", "ABC"))
    }
}
