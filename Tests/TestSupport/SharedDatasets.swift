public import Foundation

/// The real data sets, where the environment variable `FAULTLINE_DATASETS` names them.
public enum SharedDatasets {
    /// The folder that `FAULTLINE_DATASETS` names.
    public static var root: URL? {
        ProcessInfo.processInfo.environment["FAULTLINE_DATASETS"].map { URL(filePath: $0) }
    }

    /// The file or folder at a path below the root, if it exists.
    public static func url(_ path: String) -> URL? {
        guard let url = root?.appending(path: path), FileManager.default.fileExists(atPath: url.path) else {
            return nil
        }
        return url
    }

    /// Whether a set is here; tests that need one use it as `.enabled(if: SharedDatasets.has("smd"), "needs … smd")`.
    public static func has(_ path: String) -> Bool { url(path) != nil }

    /// The folder of small files in the shapes that people report trouble with, `FAULTLINE_CASES`; `nil` where it is
    /// not at hand.
    public static var cases: URL? {
        ProcessInfo.processInfo.environment["FAULTLINE_CASES"].map { URL(filePath: $0) }
    }
}
