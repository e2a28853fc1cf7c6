import Glibc

/// What processes that were killed left of files and folders that they were just making.
public enum AbandonedFiles {
    /// Seconds for which nothing may have changed in what is removed: its process may run in another container, where
    /// processes have other numbers.
    static let rest = 3_600

    /// Removes it from a folder, as far as the system lets; what cannot be removed stays.
    ///
    /// - Parameters:
    ///   - name: what was to be made; `nil` for anything.
    ///   - mark: what stands between that name and the number of the process.
    public static func remove(from folder: String, of name: String? = nil, mark: String = ".temporary-") {
        guard let names = try? FolderContents.names(in: folder) else { return }
        for found in names {
            guard let place = found.firstRange(of: mark),
                let process = Int32(found[place.upperBound...].prefix { $0 != "-" }), process > 1,
                name.map({ $0 == found[..<place.lowerBound] }) ?? true, isGone(process)
            else { continue }
            let path = folder + "/" + found
            var status = stat()
            guard unsafe lstat(path, &status) == 0, time(nil) - status.st_mtim.tv_sec > rest else { continue }
            try? FolderContents.remove(path)
        }
    }

    private static func isGone(_ process: Int32) -> Bool { kill(process, 0) != 0 && errno == ESRCH }
}
