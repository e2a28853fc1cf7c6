import CZeroMQ

/// Memory that the allocator keeps for later although nothing is in it.
package enum FreeMemory {
    /// Gives it back to the system (glibc's `malloc_trim`); takes some milliseconds.
    package static func giveBack() { malloc_trim(0) }

    /// From now on little is kept: threads share two arenas instead of having one each, and what is as large as a model goes
    /// back as soon as it is free. To be called before there are many threads.
    package static func keepLittle() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 256 << 10)
    }
}
