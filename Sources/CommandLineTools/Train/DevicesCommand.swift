import Accelerators
package import CommandLineSupport

/// `fl-train devices`: the accelerators found on this machine.
package struct DevicesCommand: Command {
    private static let format = Option("format", "FORMAT", default: OutputFormat.table, "how to print the list")

    /// Name, help and options.
    package static let manual = CommandManual(
        name: "devices", summary: "list the devices that can train and score",
        discussion: """
            Prints each device found here with the name that --accelerator takes, its own name, its memory, threads \
            and precision. The first one is what `auto` takes.
            """,
        examples: [.init("fl-train devices", "what this machine has")],
        options: [format])

    /// Makes the command.
    package init() {}

    /// Lists the devices.
    package func run(_ arguments: Arguments, _ console: Console) async throws {
        let devices = AcceleratorCatalog.devices()
        switch arguments[Self.format] {
        case .json:
            console.print(JSONValue.object(["devices": .array(devices.map(Self.object))]).description)
        case .table:
            var table = Table(["accelerator", "device", "memory", "threads", "precision"])
            for device in devices {
                let memory = device.memoryBytes.map { "\($0 >> 20) MiB" } ?? ""
                table.add([device.backend, device.name, memory, "\(device.threads)", device.precision])
            }
            console.print(table.text)
        }
    }

    private static func object(_ device: DeviceDescription) -> JSONValue {
        .object([
            "accelerator": .string(device.backend), "name": .string(device.name),
            "memoryBytes": device.memoryBytes.map { .number(Double($0)) } ?? .null,
            "threads": .number(Double(device.threads)), "precision": .string(device.precision),
        ])
    }
}
