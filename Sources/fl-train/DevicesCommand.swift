import Autoencoders
import CommandLine
import Numerics
import Platform

/// `fl-train devices`: the accelerators found on this machine.
struct DevicesCommand: Command {
    private static let format = Option("format", "FORMAT", default: OutputFormat.table, "how to print the list")
    private static let measure = Option(
        "measure", default: false, "train on random windows on each device for a moment and print the speed")
    private static let threads = Option<Int>(
        "threads", "N", default: 1, "threads of the CPU's engines", constraint: "1 to 4096",
        valid: { (1...4_096).contains($0) })

    /// Name, help and options.
    static let manual = CommandManual(
        name: "devices", summary: "list the devices that can train and score",
        discussion: """
            Prints each device found here with the name that --accelerator takes, its own name, its memory, its threads \
            or compute units, and the precision that it multiplies in. The one that `auto` takes is marked: a graphics \
            card that OpenCL offers and that computes a small network rightly, else the CPU. Speed plays no part in that.

            With --measure, also the windows a second that each trains (32 metrics, windows of 20, hidden layers 64 and \
            32, batches of 64), and α: its time for a round divided by the CPU's. A device with an α of 1 or more does \
            not pay.
            """,
        examples: [
            .init("fl-train devices", "what this machine has"),
            .init("fl-train devices --measure --threads 2", "and how fast each is beside two threads of the CPU"),
        ],
        options: [measure, threads, format])

    /// Makes the command.
    init() {}

    private struct Line {
        var name: String
        var device: DeviceDescription
        var isAutomatic: Bool
        /// Windows a second, and the time for a round divided by the CPU's.
        var speed: (rate: Double, ratio: Double)?
    }

    /// Lists the devices.
    func run(_ arguments: Arguments, _ console: Console) async throws {
        let threads = arguments[Self.threads]
        let automatic = AcceleratorCatalog.automaticName()
        var lines = AcceleratorCatalog.entries(threads: threads).map {
            Line(name: $0.name, device: $0.device, isAutomatic: $0.name == automatic)
        }
        if arguments[Self.measure] {
            let shape = AutoencoderShape(features: 32, window: 20, hidden: [64, 32])
            let cpu = try AcceleratorCatalog.backend(named: "cpu", threads: threads).measuredTrainingRate(shape: shape)
            for index in lines.indices {
                console.progress("measuring \(lines[index].name)")
                let rate = try Self.rate(lines[index].name, cpu: cpu, threads: threads, shape: shape)
                lines[index].speed = (rate, AcceleratorRatio.timeRatio(accelerator: rate, cpu: cpu))
            }
        }
        switch arguments[Self.format] {
        case .json: console.print(JSONValue.object(["devices": .array(lines.map(Self.object))]).description)
        case .table: Self.printTable(lines, console)
        }
    }

    private static func rate(_ name: String, cpu: Double, threads: Int, shape: AutoencoderShape) throws -> Double {
        if name == "cpu" { return cpu }
        return try AcceleratorCatalog.backend(named: name, threads: threads).measuredTrainingRate(shape: shape)
    }

    private static func printTable(_ lines: [Line], _ console: Console) {
        let isMeasured = lines.contains { $0.speed != nil }
        var table = Table(
            ["accelerator", "auto", "device", "memory", "threads", "precision"]
                + (isMeasured ? ["windows/s", "α", "pays"] : []))
        for line in lines {
            let device = line.device
            let memory = device.memoryBytes.map { "\($0 >> 20) MiB" } ?? ""
            var cells = [
                line.name, line.isAutomatic ? "auto" : "", device.name, memory, "\(device.threads)", device.precision,
            ]
            if let speed = line.speed {
                cells += [
                    Quantity.number(speed.rate), Quantity.number(speed.ratio),
                    line.name == "cpu" ? "" : AcceleratorRatio.pays(speed.ratio) ? "yes" : "no",
                ]
            }
            table.add(cells)
        }
        console.print(table.text)
    }

    private static func object(_ line: Line) -> JSONValue {
        let device = line.device
        return .object([
            "accelerator": .string(line.name), "auto": .bool(line.isAutomatic), "name": .string(device.name),
            "memoryBytes": device.memoryBytes.map { .number(Double($0)) } ?? .null,
            "threads": .number(Double(device.threads)), "precision": .string(device.precision),
            "windowsPerSecond": line.speed.map { .number($0.rate) } ?? .null,
            "timeRatio": line.speed.map { .number($0.ratio) } ?? .null,
        ])
    }
}
