package import COpenCL

/// The functions of the OpenCL library on this machine, found at run time: a build needs nothing of it, and a machine
/// without it simply has no such devices.
///
/// Unchecked: a table of pointers to C functions, which the library never unloads.
@safe
package struct OpenCLLibrary: @unchecked Sendable {
    /// The library's functions; a test may replace one to see what a failing driver does.
    package var functions: OCLFunctions

    /// A library with these functions.
    package init(functions: OCLFunctions) { self.functions = functions }

    private static let loaded: Result<OpenCLLibrary, AcceleratorError> = {
        var missing: UnsafePointer<CChar>?
        guard let table = unsafe OCLLoad("libOpenCL.so.1", &missing) else {
            let reason = unsafe missing.map { unsafe String(cString: $0) } ?? "it cannot be loaded"
            return .failure(AcceleratorError(.notAvailable, "libOpenCL.so.1", found: reason))
        }
        return .success(OpenCLLibrary(functions: unsafe table.pointee))
    }()

    /// The library of this machine.
    ///
    /// - Throws: ``AcceleratorError`` with the code `notAvailable`.
    package static func load() throws -> OpenCLLibrary { try loaded.get() }

    /// The library's devices, in the order in which it lists platforms and their devices.
    ///
    /// - Throws: ``AcceleratorError`` with the code `notAvailable` when there is none.
    package func devices() throws -> [OpenCLDevice] {
        var found: [OpenCLDevice] = []
        let platforms = unsafe platforms()
        for number in unsafe platforms.indices {
            let platform = unsafe platforms[number]
            var count: UInt32 = 0
            let types = UInt64(OCLTypeAll)
            guard unsafe functions.getDeviceIDs(platform, types, 0, nil, &count) == 0, count > 0 else { continue }
            var ids = unsafe [UnsafeMutableRawPointer?](repeating: nil, count: Int(count))
            guard unsafe functions.getDeviceIDs(platform, types, count, &ids, nil) == 0 else { continue }
            for place in unsafe ids.indices {
                guard let id = unsafe ids[place] else { continue }
                if let device = unsafe OpenCLDevice(library: self, id: id, index: found.count) { found.append(device) }
            }
        }
        guard !found.isEmpty else {
            throw AcceleratorError(
                .notAvailable, "OpenCL", found: "the library is here, but no device with OpenCL 1.2 and a compiler")
        }
        return found
    }

    private func platforms() -> [UnsafeMutableRawPointer] {
        var count: UInt32 = 0
        guard unsafe functions.getPlatformIDs(0, nil, &count) == 0, count > 0 else { return unsafe [] }
        var ids = unsafe [UnsafeMutableRawPointer?](repeating: nil, count: Int(count))
        guard unsafe functions.getPlatformIDs(count, &ids, nil) == 0 else { return unsafe [] }
        return unsafe ids.compactMap { unsafe $0 }
    }

    /// Turns a function's result into an error unless it is 0.
    func check(_ status: OCLStatus, _ operation: String, on device: String) throws {
        guard status != 0 else { return }
        let memory = [OCLAllocationFailure, OCLOutOfHostMemory, OCLInvalidBufferSize].map { OCLStatus($0) }
        throw AcceleratorError(
            memory.contains(status) ? .outOfMemory : .deviceFailed, operation,
            found: "OpenCL error \(status) (\(Self.meaning(status))) of \(device)")
    }

    private static func meaning(_ status: OCLStatus) -> String {
        switch Int(status) {
        case -1: "no device found"
        case -2: "device not available"
        case -3: "no compiler"
        case -4: "no memory for a buffer"
        case -5: "out of resources"
        case -6: "out of memory of the host"
        case -11: "the kernels do not compile"
        case -14: "a command before it failed"
        case -36: "invalid queue"
        case -54, -55, -63: "invalid size of a work-group"
        case -61: "a buffer larger than the device allows"
        default: "see cl.h"
        }
    }
}
