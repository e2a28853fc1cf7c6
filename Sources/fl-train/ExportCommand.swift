import Autoencoders
import CommandLine
import Platform
import Services
import Telemetry
import Watching

/// `fl-train export`: windows and our errors, to hold against another implementation.
struct ExportCommand: Command {
    static let model = Option<String>.required("model", "DIR", "folder of the model")
    static let data = Option<[String]>.required("data", "PATH", "files or folders to take windows from")
    static let group = Option<String>.required("group", "NAME", "the resource group")
    static let count = Option<Int>(
        "count", "N", default: 256, "windows in all, spread evenly", constraint: "at least 1", valid: { $0 >= 1 })
    static let windows = Option<String>.required(
        "windows", "FILE", "where to write the scaled windows: little-endian float32, [N, T, F]")
    static let errors = Option<String>.required(
        "errors", "FILE", "where to write our mean squared error of each window: {\"errors\": […]}")
    static let part = Option<PartOption>(
        "part", "PART", default: .test, "which part of a set that is split into parts; others are taken whole")

    static let manual = CommandManual(
        name: "export", summary: "write scaled windows and our errors, to check a model in another framework",
        discussion: """
            The windows are what the group's autoencoder sees: cleaned, scaled, [N, T, F]. Load the group's \
            safetensors file in PyTorch, reconstruct them and compare the mean squared errors.
            """,
        examples: [
            .init(
                "fl-train export --model model --data metrics/ --group physical.cpu --windows w.f32 --errors e.json",
                "256 windows of one group")
        ],
        options: [model, data, group, count, windows, errors, part] + DataOptions.reading)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let model = try MonitoringModel(path: arguments[Self.model])
        let name = arguments[Self.group]
        let group = try model.bundle.group(name)
        let scaler = try model.bundle.scaler(of: name)
        let pipeline = try model.bundle.pipeline()
        let reader = DataOptions.readerOptions(arguments, over: model.reader)
        let sources = try MetricSources.discover(arguments[Self.data], part: arguments[Self.part], options: reader)
        let exported = try await BackgroundThread.run { () throws -> WindowExport in
            var rows: [Float] = []
            var segments: [Range<Int>] = []
            for source in sources {
                for series in try pipeline.clean(source, options: reader) where series.group.name == name {
                    let start = rows.count / group.metrics.count
                    rows += try scaler.scale(series).elements
                    segments += series.segments.map { $0.lowerBound + start..<$0.upperBound + start }
                }
            }
            let scorer = try model.bundle.scorer(
                for: name, backend: try AcceleratorCatalog.backend(named: "auto", onFailure: { console.note($0) }))
            return try WindowExport(
                of: .init(rows, shape: [rows.count / group.metrics.count, group.metrics.count]), segments: segments,
                count: arguments[Self.count], scorer: scorer)
        }
        try FileContents.writeAtomically(exported.windowBytes, to: arguments[Self.windows])
        try FileContents.writeAtomically(try exported.errorsJSON(), to: arguments[Self.errors])
        console.print(
            "\(exported.errors.count) windows of \(name), [\(exported.errors.count), \(group.shape.window), "
                + "\(group.shape.features)], in \(arguments[Self.windows]); errors in \(arguments[Self.errors])")
    }
}
