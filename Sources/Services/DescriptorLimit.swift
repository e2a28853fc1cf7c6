import Glibc

/// How many files and connections the process may hold. The usual soft limit of 1,024 is used up by as many connections,
/// and then nothing can be opened any more, the databases included.
enum DescriptorLimit {
    /// More than any server here needs.
    private static let wanted: rlim_t = 65_536

    /// Raises the limit as far as the system allows without privileges, up to ``wanted``.
    static func raise() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < wanted else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        _ = unsafe setrlimit(resource, &limit)
    }
}
