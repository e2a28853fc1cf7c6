import Foundation

/// The folder that generated data go to.
struct OutputFolder {
    let url: URL
    private(set) var files: [DatasetManifest.File] = []

    /// Makes the folder where there is none.
    ///
    /// A folder that holds something is refused, or, with `replacing`, freed of the files that its manifest lists;
    /// other files stay.
    ///
    /// - Throws: ``GeneratorError``.
    init(_ path: String, replacing: Bool) throws {
        url = URL(filePath: path, directoryHint: .isDirectory)
        let manager = FileManager.default
        var isFolder: ObjCBool = false
        if manager.fileExists(atPath: path, isDirectory: &isFolder) {
            guard isFolder.boolValue else {
                throw GeneratorError(.cannotWrite, path, found: "a file", expected: "a folder, or nothing yet")
            }
            let content = (try? manager.contentsOfDirectory(atPath: path)) ?? []
            guard content.isEmpty || replacing else {
                throw GeneratorError(
                    .outputNotEmpty, path, found: "a folder that is not empty",
                    expected: "an empty or a new folder, or --force to replace what an earlier run wrote")
            }
            for file in DatasetManifest.read(folder: url)?.files ?? [] where Self.isInside(file.path) {
                try? manager.removeItem(at: url.appending(path: file.path))
            }
        }
        try Self.create(url)
    }

    /// Whether a path from a manifest stays within its folder.
    private static func isInside(_ path: String) -> Bool {
        !path.hasPrefix("/") && !path.split(separator: "/").contains("..") && path.hasSuffix(".csv")
    }

    private static func create(_ url: URL) throws {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw GeneratorError(
                .cannotWrite, url.path, found: "a folder that cannot be created", expected: "permission to write")
        }
    }

    /// Writes the training and the test part of one entity and its interpretation file.
    mutating func write(
        site: String, entity: String, metrics: [String], rows: Int, trainingRows: Int, faults: [InjectedFault],
        time: (_ row: Int) -> Double, cell: (_ row: Int, _ column: Int, _ text: inout [UInt8]) -> Void
    ) throws {
        let folder = url.appending(path: site, directoryHint: .isDirectory)
        try Self.create(folder)
        var labels = [UInt8](repeating: 0, count: rows)
        for fault in faults {
            for row in fault.rows { labels[row] = 1 }
        }
        for (part, range) in [("train", 0..<trainingRows), ("test", trainingRows..<rows)] {
            let name = "\(entity)_\(part).csv"
            var writer = try LabelledTableWriter(path: folder.appending(path: name).path)
            let labelled = part == "test"
            try writer.writeHeader(metrics: metrics, labelled: labelled)
            for row in range {
                try writer.writeRow(
                    index: row - range.lowerBound, time: time(row), columns: metrics.count,
                    label: labelled ? labels[row] : nil
                ) { column, text in cell(row, column, &text) }
            }
            files.append(try writer.close(relativePath: "\(site)/\(name)"))
        }
        let name = "\(entity)_interpretation.csv"
        var writer = try LabelledTableWriter(path: folder.appending(path: name).path)
        try writer.write(LabelledTableWriter.interpretation(faults, from: trainingRows).utf8)
        files.append(try writer.close(relativePath: "\(site)/\(name)"))
    }

    /// Writes the manifest, last, so that a folder with one is whole.
    func write(_ manifest: DatasetManifest) throws {
        var writer = try LabelledTableWriter(path: url.appending(path: DatasetManifest.fileName).path)
        try writer.write(manifest.text.utf8)
        _ = try writer.close(relativePath: DatasetManifest.fileName)
    }
}
