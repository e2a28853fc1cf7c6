import Telemetry
import TestSupport
import Testing

/// Groups of metrics that are known by the words in their names.
struct WordRulesTests {
    /// Names as collectors write them, by group.
    static let known: [String: [String]] = [
        "physical.cpu": [
            "cpu", "cpu_usage", "cpu_total", "CPUUtilization", "CPUCreditBalance", "cpu_percent", "CpuUsageRate(%)",
            "CpuUsage(m)",
            "NodeCpuUsageRate(%)", "usage_user", "usage_iowait", "cpu_usage_idle", "system.cpu.user",
            "system.cpu.time:rate",
            "system.cpu.utilization", "system.cpu.util[,iowait]", "system.cpu.load[percpu,avg1]",
            "system.cpu.load_average.1m",
            "windows_cpu_time_total{core=\"0,0\",mode=\"idle\"}", "windows_system_context_switches_total",
            #"\\FS-1\Processor(_Total)\% Processor Time"#, "cpu-0/cpu-idle", "load/load-shortterm", "load1", "load_15",
            "ldavg-1",
            "system.load.norm.5", "system.load.1", "queue.ldavg-5", "cpu-load.user{cpu=\"all\"}", "%usr", "%iowait",
            "us", "cpu0_user", "sy", "id", "wa", "st", "in", "cs", "total cpu usage wai", "system int", "system csw",
            "k8s.node.cpu.usage",
        ],
        "physical.memory": [
            "mem", "mem_used_percent", "mem_total", "memory_usage", "MemAvailable", "MemoryUsage(Mi)", "FreeableMemory",
            "SwapUsage",
            "swap_used", "swap_used_percent", "system.mem.pct_usable", "system.memory.usage", "system.paging.usage",
            "system.swap.free", "vm.memory.size[available]", "system.swap.size[,pfree]", "system.ram.used",
            "memory/memory-cached",
            "windows_os_physical_memory_free_bytes", "windows_memory_available_bytes", "windows_pagefile_limit_bytes",
            #"\Memory\Available MBytes"#, "kbmemused", "%memused", "kbswpfree", "pgpgin/s", "swpd", "memory.used [MiB]",
            "ram_free",
            "buffered", "free", "buff", "cache", "inact", "memory usage used", "paging in",
        ],
        "physical.storage": [
            "bi", "bo", "read", "writ", "dsk/total read", "dsk/sda writ", "io/total read",
            "disk", "disk_used_percent", "disk_total", "diskio_reads", "diskio_write_bytes", "DiskReadOps",
            "EBSWriteBytes", "ReadIOPS",
            "VolumeReadBytes", "FreeStorageSpace", "system.disk.in_use", "system.disk.io:rate",
            "system.filesystem.usage",
            "system.io.await", "system.io.util", "vfs.fs.size[/,pused]", "vfs.dev.read[sda]", "fs_usage",
            "df-root/df_complex-free",
            "windows_logical_disk_free_bytes", #"\PhysicalDisk(_Total)\Avg. Disk Queue Length"#,
            "disk-sda/disk_ops-read", "rkB/s",
            "%util", "aqu-sz", "r_await", "bi", "inodes_used",
        ],
        "physical.network": [
            "recv", "send", "net/total recv", "net/eth0 send",
            "network_in", "NetworkIn", "NetworkPacketsOut", "net_bytes_recv", "net_err_in", "netstat_tcp_established",
            "system.network.io:rate", "system.net.bytes_rcvd", "net.if.in[eth0]", "net.if.out[eth0,errors]",
            "windows_net_bytes_received_total", #"\Network Interface(eth0)\Bytes Sent/sec"#,
            "interface-eth0/if_octets-rx",
            "network.net-dev.rxkB{iface=\"eth0\"}", "rxkB/s", "txpck/s", "bytes_sent", "tcp_connections", "rx_bytes",
            "net.eth0.received",
        ],
        "physical.process": [
            "processes_running", "threads_total", "num_threads", "system.processes.count", "proc.num[]", "open_files",
            "windows_process_cpu_time_total", "handle_count",
        ],
        "physical.gpu": ["utilization.gpu [%]", "DCGM_FI_DEV_GPU_UTIL", "gpu_temp"],
        "physical.hardware": ["cpu_temp", "temperature", "windows_thermalzone_temperature_celsius"],
        "virtual.cpu": [
            "docker_container_cpu_usage_percent", "docker.cpu.usage", "kubernetes.cpu.usage.total", "k8s.pod.cpu.time",
        ],
        "virtual.memory": ["docker_container_mem_usage", "container.memory.usage", "PodMemoryUsage"],
        "virtual.network": ["docker_container_net_rx_bytes", "k8s.pod.network.io"],
        "virtual.storage": ["docker_container_blkio_io_service_bytes_recursive_read", "container.blockio.disk.read"],
        "network-function.process": [
            "jvm.memory.used", "process.cpu.time", "procstat_memory_rss", "java.lang.Threading.ThreadCount",
            "process_resident_memory",
        ],
    ]

