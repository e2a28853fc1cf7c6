/// How one metric of a synthetic entity behaves while nothing is wrong.
///
/// At each row the metric's level is `centre + scale·(Σ weightₖ·driverₖ + noise·ε)`, with drivers and ε (a first-order
/// autoregression) of unit variance, times a factor of the site. A counter accumulates that level, taken as a rate a
/// second.
struct MetricTemplate: Sendable {
    /// What moves metrics together.
    enum Driver: Int, CaseIterable, Sendable {
        /// Traffic demand: the site's daily pattern and the entity's own share.
        case demand
        /// Computing beside what demand explains.
        case compute
        /// Slow growth and shrinking of memory in use.
        case memory
        /// Disk work, with a job at regular times.
        case storage
        /// Slow fading and movement on the radio side.
        case radio
    }

    /// How levels become samples.
    enum Kind: Sendable {
        /// The level itself.
        case gauge
        /// The level's sum over time.
        case counter
        /// Always the centre.
        case constant
    }

    let name: String
    let group: String
    let kind: Kind
    let centre: Double
    let scale: Double
    let weights: [(driver: Driver, weight: Double)]
    /// The share of the metric's own noise, in units of `scale`.
    let noise: Double
    /// Correlation of the noise from one row to the next.
    let persistence: Double
    /// Drift in units of `scale` a day.
    let drift: Double
    /// Levels are held within these.
    let bounds: ClosedRange<Double>
    /// Decimals that are written.
    let decimals: Int
    /// Whether the site's size multiplies centre and scale.
    let grows: Bool

    static func gauge(
        _ name: String, _ group: String, _ centre: Double, _ scale: Double, _ weights: [(Driver, Double)],
        noise: Double = 0.5, persistence: Double = 0.4, drift: Double = 0, bounds: ClosedRange<Double> = 0...1e15,
        decimals: Int = 1, grows: Bool = false
    ) -> MetricTemplate {
        MetricTemplate(
            name: name, group: group, kind: .gauge, centre: centre, scale: scale,
            weights: weights.map { (driver: $0.0, weight: $0.1) }, noise: noise, persistence: persistence,
            drift: drift, bounds: bounds, decimals: decimals, grows: grows)
    }

    /// A counter; centre and scale are those of its rate a second.
    static func counter(
        _ name: String, _ group: String, _ centre: Double, _ scale: Double, _ weights: [(Driver, Double)],
        noise: Double = 0.5, persistence: Double = 0.3, decimals: Int = 0, grows: Bool = false
    ) -> MetricTemplate {
        MetricTemplate(
            name: name, group: group, kind: .counter, centre: centre, scale: scale,
            weights: weights.map { (driver: $0.0, weight: $0.1) }, noise: noise, persistence: persistence, drift: 0,
            bounds: 0...1e15, decimals: decimals, grows: grows)
    }

    static func constant(_ name: String, _ group: String, _ value: Double) -> MetricTemplate {
        MetricTemplate(
            name: name, group: group, kind: .constant, centre: value, scale: 0, weights: [], noise: 0,
            persistence: 0, drift: 0, bounds: 0...1e15, decimals: 0, grows: false)
    }
}

/// The kinds of entities that a synthetic site has.
public enum SyntheticEntityType: String, Hashable, Sendable, Codable, CaseIterable {
    /// An eNB host: the machine's cpu and memory, and what the cell carries.
    case enb
    /// A user terminal: its radio link and its own host.
    case ue
    /// A user-plane function in a container: container metrics and GTP traffic.
    case upf
    /// An edge server seen by node_exporter.
    case machine
    /// An access-and-mobility function in a container: container metrics and registrations.
    case amf

    /// The metrics of the type, in the order of the columns.
    var metrics: [MetricTemplate] {
        switch self {
        case .enb: Self.enbMetrics
        case .ue: Self.terminalMetrics
        case .upf: Self.containerMetrics + Self.upfMetrics
        case .machine: Self.machineMetrics
        case .amf: Self.containerMetrics + Self.amfMetrics
        }
    }

