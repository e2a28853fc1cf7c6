import CZeroMQ

/// Memory that the allocator keeps for later although nothing is in it.
enum FreeMemory {
    /// Gives it back to the system (glibc's `malloc_trim`); takes some milliseconds.
    static func giveBack() { malloc_trim(0) }
}