    @Test func groupsByWords() throws {
        let rules = try GroupRules.builtIn()
        #expect(Self.known.values.map(\.count).reduce(0, +) >= 80)
        for (group, names) in Self.known {
            for name in names { #expect(rules.group(for: name).name == group, "\(name)") }
        }
    }

    @Test(
        "Names that say nothing of a resource",
        arguments: [
            "m01", "value", "usage", "used_percent", "available", "members", "remembered", "memo_count",
            "memcached_gets",
            "input", "input_rows", "internet_orders", "net_income", "netflix_views", "diskette", "fsync_seconds",
            "cpuid", "programs",
            "core_subscribers", "orders_total", "requests_total", "page_load_seconds", "load_time_ms", "workload",
            "sessions",
            "http_request_duration_seconds_count", "queue_length", "latency_p99", "errors", "reads", "writes",
            "storagehouse_sales",
            "paging_requests", "template_temp", "heap_blks_read", "uptime", "price", "",
        ])
    func other(_ name: String) throws { #expect(try GroupRules.builtIn().group(for: name) == .other) }

    @Test("Names that a pattern knows are known by it")
    func patternsFirst() throws {
        let rules = try GroupRules.builtIn()
        let smd = [
            "cpu_r": "physical.cpu", "mem_shmem": "physical.memory", "tcp_use": "physical.network",
            "si": "physical.memory",
        ]
        for (name, group) in smd { #expect(rules.group(for: name).name == group) }
        let words = WordRules()
        let bare = GroupRules(rules: [.init(group: "a.b", metrics: ["cpu_#"])], words: words)
        #expect(bare.group(for: "cpu_1").name == "a.b" && bare.group(for: "cpu_x") == .other)
    }

    @Test("A user's words come before those that ship")
    func extending() throws {
        let scratch = try Scratch()
        let path = try scratch.write(
            "mine.json",
            #"""
            {"rules": [], "words": {"layers": [{"layer": "access", "words": ["cell"]}],
             "resources": [{"resource": "radio", "words": ["", " ", "prb*", "air time"]}]}}
            """#)
        let rules = try GroupRules.load(extending: path)
        for (name, group) in [
            ("cell_prb_used", "access.radio"), ("prbs", "physical.radio"), ("air_time", "physical.radio"),
            ("air_mean_time", "other"), ("cell_cpu", "access.cpu"), ("mem_used", "physical.memory"),
        ] {
            #expect(rules.group(for: name).name == group, "\(name)")
        }
        for bad in [
            #"{"rules": [], "words": {"resources": [{"resource": "a/b", "words": ["x"]}]}}"#,
            #"{"rules": [], "words": {"layers": [{"layer": "a.b", "words": ["x"]}]}}"#,
            #"{"rules": [], "words": {"resources": [{"resource": "a"}]}}"#, #"{"rules": [], "words": []}"#,
        ] {
            let path = try scratch.write("bad.json", bad)
            #expect(throws: TelemetryError.self, "\(bad)") { try GroupRules.load(extending: path) }
        }
    }

    @Test("A name of any length is looked at in bounded time")
    func longNames() throws {
        let rules = try GroupRules.builtIn()
        let long = String(repeating: "x_", count: 50_000)
        #expect(rules.group(for: long + "cpu") == .other && rules.group(for: "cpu_" + long).name == "physical.cpu")
    }

    /// Nothing of what is known of these sets moves to another group.
    @Test(
        "The groups of SMD and ASD are what they were",
        .enabled(if: SharedDatasets.has("smd") && SharedDatasets.has("asd"), "needs the shared data sets smd and asd"))
    func visibleSets() throws {
        let rules = try GroupRules.builtIn()
        let patterns = GroupRules(rules: Array(rules.rules.prefix { !$0.metrics.contains("process.*") }))
        for set in ["smd", "asd", "asd-more"] {
            guard let root = SharedDatasets.url(set) else { continue }
            for source in try DataCatalog.discover([root.path]) {
                for name in try source.makeReader(options: ReaderOptions()).schema {
                    #expect(rules.group(for: name) == patterns.group(for: name), "\(set): \(name)")
                }
            }
        }
    }
}