    /// Names as in the eNB files of 5G3E version 1; the disk and network columns are node_exporter's.
    private static let enbMetrics: [MetricTemplate] = [
        .gauge("nof_ue", "access.traffic", 14, 2, [(.demand, 0.8)], noise: 0.4, persistence: 0.8, decimals: 0),
        .gauge("dl_brate", "access.traffic", 9_000, 1_000, [(.demand, 0.85)], noise: 0.4, decimals: 0, grows: true),
        .gauge("ul_brate", "access.traffic", 4_000, 450, [(.demand, 0.8)], noise: 0.45, decimals: 0, grows: true),
        .gauge("cpu_0", "physical.cpu", 34, 5, [(.demand, 0.65), (.compute, 0.5)], bounds: 0...100),
        .gauge("cpu_1", "physical.cpu", 31, 5, [(.demand, 0.6), (.compute, 0.55)], bounds: 0...100),
        .gauge("cpu_2", "physical.cpu", 29, 4.5, [(.demand, 0.6), (.compute, 0.5)], bounds: 0...100),
        .gauge("cpu_3", "physical.cpu", 27, 4.5, [(.demand, 0.55), (.compute, 0.55)], bounds: 0...100),
        .gauge("system_load", "physical.cpu", 2.4, 0.24, [(.demand, 0.6), (.compute, 0.6)], noise: 0.3, decimals: 2),
        .gauge("thread_count", "physical.process", 24, 2, [(.compute, 0.7)], noise: 0.4, persistence: 0.8, decimals: 0),
        .gauge(
            "sys_mem", "physical.memory", 38, 3, [(.memory, 0.8), (.demand, 0.3)], noise: 0.2, drift: 0.15,
            bounds: 0...100, decimals: 2),
        .gauge(
            "proc_rmem_kB", "physical.memory", 884_540, 40_000, [(.memory, 0.85), (.demand, 0.2)], noise: 0.2,
            drift: 0.1, decimals: 0),
        .constant("proc_vmem_kB", "physical.memory", 1_656_788),
        .counter("node_disk_io_time_seconds_total", "physical.storage", 0.2, 0.03, [(.storage, 0.8)], decimals: 2),
        .counter(
            "node_disk_written_bytes_total", "physical.storage", 1_800_000, 220_000, [(.storage, 0.75)]),
        .counter(
            "node_network_transmit_bytes_total", "physical.network", 1_200_000, 140_000, [(.demand, 0.85)], noise: 0.3,
            grows: true),
        .counter("node_network_receive_drop_total", "physical.network", 4, 0.8, [(.demand, 0.3)], noise: 0.8),
    ]

    /// Names as in the UE files of 5G3E version 1.
    private static let terminalMetrics: [MetricTemplate] = [
        .gauge("rsrp", "access.radio", -88, 3, [(.radio, 0.85)], noise: 0.3, bounds: -140 ... -44),
        .gauge("pl", "access.radio", 96, 3, [(.radio, -0.85)], noise: 0.3, bounds: 20...200),
        .gauge("cfo", "access.radio", 120, 14, [(.radio, 0.2)], noise: 0.9, persistence: 0.6, bounds: -5_000...5_000),
        .gauge("dl_snr", "access.radio", 24, 1.6, [(.radio, 0.8)], noise: 0.4, bounds: -20...45),
        .gauge("dl_mcs", "access.radio", 20, 1.4, [(.radio, 0.75), (.demand, -0.1)], bounds: 0...28),
        .gauge("dl_bler", "access.radio", 8, 1, [(.radio, -0.6), (.demand, 0.2)], bounds: 0...100, decimals: 2),
        .gauge("ul_mcs", "access.radio", 18, 1.3, [(.radio, 0.75)], bounds: 0...28),
        .gauge("ul_bler", "access.radio", 9, 1.1, [(.radio, -0.6)], bounds: 0...100, decimals: 2),
        .gauge("ul_ta", "access.radio", 12, 1, [(.radio, -0.4)], noise: 0.6, persistence: 0.8, bounds: 0...1_282),
        .gauge("dl_brate", "access.traffic", 2_600, 300, [(.demand, 0.75), (.radio, 0.35)], decimals: 0, grows: true),
        .gauge("ul_brate", "access.traffic", 1_100, 130, [(.demand, 0.7), (.radio, 0.35)], decimals: 0, grows: true),
        .gauge("ul_buff", "access.traffic", 420, 60, [(.demand, 0.6), (.radio, -0.3)], decimals: 0),
        .constant("earfcn", "access.radio", 3_350),
        .gauge("sys_load", "physical.cpu", 1.7, 0.16, [(.demand, 0.4), (.compute, 0.7)], noise: 0.4, decimals: 2),
        .gauge("cpu_0", "physical.cpu", 28, 4, [(.demand, 0.5), (.compute, 0.6)], bounds: 0...100),
        .gauge("cpu_1", "physical.cpu", 26, 4, [(.demand, 0.45), (.compute, 0.65)], bounds: 0...100),
        .gauge("thread_count", "physical.process", 18, 1.5, [(.compute, 0.6)], persistence: 0.8, decimals: 0),
        .gauge(
            "proc_rmem_kB", "physical.memory", 951_920, 30_000, [(.memory, 0.9)], noise: 0.2, drift: 0.1, decimals: 0),
        .gauge("sys_mem", "physical.memory", 29, 2.2, [(.memory, 0.85)], noise: 0.25, bounds: 0...100, decimals: 2),
    ]

