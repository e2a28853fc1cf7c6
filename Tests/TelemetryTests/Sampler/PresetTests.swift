import Telemetry
import Testing

@Suite struct PresetTests {
    private func columns(_ text: String, preset: String? = nil) throws -> [(
        entity: String, type: String, columns: [String]
    )] {
        let catalog = try PresetCatalog.builtIn()
        let choice: SourceIntake.PresetChoice =
            try preset.map { .fixed(try #require(catalog.preset(named: $0))) } ?? .recognise(catalog)
        var intake = SourceIntake(.init(source: "s", preset: choice, rules: try GroupRules.builtIn()))
        intake.take(Exposition(parsing: Array(text.utf8)), on: .init(entity: "h:9100"), at: 1)
        return intake.entities.map { ($0.name, $0.type, $0.columns) }
    }

    @Test func machinesAreRecognisedFoldedAndCleared() throws {
        let found = try columns(
            """
            # TYPE node_cpu_seconds_total counter
            node_cpu_seconds_total{cpu="0",mode="idle"} 1
            node_cpu_seconds_total{cpu="1",mode="idle"} 2
            # TYPE node_memory_MemTotal_bytes gauge
            node_memory_MemTotal_bytes 5
            node_memory_MemFree_bytes 4
            # TYPE node_network_receive_bytes_total counter
            node_network_receive_bytes_total{device="lo"} 1
            node_network_receive_bytes_total{device="veth12"} 1
            node_network_receive_bytes_total{device="eth0"} 1
            # TYPE node_filesystem_avail_bytes gauge
            node_filesystem_avail_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 1
            node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 1
            go_goroutines 5
            node_netstat_Tcp_RetransSegs 7
            """)
        #expect(found.count == 1)
        #expect(found[0].entity == "h:9100" && found[0].type == "node")
        #expect(
            found[0].columns == [
                #"node_cpu_seconds_total{mode="idle"}"#, "node_memory_MemFree_bytes",
                #"node_network_receive_bytes_total{device="eth0"}"#,
                #"node_filesystem_avail_bytes{mountpoint="/"}"#,
                "node_netstat_Tcp_RetransSegs:rate",
            ])
    }

    @Test func podsAreEntitiesOfTheirWorkload() throws {
        let labels =
            #"container="upf",id="/kubepods/x",image="i",name="k8s_upf",namespace="core",pod="upf-7d9c5b6f48-x2x8q""#
        let found = try columns(
            """
            # TYPE container_cpu_usage_seconds_total counter
            container_cpu_usage_seconds_total{\(labels)} 1 1700000000000
            container_cpu_usage_seconds_total{container="",id="/kubepods",image="",name="",namespace="",pod=""} 9 1700000000000
            # TYPE container_memory_working_set_bytes gauge
            container_memory_working_set_bytes{\(labels)} 2 1700000000000
            container_network_receive_bytes_total{interface="eth0",namespace="core",pod="upf-7d9c5b6f48-x2x8q"} 3 1700000000000
            container_cpu_usage_seconds_total{container="db",id="/kubepods/y",namespace="core",pod="db-0"} 1 1700000000000
            """)
        #expect(found.map(\.entity) == ["core.upf-7d9c5b6f48-x2x8q", "core.db-0"])
        #expect(found.map(\.type) == ["upf", "db"])
        #expect(
            found[0].columns == [
                "container_cpu_usage_seconds_total", "container_memory_working_set_bytes",
                #"container_network_receive_bytes_total{interface="eth0"}"#,
            ])
    }

    @Test func workloads() {
        for (pod, workload) in [
            ("upf-7d9c5b6f48-x2x8q", "upf"), ("amf-core-6c54f7b8d9-zk4qv", "amf-core"), ("db-0", "db"),
            ("kube-proxy", "kube-proxy"), ("node-exporter-x7k2p", "node-exporter"), ("single", "single"),
            ("my-app", "my-app"), ("-", "-"), ("", ""),
        ] { #expect(Workload.name(ofPod: pod) == workload) }
    }

    @Test func withoutAPresetEverythingNumericIsTaken() throws {
        let found = try columns("queue_depth{name=\"a\"} 1\nbuild_info{version=\"1\"} 1\nhits_total 3\n")
        #expect(found[0].columns == [#"queue_depth{name="a"}"#, "hits_total"])
    }

    @Test func everyPresetThatShipsIsSound() throws {
        let catalog = try PresetCatalog.builtIn()
        #expect(catalog.presets.map(\.name) == ["node_exporter", "cadvisor", "open5gs", "srsran"])
        #expect(catalog.recognise(["fivegs_amffunction_rm_reginitreq", "process_open_fds"]).name == "open5gs")
        #expect(catalog.recognise(["srsran_ue_dl_brate", "x"]).name == "srsran")
        #expect(catalog.recognise(["anything"]).name == "none")
    }
}
