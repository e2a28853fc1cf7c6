import Glibc

/// What lies at the path of a followed file.
enum FoundThing {
    case nothing
    case file(inode: UInt64)
    /// Something else, in words.
    case other(String)

    init(at path: String) {
        var found = stat()
        guard unsafe stat(path, &found) == 0 else {
            self = .nothing
            return
        }
        switch found.st_mode & S_IFMT {
        case S_IFREG: self = .file(inode: UInt64(found.st_ino))
        case S_IFIFO: self = .other("a pipe, which is read as a source of the kind stdin")
        case S_IFDIR: self = .other("a folder")
        case S_IFSOCK: self = .other("a socket")
        default: self = .other("a device")
        }
    }

    /// What is wrong with it, and whether that is told at once; `nil`: nothing. A file that is open is read on when it has
    /// no name any more.
    func trouble(isOpen: Bool) -> (text: String, isTold: Bool)? {
        switch self {
        case .nothing: isOpen ? nil : ("there is no such file", false)
        case .file: isOpen ? nil : ("the file cannot be opened", false)
        case .other(let what): ("found \(what); expected a file, for which is looked again", true)
        }
    }
}
