import COpenCL

/// Device memory; freed with its owner.
@safe
final class OpenCLBuffer {
    let handle: UnsafeMutableRawPointer
    let bytes: Int
    private let library: OpenCLLibrary

    /// Memory for `count` elements of four bytes.
    ///
    /// - Throws: ``AcceleratorError`` when the device has not that much.
    init(_ context: OpenCLContext, count: Int, _ purpose: String) throws {
        library = context.library
        let (size, overflow) = max(count, 1).multipliedReportingOverflow(by: 4)
        guard !overflow else {
            throw AcceleratorError(.outOfMemory, purpose, found: "no memory for \(count) numbers")
        }
        bytes = size
        var status: OCLStatus = 0
        let made = unsafe library.functions.createBuffer(
            context.context, UInt64(OCLMemoryReadWrite), size, nil, &status)
        try library.check(status, "\(purpose), \(size >> 20) MiB", on: context.device.name)
        guard let made = unsafe made else {
            throw AcceleratorError(.outOfMemory, purpose, found: "\(context.device.name) gives none")
        }
        unsafe handle = unsafe made
    }

    deinit { _ = unsafe library.functions.releaseMemObject(handle) }
}

/// An engine's own queue of commands, done in their order, with its own kernels.
@safe
final class OpenCLQueue {
    /// The kernels of `autoencoder.cl`.
    enum Kernel: String, CaseIterable {
        case gatherWindows, product, layerForward, residuals, spreadWindows, layerBackward, sumSteps, weightGradient
        case addSlots, clipFactor, adam, transposeParameters
    }

    /// One argument of a kernel.
    enum Argument {
        case buffer(OpenCLBuffer)
        case number(Int)
        case real(Float)
        case localBytes(Int)
    }

    let context: OpenCLContext
    private let queue: UnsafeMutableRawPointer
    private var kernels: [Kernel: UnsafeMutableRawPointer] = unsafe [:]
    private let program: OpenCLProgram
    /// Work-items of a work-group that every kernel can have, a power of two.
    private(set) var groupItems: Int

    private var functions: OCLFunctions { context.library.functions }

    /// - Throws: ``AcceleratorError`` when the device gives no queue or does not build the kernels.
    init(_ context: OpenCLContext, localState: Bool) throws {
        self.context = context
        program = try context.program(localState: localState)
        groupItems = context.groupItems
        let library = context.library
        var status: OCLStatus = 0
        let made = unsafe library.functions.createCommandQueue(context.context, context.device.id, 0, &status)
        try library.check(status, "queue", on: context.device.name)
        guard let made = unsafe made else {
            throw AcceleratorError(.deviceFailed, "queue", found: "\(context.device.name) gives none")
        }
        unsafe queue = unsafe made
        for kernel in Kernel.allCases {
            let made = unsafe library.functions.createKernel(program.handle, kernel.rawValue, &status)
            try library.check(status, "kernel \(kernel.rawValue)", on: context.device.name)
            guard let made = unsafe made else {
                throw AcceleratorError(.deviceFailed, "kernel", found: "\(context.device.name) gives none")
            }
            unsafe kernels[kernel] = unsafe made
            var limit = 0
            let asked = unsafe library.functions.getKernelWorkGroupInfo(
                made, context.device.id, UInt32(OCLKernelWorkGroupSize), MemoryLayout<Int>.size, &limit, nil)
            while asked == 0, limit > 0, groupItems > limit { groupItems /= 2 }
        }
    }

    deinit {
        _ = unsafe functions.finish(queue)
        for kernel in Kernel.allCases {
            if let handle = unsafe kernels[kernel] { _ = unsafe functions.releaseKernel(handle) }
        }
        _ = unsafe functions.releaseCommandQueue(queue)
    }

    private func check(_ status: OCLStatus, _ operation: String) throws {
        try context.library.check(status, operation, on: context.device.name)
    }

    /// Enqueues a kernel over `items` work-items (the first axis is rounded up to whole work-groups) or, when `groups` is
    /// given, over so many work-groups.
    func launch(_ kernel: Kernel, items: [Int] = [], groups: Int? = nil, _ arguments: [Argument]) throws {
        guard let handle = unsafe kernels[kernel] else { preconditionFailure("every kernel was made") }
        for (index, argument) in arguments.enumerated() {
            let status: OCLStatus
            switch argument {
            case .buffer(let buffer):
                var memory = unsafe buffer.handle
                status = unsafe functions.setKernelArg(
                    handle, UInt32(index), MemoryLayout<UnsafeMutableRawPointer>.size, &memory)
            case .number(let number):
                var value = Int32(truncatingIfNeeded: number)
                status = unsafe functions.setKernelArg(handle, UInt32(index), 4, &value)
            case .real(let number):
                var value = number
                status = unsafe functions.setKernelArg(handle, UInt32(index), 4, &value)
            case .localBytes(let count):
                status = unsafe functions.setKernelArg(handle, UInt32(index), count, nil)
            }
            try check(status, "argument \(index) of \(kernel.rawValue)")
        }
        var global = items
        if let groups { global = [groups * groupItems] }
        global[0] = (global[0] + groupItems - 1) / groupItems * groupItems
        var local = [Int](repeating: 1, count: global.count)
        local[0] = groupItems
        let status = unsafe functions.enqueueNDRangeKernel(
            queue, handle, UInt32(global.count), nil, global, local, 0, nil, nil)
        try check(status, kernel.rawValue)
    }

    /// Copies elements to the device and waits for it.
    func write<Element: BitwiseCopyable>(_ source: UnsafeBufferPointer<Element>, to buffer: OpenCLBuffer) throws {
        guard let base = source.baseAddress, source.count > 0 else { return }
        precondition(source.count * MemoryLayout<Element>.stride <= buffer.bytes, "more than the buffer holds")
        try check(
            unsafe functions.enqueueWriteBuffer(
                queue, buffer.handle, 1, 0, source.count * MemoryLayout<Element>.stride, base, 0, nil, nil),
            "copy to the device")
    }

    /// Waits for all commands and copies elements from the device.
    func read<Element: BitwiseCopyable>(
        _ buffer: OpenCLBuffer, into target: UnsafeMutableBufferPointer<Element>
    ) throws {
        guard let base = target.baseAddress, target.count > 0 else { return }
        precondition(target.count * MemoryLayout<Element>.stride <= buffer.bytes, "more than the buffer holds")
        try check(
            unsafe functions.enqueueReadBuffer(
                queue, buffer.handle, 1, 0, target.count * MemoryLayout<Element>.stride, base, 0, nil, nil),
            "copy from the device")
    }

    /// Fills a buffer with one number.
    func fill(_ buffer: OpenCLBuffer, with value: Float = 0) throws {
        var pattern = value
        try check(
            unsafe functions.enqueueFillBuffer(queue, buffer.handle, &pattern, 4, 0, buffer.bytes, 0, nil, nil), "fill")
    }

    /// Lets the device begin with what is enqueued.
    func flush() throws { try check(unsafe functions.flush(queue), "flush") }
}
