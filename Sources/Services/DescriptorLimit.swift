import Glibc

/// How many files and connections the process may hold. The usual soft limit of 1,024 is used up by as many connections,
/// and then nothing can be opened any more, the databases included.
package enum DescriptorLimit {
    /// What a process needs beside its connections: databases, logs, HTTP (256 connections), the system's own.
    private static let own = 512
    /// Connections of one worker.
    private static let each = 2
    /// However few workers there may be: connections of strangers need descriptors too.
    private static let least = 4_096
    /// Taken where it is to be had without privileges, whatever is needed.
    private static let usual = 65_536

    /// Fewer, and a service cannot open what it works with; the message library ends the process then.
    private static let fewest = 128

    /// What a server of so many workers needs, or a process that has the connections of so many.
    package static func needed(workers: Int) -> Int { max(least, own + each * workers) }

    /// Workers whose connections so many descriptors are enough for.
    package static func workers(within limit: Int) -> Int { max(0, (limit - own) / each) }

    /// Raises the limit as ``raise(to:)`` does, for a service that is about to open its databases and sockets.
    ///
    /// - Returns: how many it may hold now.
    /// - Throws: ``ServiceError`` with the code `unavailable` where that is too few to start with.
    @discardableResult package static func require(_ wanted: Int) throws(ServiceError) -> Int {
        let allowed = raise(to: wanted)
        guard allowed >= fewest else {
            throw ServiceError(
                .unavailable,
                "the system allows \(allowed) descriptors, expected at least \(fewest): "
                    + "raise the hard limit (ulimit -Hn, LimitNOFILE)")
        }
        return allowed
    }

    /// Raises the limit of this process as far as the system allows, to what is wanted or more.
    ///
    /// - Returns: how many it may hold now.
    @discardableResult package static func raise(to wanted: Int) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
        if limit.rlim_max < rlim_t(clamping: wanted) {
            // Beyond the hard limit only who is privileged gets.
            var raised = limit
            raised.rlim_max = rlim_t(clamping: wanted)
            if unsafe setrlimit(resource, &raised) == 0 { limit = raised }
        }
        let target = min(limit.rlim_max, rlim_t(clamping: max(wanted, usual)))
        if limit.rlim_cur < target {
            limit.rlim_cur = target
            _ = unsafe setrlimit(resource, &limit)
        }
        guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }
}
