import Glibc

/// Zeroed scratch memory for kernels, 64-byte aligned; freed with its owner.
@safe
final class AlignedBuffer<Element: BitwiseCopyable> {
    /// First element.
    let base: UnsafeMutablePointer<Element>
    /// Number of elements.
    let count: Int

    /// - Throws: ``AcceleratorError`` when there is not that much memory.
    init(count: Int, _ purpose: String) throws {
        var address: UnsafeMutableRawPointer?
        let (size, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow, unsafe posix_memalign(&address, 64, size) == 0, let address = unsafe address else {
            throw AcceleratorError(.outOfMemory, purpose, found: "no memory for \(count) numbers")
        }
        unsafe memset(address, 0, size)
        unsafe base = address.bindMemory(to: Element.self, capacity: max(count, 1))
        self.count = count
    }

    deinit { unsafe free(base) }
}

extension Int {
    /// The smallest multiple of 16 that is not less.
    var roundedUpToVector: Int { (self + 15) & ~15 }
}
