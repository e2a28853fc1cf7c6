extension FaultKind {
    /// The faults that ship, in the order of the documentation. Names of metrics follow node_exporter, cAdvisor, 5G3E
    /// and SMD; groups catch what other sources call differently.
    public static let catalog: [FaultKind] = [
        FaultKind(
            "cpu-saturation", "a runaway computation fills the processors; load follows, throughput suffers later",
            shape: .step,
            effects: [
                .init(names: ["iowait", "steal", "idle", "freq", "temp", "throttl"], weight: 0),
                .init(names: ["thread_count"], weight: 0.5),
                .init(groups: ["cpu", "load"], weight: 1),
                .init(names: ["process_cpu"], weight: 0.9),
                .init(names: ["brate", "n3_gtp"], weight: -0.4, delay: 0.25),
            ]),
        FaultKind(
            "memory-leak", "a process keeps what it allocates until it is restarted", shape: .ramp,
            effects: [
                .init(names: ["avail", "free", "mem_u_e"], weight: -1),
                .init(names: ["cache"], weight: -0.6, delay: 0.3),
                .init(names: ["proc_rmem", "process_resident", "working_set", "sys_mem", "mem_u", "shmem"], weight: 1),
                .init(names: ["swap"], weight: 0.7, delay: 0.5),
            ], duration: 0.4...0.6),
        FaultKind(
            "packet-loss", "a link drops packets: drops and retransmissions rise, goodput falls a little later",
            shape: .step,
            effects: [
                .init(names: ["drop", "retrans", "timeout", "errs", "rst"], weight: 1),
                .init(names: ["bler"], weight: 0.8),
                .init(
                    names: ["brate", "receive_bytes", "transmit_bytes", "n3_gtp", "segs", "eth"], weight: -0.6,
                    delay: 0.1),
            ]),
        FaultKind(
            "link-flap", "a link goes down and up again: traffic comes and goes", shape: .oscillation,
            effects: [
                .init(names: ["drop", "retrans", "rst", "carrier"], weight: 0.7),
                .init(
                    names: ["brate", "receive_bytes", "transmit_bytes", "n3_gtp", "segs", "eth", "nof_ue"], weight: -1),
            ]),
        FaultKind(
            "disk-stall", "writes wait for a slow disk: busy time and waiting rise, written bytes fall", shape: .step,
            effects: [
                .init(names: ["iowait", "disk_wa", "disk_q", "disk_svc"], weight: 0.9, delay: 0.05),
                .init(names: ["io_time", "write_time", "disk_u"], weight: 1),
                .init(names: ["written_bytes", "writes_bytes", "disk_w", "disk_r"], weight: -0.7),
                .init(names: ["load"], weight: 0.5, delay: 0.15),
            ]),
        FaultKind(
            "noisy-neighbour", "another tenant takes processor time in bursts", shape: .spikes,
            effects: [
                .init(names: ["steal", "throttl"], weight: 1),
                .init(names: ["load"], weight: 0.7),
                .init(names: ["cpu_user", "cpu_usage", "process_cpu"], weight: -0.5),
                .init(groups: ["cpu"], names: ["cpu_"], except: ["iowait", "freq"], weight: 0.9),
            ]),
        FaultKind(
            "radio-interference", "a foreign transmitter: signal quality falls, block errors rise, rates adapt later",
            shape: .step,
            effects: [
                .init(names: ["snr", "cqi"], weight: -1),
                .init(names: ["bler", "nok"], weight: 1),
                .init(names: ["mcs"], weight: -0.8),
                .init(names: ["ul_buff", "bsr"], weight: 0.5, delay: 0.15),
                .init(groups: ["traffic", "radio"], names: ["brate"], weight: -0.6, delay: 0.1),
            ]),
        FaultKind(
            "clock-drift", "an oscillator leaves its frequency: offsets grow", shape: .ramp,
            effects: [
                .init(names: ["cfo", "timex_offset", "clock_skew"], weight: 1),
                .init(names: ["ul_ta", "ta_ns"], weight: 0.6, delay: 0.3),
            ], duration: 0.35...0.55),
        FaultKind(
            "process-crash", "worker processes are gone: their threads, memory, files and sessions with them",
            shape: .step,
            effects: [
                .init(
                    names: [
                        "thread_count", "proc_rmem", "process_resident", "process_cpu", "open_fds", "working_set",
                        "cpu_usage",
                    ], weight: -1),
                .init(names: ["sessionnbr", "amf_session", "ran_ue", "nof_ue", "estab"], weight: -0.8, delay: 0.05),
                .init(names: ["brate", "n3_gtp"], weight: -0.5, delay: 0.1),
            ]),
        FaultKind(
            "silent-sensor", "an exporter repeats its last values", shape: .freeze,
            effects: [
                .init(groups: ["cpu", "radio", "session", "process"], weight: 1)
            ]),
        FaultKind(
            "traffic-surge", "a crowd arrives: demand beyond the daily pattern, computing follows", shape: .step,
            effects: [
                .init(names: ["drop", "retrans", "bler", "mcs", "snr"], weight: 0),
                .init(names: ["ul_buff", "qos"], weight: 0.6),
                .init(groups: ["traffic"], weight: 1),
                .init(groups: ["network"], names: ["bytes", "packets", "eth", "segs"], weight: 1),
                .init(names: ["sessionnbr", "amf_session", "ran_ue", "estab"], weight: 0.8),
                .init(names: ["freq", "iowait", "steal", "throttl", "temp"], weight: 0),
                .init(groups: ["cpu"], weight: 0.5, delay: 0.1),
            ]),
        FaultKind(
            "attach-storm", "terminals lose and seek the network again and again: signalling in bursts",
            shape: .spikes,
            effects: [
                .init(
                    names: ["reginit", "authreq", "paging", "n4session", "active_opens", "passive_opens"], weight: 1),
                .init(names: ["sessionnbr", "amf_session", "ran_ue", "nof_ue", "is_attached"], weight: -0.7),
                .init(names: ["process_cpu", "cpu_usage", "system_load"], weight: 0.6),
            ]),
        FaultKind(
            "thermal-throttling", "a fan fails: temperature climbs, the clock rate falls, work piles up",
            shape: .ramp,
            effects: [
                .init(names: ["temp"], weight: 1),
                .init(names: ["freq"], weight: -1, delay: 0.2),
                .init(names: ["throttl"], weight: 0.9, delay: 0.2),
                .init(names: ["load"], weight: 0.6, delay: 0.4),
            ], duration: 0.3...0.5),
        FaultKind(
            "handover-ping-pong", "a terminal changes to and fro between two cells", shape: .oscillation,
            effects: [
                .init(names: ["rsrp", "snr", "cqi"], weight: -1),
                .init(names: ["=pl"], weight: 1),
                .init(names: ["mcs", "brate"], weight: -0.6),
                .init(names: ["ul_ta", "ta_ns"], weight: 0.7),
            ]),
        FaultKind(
            "session-leak", "sessions are opened and never closed", shape: .ramp,
            effects: [
                .init(names: ["sessionnbr", "amf_session", "open_fds", "estab", "ues_active"], weight: 1),
                .init(names: ["process_resident", "working_set"], weight: 0.6, delay: 0.3),
            ], duration: 0.4...0.6),
        FaultKind(
            "scheduler-jitter", "computing becomes erratic while its average stays", shape: .variance,
            effects: [
                .init(names: ["freq", "temp", "iowait"], weight: 0),
                .init(groups: ["cpu"], weight: 1),
                .init(names: ["process_cpu"], weight: 1),
            ]),
        FaultKind(
            "misrouted-traffic", "counters show another flow's traffic: each value usual, together wrong",
            shape: .decorrelation,
            effects: [
                .init(names: ["brate", "receive_bytes", "transmit_bytes", "n3_gtp", "eth", "segs"], weight: 1)
            ], duration: 0.3...0.5),
    ]

    /// The fault of this name.
    ///
    /// - Throws: ``GeneratorError`` for a name that is not in the catalogue.
    public static func named(_ name: String) throws -> FaultKind {
        guard let kind = catalog.first(where: { $0.name == name }) else {
            throw GeneratorError(
                .unknownFault, "fault '\(name)'", found: "no fault of this name",
                expected: "one of " + catalog.map(\.name).joined(separator: ", "))
        }
        return kind
    }
}