    /// cAdvisor's names, with what a process exports itself.
    private static let containerMetrics: [MetricTemplate] = [
        .counter(
            "container_cpu_usage_seconds_total", "virtual.cpu", 0.45, 0.05, [(.demand, 0.6), (.compute, 0.6)],
            noise: 0.3, decimals: 2),
        .counter(
            "container_cpu_cfs_throttled_seconds_total", "virtual.cpu", 0.04, 0.006, [(.compute, 0.6)], noise: 0.7,
            decimals: 3),
        .gauge(
            "container_memory_working_set_bytes", "virtual.memory", 640e6, 30e6, [(.memory, 0.85), (.demand, 0.25)],
            noise: 0.2, drift: 0.15, decimals: -3),
        .gauge(
            "container_memory_cache", "virtual.memory", 210e6, 14e6, [(.memory, 0.5), (.storage, 0.5)], decimals: -3),
        .counter(
            "container_network_receive_bytes_total", "virtual.network", 900_000, 105_000, [(.demand, 0.85)], noise: 0.3,
            grows: true),
        .counter(
            "container_network_transmit_bytes_total", "virtual.network", 870_000, 100_000, [(.demand, 0.85)],
            noise: 0.3, grows: true),
        .counter(
            "container_network_receive_packets_dropped_total", "virtual.network", 3, 0.6, [(.demand, 0.3)], noise: 0.8),
        .counter("container_fs_writes_bytes_total", "virtual.storage", 350_000, 42_000, [(.storage, 0.8)]),
        .counter(
            "process_cpu_seconds_total", "network-function.process", 0.38, 0.045, [(.demand, 0.6), (.compute, 0.55)],
            noise: 0.35, decimals: 2),
        .gauge(
            "process_resident_memory_bytes", "network-function.process", 234e6, 10e6, [(.memory, 0.8), (.demand, 0.3)],
            noise: 0.25, drift: 0.1, decimals: -3),
        .gauge(
            "process_open_fds", "network-function.process", 64, 5, [(.demand, 0.7)], noise: 0.4, persistence: 0.8,
            decimals: 0),
        .constant("process_max_fds", "network-function.process", 1_048_576),
    ]

    /// Names as in the user-plane files of 5G3E version 2.
    private static let upfMetrics: [MetricTemplate] = [
        .counter(
            "fivegs_ep_n3_gtp_indatapktn3upf_total", "network-function.traffic", 900, 105, [(.demand, 0.85)],
            noise: 0.3, grows: true),
        .counter(
            "fivegs_ep_n3_gtp_outdatapktn3upf_total", "network-function.traffic", 860, 100, [(.demand, 0.85)],
            noise: 0.3, grows: true),
        .gauge(
            "fivegs_upffunction_upf_sessionnbr", "network-function.session", 65, 6, [(.demand, 0.8)], noise: 0.3,
            persistence: 0.9, decimals: 0),
        .counter(
            "fivegs_upffunction_sm_n4sessionreport_total", "network-function.signalling", 2.2, 0.3, [(.demand, 0.7)],
            noise: 0.5),
    ]

