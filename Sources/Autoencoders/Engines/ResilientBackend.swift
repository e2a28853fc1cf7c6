public import Numerics
import Synchronization

/// A backend on a device that may fail in the middle of its work (lost, out of memory): its engines then go on with
/// another backend, and nothing is lost.
///
/// An engine here remembers the last state that was on the host (the parameters and the optimiser that it was given, or
/// that were read from it, as training does after every epoch) and which batches were trained since. When the device fails,
/// the other backend starts from that state and computes those batches again, so the result is that of a run that changed
/// its device between two epochs. After a device has failed, new engines do not use it; one that lacked memory is asked
/// again.
public struct ResilientBackend: AcceleratorBackend {
    private let primary: any AcceleratorBackend
    private let makeSpare: @Sendable () throws -> any AcceleratorBackend
    private let failures: Failures

    /// What happened so far: each kind of failure is told once.
    final class Failures: Sendable {
        private let told = Mutex<Set<AcceleratorError.Code>>([])
        private let tell: @Sendable (String) -> Void
        private let device: String

        init(device: String, tell: @escaping @Sendable (String) -> Void) {
            self.device = device
            self.tell = tell
        }

        /// Whether the device is not to be used any more.
        var isLost: Bool { told.withLock { $0.contains(.deviceFailed) } }

        func report(_ error: AcceleratorError, spare: String, batches: Int) {
            guard told.withLock({ $0.insert(error.code).inserted }) else { return }
            let again = batches > 0 ? "; \(batches) batches are computed again" : ""
            tell("accelerator \(device) failed: \(error); going on with \(spare)\(again)")
        }
    }

    /// A backend that falls back.
    ///
    /// - Parameters:
    ///   - primary: what computes as long as it can.
    ///   - spare: gives what computes afterwards.
    ///   - onFailure: hears one line for each kind of failure; called on the thread that computes.
    public init(
        _ primary: any AcceleratorBackend, spare: @escaping @Sendable () throws -> any AcceleratorBackend,
        onFailure: @escaping @Sendable (String) -> Void
    ) {
        self.primary = primary
        makeSpare = spare
        failures = Failures(device: primary.device.name, tell: onFailure)
    }

    /// The device as long as it works: what a run is known by does not change in its middle.
    public var device: DeviceDescription { primary.device }

    /// An engine on the device, or on the spare backend when the device gives none.
    public func makeEngine(shape: AutoencoderShape, maximumBatch: Int) throws -> any AutoencoderEngine {
        let (makeSpare, failures) = (makeSpare, failures)
        let spareEngine = {
            let spare = try makeSpare()
            return (try spare.makeEngine(shape: shape, maximumBatch: maximumBatch), spare.device.backend)
        }
        if failures.isLost { return ResilientEngine(onSpare: try spareEngine(), failures: failures) }
        do {
            let engine = try primary.makeEngine(shape: shape, maximumBatch: maximumBatch)
            return ResilientEngine(engine, spare: spareEngine, failures: failures)
        } catch let error as AcceleratorError where error.isOfTheDevice {
            let spare = try spareEngine()
            failures.report(error, spare: spare.1, batches: 0)
            return ResilientEngine(onSpare: spare, failures: failures)
        }
    }
}

extension AcceleratorError {
    /// Whether another device could do better.
    var isOfTheDevice: Bool { code == .deviceFailed || code == .outOfMemory }
}

/// An engine that changes its device when that fails; see ``ResilientBackend``.
final class ResilientEngine: AutoencoderEngine {
    let shape: AutoencoderShape
    private var engine: any AutoencoderEngine
    private let makeSpare: () throws -> (engine: any AutoencoderEngine, backend: String)
    private let failures: ResilientBackend.Failures
    private var isSpare = false
    private(set) var successor: String?
    /// The last state on the host.
    private var parametersThen: Tensor<Float>
    private var stateThen: AdamState
    /// What was trained since.
    private var journal: [Entry] = []
    /// What has been read since the last batch.
    private var freshParameters: Tensor<Float>?
    private var freshState: AdamState?

    private struct Entry {
        var windows: WindowBatch
        var size: Int
        var adam: AdamConfiguration
    }

