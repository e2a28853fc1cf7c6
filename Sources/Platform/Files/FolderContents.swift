import FoundationEssentials
import Glibc

/// Whole folders of files that belong together, replaced in one step: a reader finds the old folder or the new one.
public enum FolderContents {
    /// The names in a folder, sorted.
    ///
    /// - Throws: ``StorageError`` with the code `missing` or `unreadable`.
    public static func names(in path: String) throws(StorageError) -> [String] {
        // Opening it first gives the system's own reason where it cannot be read.
        _ = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY, operation: "read")
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw StorageError(.unreadable, operation: "read", path: path, found: "cannot list the folder")
        }
        return names.sorted()
    }

    /// Replaces the folder at `path`, or creates it and the folders above it: writes a temporary folder beside it,
    /// makes it durable, and exchanges the two by renaming.
    ///
    /// - Parameters:
    ///   - files: names (without folders) and contents.
    ///   - mayReplace: whether a file of this name in the old folder may disappear; one that may not stops the call,
    ///     so that a mistyped path costs nobody a folder.
    /// - Throws: ``StorageError`` with the code `unwritable` or `full`; the old folder is then untouched.
    public static func replaceAtomically(
        _ path: String, with files: [(name: String, bytes: [UInt8])], mayReplace: (String) -> Bool
    ) throws(StorageError) {
        let target = resolvingLink(path)
        let existed = try checkReplaceable(target, mayReplace: mayReplace)
        let parent = FileContents.folder(of: target)
        try makeFolder(parent)
        let temporary = FileContents.temporaryName(beside: target)
        try remove(temporary)
        do throws(StorageError) {
            try makeFolder(temporary)
            for file in files {
                precondition(!file.name.contains("/"), "file names hold no folders")
                try FileContents.write(
                    file.bytes, to: temporary + "/" + file.name, reportedAs: path + "/" + file.name)
            }
            try FileContents.synchronizeFolder(temporary)
            try moveIntoPlace(temporary, target: target, existed: existed)
        } catch {
            try? remove(temporary)
            throw error
        }
        try FileContents.synchronizeFolder(parent)
        // After an exchange the temporary name holds the old folder.
        try remove(temporary)
    }

    /// Removes a file or a folder with everything in it, if it exists.
    public static func remove(_ path: String) throws(StorageError) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw StorageError(.unwritable, operation: "remove", path: path, found: "the system refuses")
        }
    }

    /// Creates a folder and those above it, if they do not exist.
    public static func makeFolder(_ path: String) throws(StorageError) {
        if unsafe mkdir(path, 0o755) == 0 { return }
        if errno == ENOENT, FileContents.folder(of: path) != path {
            try makeFolder(FileContents.folder(of: path))
            if unsafe mkdir(path, 0o755) == 0 { return }
        }
        let failure = StorageError.system("create", path)
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw failure }
    }

    /// Whether the folder exists; throws when it is no folder or holds what may not be replaced.
    private static func checkReplaceable(
        _ path: String, mayReplace: (String) -> Bool
    ) throws(StorageError) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return false }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw StorageError(
                .unwritable, operation: "write", path: path, found: "a file of this name", expected: "a folder")
        }
        if let stranger = try names(in: path).first(where: { !mayReplace($0) }) {
            throw StorageError(
                .unwritable, operation: "replace", path: path, found: "it holds '\(stranger)'",
                expected: "an empty folder or one that this program wrote")
        }
        return true
    }

    private static func moveIntoPlace(
        _ temporary: String, target: String, existed: Bool
    ) throws(StorageError) {
        if !existed {
            guard unsafe rename(temporary, target) == 0 else { throw StorageError.system("write", target) }
            return
        }
        if exchange(temporary, target) { return }
        // File systems without the exchange: between the two renames the target is missing, never half written.
        let aside = temporary + "-old"
        try remove(aside)
        guard unsafe rename(target, aside) == 0 else { throw StorageError.system("write", target) }
        guard unsafe rename(temporary, target) == 0 else {
            let failure = StorageError.system("write", target)
            _ = unsafe rename(aside, target)
            throw failure
        }
        try remove(aside)
    }

    /// Exchanges two names in one step, where the system can: Linux's renameat2(2) with RENAME_EXCHANGE. It is looked
    /// up by name because the C library's module declares it only for GNU sources.
    private static func exchange(_ first: String, _ second: String) -> Bool {
        typealias RenameAt2 = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        guard let symbol = unsafe dlsym(nil, "renameat2") else { return false }
        let renameAt2 = unsafe unsafeBitCast(symbol, to: RenameAt2.self)
        let exchangeFlag: UInt32 = 2
        return unsafe renameAt2(AT_FDCWD, first, AT_FDCWD, second, exchangeFlag) == 0
    }

    /// The folder that a symbolic link names, so that the link stays and its folder is replaced.
    private static func resolvingLink(_ path: String) -> String {
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