    /// Names as in the access-and-mobility files of 5G3E version 2.
    private static let amfMetrics: [MetricTemplate] = [
        .gauge(
            "ran_ue", "network-function.session", 65, 6, [(.demand, 0.8)], noise: 0.3, persistence: 0.9, decimals: 0),
        .gauge(
            "amf_session", "network-function.session", 70, 6.5, [(.demand, 0.8)], noise: 0.3, persistence: 0.9,
            decimals: 0),
        .counter(
            "fivegs_amffunction_rm_reginitreq_total", "network-function.signalling", 1.5, 0.22, [(.demand, 0.6)],
            noise: 0.6),
        .counter(
            "fivegs_amffunction_amf_authreq_total", "network-function.signalling", 1.7, 0.24, [(.demand, 0.6)],
            noise: 0.6),
        .counter(
            "fivegs_amffunction_mm_paging5greq_total", "network-function.signalling", 2.6, 0.35, [(.demand, 0.6)],
            noise: 0.6),
    ]

    /// node_exporter's names.
    private static let machineMetrics: [MetricTemplate] = [
        .gauge("node_load1", "physical.cpu", 6.5, 0.65, [(.demand, 0.55), (.compute, 0.65)], noise: 0.3, decimals: 2),
        .counter(
            "node_cpu_user_seconds_total", "physical.cpu", 2.6, 0.3, [(.demand, 0.6), (.compute, 0.6)], noise: 0.3,
            decimals: 1),
        .counter(
            "node_cpu_system_seconds_total", "physical.cpu", 0.9, 0.1, [(.demand, 0.6), (.compute, 0.5)], decimals: 1),
        .counter(
            "node_cpu_iowait_seconds_total", "physical.cpu", 0.25, 0.035, [(.storage, 0.75)], noise: 0.5, decimals: 2),
        .counter(
            "node_cpu_steal_seconds_total", "physical.cpu", 0.12, 0.018, [(.compute, 0.4)], noise: 0.8, decimals: 2),
        .gauge(
            "node_cpu_scaling_frequency_hertz", "physical.cpu", 3.1e9, 0.09e9, [(.compute, -0.5), (.demand, -0.3)],
            bounds: 0.8e9...4.6e9, decimals: -6),
        .gauge(
            "node_hwmon_temp_celsius", "physical.hardware", 52, 2.6, [(.compute, 0.6), (.demand, 0.55)], noise: 0.3,
            persistence: 0.8, bounds: 0...125),
        .gauge(
            "node_memory_MemAvailable_bytes", "physical.memory", 18.4e9, 0.9e9, [(.memory, -0.85), (.demand, -0.3)],
            noise: 0.2, drift: -0.15, decimals: -6),
        .gauge(
            "node_memory_Cached_bytes", "physical.memory", 9.2e9, 0.45e9, [(.storage, 0.5), (.memory, 0.4)],
            decimals: -6),
        .constant("node_memory_MemTotal_bytes", "physical.memory", 67_430_000_000),
        .counter("node_disk_io_time_seconds_total", "physical.storage", 0.28, 0.035, [(.storage, 0.8)], decimals: 2),
        .counter("node_disk_written_bytes_total", "physical.storage", 5.2e6, 0.6e6, [(.storage, 0.8)]),
        .counter(
            "node_disk_write_time_seconds_total", "physical.storage", 0.16, 0.02, [(.storage, 0.75)], noise: 0.5,
            decimals: 2),
        .counter(
            "node_network_receive_bytes_total", "physical.network", 7.5e6, 0.85e6, [(.demand, 0.85)], noise: 0.3,
            grows: true),
        .counter(
            "node_network_transmit_bytes_total", "physical.network", 6.9e6, 0.8e6, [(.demand, 0.85)], noise: 0.3,
            grows: true),
        .counter("node_network_receive_drop_total", "physical.network", 6, 1.1, [(.demand, 0.3)], noise: 0.8),
        .counter("node_network_receive_errs_total", "physical.network", 9, 1.5, [(.demand, 0.4)], noise: 0.8),
        .gauge(
            "node_timex_offset_seconds", "physical.process", 0.0005, 0.00004, [], noise: 1, persistence: 0.7,
            bounds: -10...10, decimals: 6),
    ]
}
