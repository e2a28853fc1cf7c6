import COpenCL
import Synchronization

/// A device with the kernels built for it, shared by all engines on it.
///
/// Unchecked: the handle is set once and released when nobody is left; OpenCL 1.2 allows every call but
/// `clSetKernelArg` from any thread (its appendix A.2), and programs are behind a lock.
@safe
final class OpenCLContext: @unchecked Sendable {
    /// The device.
    let device: OpenCLDevice
    /// Its library.
    var library: OpenCLLibrary { device.library }
    /// Windows of a block; see `autoencoder.cl`.
    let rows: Int
    /// Work-items of a work-group, a power of two.
    let groupItems: Int
    let context: UnsafeMutableRawPointer
    /// The kernels that exchange a step's results in local memory, and those that do it in global memory.
    private let programs: Mutex<[Bool: OpenCLProgram]>

    /// - Throws: ``AcceleratorError`` when the device does not take part.
    init(device: OpenCLDevice) throws {
        self.device = device
        rows = device.vectorWidth >= 16 ? 16 : 8
        var items = device.kind == .cpu ? 32 : 64
        while items > device.largestGroup { items /= 2 }
        groupItems = items
        var id: UnsafeMutableRawPointer? = unsafe device.id
        var status: OCLStatus = 0
        let made = unsafe device.library.functions.createContext(nil, 1, &id, nil, nil, &status)
        try device.library.check(status, "context", on: device.name)
        guard let made = unsafe made else {
            throw AcceleratorError(.deviceFailed, "context", found: "\(device.name) gives none")
        }
        unsafe context = unsafe made
        programs = Mutex([:])
    }

    deinit { _ = unsafe library.functions.releaseContext(context) }

    /// The kernels, built when they are first asked for.
    func program(localState: Bool) throws -> OpenCLProgram {
        try programs.withLock { programs in
            if let program = programs[localState] { return program }
            let program = try OpenCLProgram(self, localState: localState)
            programs[localState] = program
            return program
        }
    }
}

/// The kernels' source, compiled for one device.
///
/// Unchecked: the handle never changes, and each engine makes kernels of its own from it, so that no two threads set
/// arguments of the same kernel.
@safe
final class OpenCLProgram: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
    private let library: OpenCLLibrary

    /// - Throws: ``AcceleratorError`` with what the compiler says.
    init(_ context: OpenCLContext, localState: Bool) throws {
        library = context.library
        let (library, device) = (context.library, context.device)
        var status: OCLStatus = 0
        let source = PackageResources.autoencoder_cl
        let made = unsafe source.withUnsafeBytes { bytes in
            let text = unsafe bytes.bindMemory(to: CChar.self)
            var start = text.baseAddress
            var length = text.count
            return unsafe library.functions.createProgramWithSource(context.context, 1, &start, &length, &status)
        }
        try library.check(status, "kernels", on: device.name)
        guard let made = unsafe made else {
            throw AcceleratorError(.deviceFailed, "kernels", found: "\(device.name) takes no source")
        }
        unsafe handle = unsafe made
        let options = "-cl-std=CL1.2 -D ROWS=\(context.rows) -D LOCAL_STATE=\(localState ? 1 : 0)"
        var id: UnsafeMutableRawPointer? = unsafe device.id
        let built = unsafe library.functions.buildProgram(handle, 1, &id, options, nil, nil)
        guard built == 0 else {
            let log = unsafe Self.log(of: handle, library: library, device: device)
            _ = unsafe library.functions.releaseProgram(handle)
            throw AcceleratorError(
                .deviceFailed, "kernels", found: "OpenCL error \(built) of \(device.name) while compiling: \(log)")
        }
    }

    deinit { _ = unsafe library.functions.releaseProgram(handle) }

    private static func log(
        of program: UnsafeMutableRawPointer, library: OpenCLLibrary, device: OpenCLDevice
    ) -> String {
        var size = 0
        let name = UInt32(OCLProgramBuildLog)
        guard unsafe library.functions.getProgramBuildInfo(program, device.id, name, 0, nil, &size) == 0, size > 0,
            size < 1 << 20
        else { return "no log" }
        var bytes = [UInt8](repeating: 0, count: size)
        guard unsafe library.functions.getProgramBuildInfo(program, device.id, name, size, &bytes, nil) == 0 else {
            return "no log"
        }
        return OpenCLDevice.printable(bytes)
    }
}