    /// Calls after which the state is fetched, so that little has to be computed again.
    private static let longestJournal = 4096

    init(
        _ engine: any AutoencoderEngine, spare: @escaping () throws -> (any AutoencoderEngine, String),
        failures: ResilientBackend.Failures
    ) {
        shape = engine.shape
        self.engine = engine
        makeSpare = spare
        self.failures = failures
        parametersThen = Tensor(shape: [shape.parameterCount])
        stateThen = AdamState(parameterCount: shape.parameterCount)
    }

    /// An engine that begins on the spare backend.
    convenience init(
        onSpare spare: (engine: any AutoencoderEngine, backend: String), failures: ResilientBackend.Failures
    ) {
        self.init(spare.engine, spare: { spare }, failures: failures)
        isSpare = true
        successor = spare.backend
    }

    var batchesPerCall: Int { engine.batchesPerCall }

    func parameters() throws -> Tensor<Float> {
        let value = try attempt { try $0.parameters() }
        freshParameters = value
        rememberWhatIsFresh()
        return value
    }

    func optimizerState() throws -> AdamState {
        let value = try attempt { try $0.optimizerState() }
        freshState = value
        rememberWhatIsFresh()
        return value
    }

    func setParameters(_ parameters: Tensor<Float>) throws {
        if !journal.isEmpty, freshState == nil { _ = try optimizerState() }
        freshParameters = parameters
        rememberWhatIsFresh()
        if journal.isEmpty { parametersThen = parameters }
        try attempt { try $0.setParameters(parameters) }
    }

    func setOptimizerState(_ state: AdamState) throws {
        if !journal.isEmpty, freshParameters == nil { _ = try parameters() }
        freshState = state
        rememberWhatIsFresh()
        if journal.isEmpty { stateThen = state }
        try attempt { try $0.setOptimizerState(state) }
    }

    func trainStep(_ batch: WindowBatch, adam: AdamConfiguration) throws -> Double {
        try trainSteps(batch, size: max(1, batch.count), adam: adam)[0]
    }

    func trainSteps(_ windows: WindowBatch, size: Int, adam: AdamConfiguration) throws -> [Double] {
        let losses = try attempt { try $0.trainSteps(windows, size: size, adam: adam) }
        (freshParameters, freshState) = (nil, nil)
        guard !isSpare else { return losses }
        journal.append(Entry(windows: windows, size: size, adam: adam))
        if journal.count >= Self.longestJournal {
            _ = try parameters()
            _ = try optimizerState()
        }
        return losses
    }

    func lossAndGradient(_ batch: WindowBatch) throws -> (loss: Double, gradient: Tensor<Float>) {
        try attempt { try $0.lossAndGradient(batch) }
    }

    func reconstruct(_ batch: WindowBatch) throws -> Tensor<Float> { try attempt { try $0.reconstruct(batch) } }

    func windowErrors(_ batch: WindowBatch) throws -> Tensor<Float> { try attempt { try $0.windowErrors(batch) } }

    func lastResiduals(_ batch: WindowBatch) throws -> Tensor<Float> { try attempt { try $0.lastResiduals(batch) } }

    private func rememberWhatIsFresh() {
        guard let freshParameters, let freshState else { return }
        (parametersThen, stateThen) = (freshParameters, freshState)
        journal = []
    }

    /// Does something on the device, or again on the spare one when the device fails at it.
    private func attempt<Result>(_ work: (any AutoencoderEngine) throws -> Result) throws -> Result {
        if isSpare { return try work(engine) }
        do {
            return try work(engine)
        } catch let error as AcceleratorError where error.isOfTheDevice {
            try fallBack(after: error)
        }
        return try work(engine)
    }

    private func fallBack(after error: AcceleratorError) throws {
        let spare = try makeSpare()
        failures.report(
            error, spare: spare.backend,
            batches: journal.reduce(0) { $0 + ($1.windows.count + $1.size - 1) / $1.size })
        try spare.engine.setParameters(parametersThen)
        try spare.engine.setOptimizerState(stateThen)
        for entry in journal {
            _ = try spare.engine.trainSteps(entry.windows, size: entry.size, adam: entry.adam)
        }
        journal = []
        isSpare = true
        successor = spare.backend
        engine = spare.engine
    }
}
