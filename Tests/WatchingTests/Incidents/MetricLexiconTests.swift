import Testing
import Watching

@Suite struct MetricLexiconTests {
    /// Names of several exporters; the same thing has the same kind.
    @Test(arguments: [
        ("PodClientLatencyP90(s)", "latency.outbound"), ("istio_request_duration_milliseconds", "latency.inbound"),
        ("PodServerLatencyP99(s)", "latency.inbound"), ("container_cpu_usage_seconds_total", "cpu"),
        ("CpuUsage(m)", "cpu"), ("cpu_12", "cpu"), ("node_cpu_seconds_total", "cpu"),
        ("MemoryUsageRate(%)", "memory"), ("container_memory_working_set_bytes", "memory"), ("sys_mem", "memory"),
        ("node_memory_MemAvailable_bytes", "memory"), ("NetworkReceiveBytes", "network.inbound"),
        ("container_network_receive_bytes_total", "network.inbound"), ("eth1_fo", "network.outbound"),
        ("dl_brate", "network.inbound"), ("node_load1", "cpu.load"), ("disk_q", "disk"), ("disk_wa", "disk.wait"),
        ("PodSuccessRate(%)", "errors"), ("http_requests_failed_total", "errors"), ("PodWorkload(Ops)", "requests"),
        ("SyscallRead", "system"), ("node_hwmon_temp_celsius", "temperature"), ("ul_snr", "radio.quality"),
        ("m07", "m07"), ("Zählerstand", "zählerstand"),
    ])
    func kinds(_ metric: String, _ kind: String) throws {
        let lexicon = MetricLexicon.builtIn
        #expect(lexicon.kinds(of: [metric], groups: ["other"]).map(\.name) == [kind])
    }

    @Test func whatFallsWhereOthersRiseIsReversed() throws {
        let lexicon = MetricLexicon.builtIn
        let names = ["node_memory_MemFree_bytes", "cpu_idle", "SuccessRate(%)", "mem_used", "errors_total"]
        let kinds = lexicon.kinds(of: names, groups: names.map { _ in "other" })
        #expect(kinds.map(\.isReversed) == [true, true, true, false, false])
    }

    @Test func aHostIsAnotherOnlyForItsGuests() throws {
        let lexicon = MetricLexicon.builtIn
        let guest = lexicon.kinds(of: ["CpuUsage(m)", "NodeCpuUsageRate(%)"], groups: ["other", "other"])
        #expect(guest.map(\.name) == ["cpu", "host.cpu"])
        let host = lexicon.kinds(of: ["node_load1", "node_memory_Active_bytes"], groups: ["other", "other"])
        #expect(host.map(\.name) == ["cpu.load", "memory"])
    }

    @Test func theGroupHelpsWhereTheNameDoesNot() throws {
        let lexicon = MetricLexicon.builtIn
        #expect(lexicon.kinds(of: ["xyz"], groups: ["virtual.memory"]).map(\.name) == ["memory"])
    }
}
