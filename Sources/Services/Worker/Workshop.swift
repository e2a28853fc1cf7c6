import Platform
import Synchronization

/// Fits one model at a time on a thread of its own, and hands it over when somebody asks.
final class Workshop: Sendable {
    /// A model with the streams that it can go on with at once.
    struct Prepared {
        var model: LiveWatch.WatchModel
        var streams: [String: EntityStream]
    }

    /// A version of the federation that cannot watch.
    struct Failure: Error {
        var name: LiveWatch.ModelName
        var reason: any Error
    }

    /// How a piece of work ended.
    enum Finished {
        case success(Prepared)
        case failure(any Error, LiveWatch.ModelName?)
    }

    // Unchecked: handed from thread to thread as a whole, and used by one of them at a time.
    private struct Bench: @unchecked Sendable {
        var finished: Finished?
        var isBusy = false
    }

    private let bench = Mutex<Bench>(Bench())
    private let thread = Mutex<BackgroundThread?>(nil)

    /// Whether nothing is being made or waits to be taken.
    var isFree: Bool {
        let now = bench.withLock { $0 }
        return !now.isBusy && now.finished == nil
    }

    /// Begins a piece of work.
    func start(_ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Prepared) {
        bench.withLock { $0 = Bench(isBusy: true) }
        let made = BackgroundThread(name: "fitting") { [self] isCancelled in
            let result: Bench
            do {
                result = Bench(finished: .success(try body(isCancelled)))
            } catch let failure as Failure {
                result = Bench(finished: .failure(failure.reason, failure.name))
            } catch {
                result = Bench(finished: .failure(error, nil))
            }
            bench.withLock { $0 = result }
        }
        thread.withLock { $0 = made }
    }

    /// What is ready, once.
    func take() -> Finished? {
        let taken = bench.withLock { bench in
            defer { if bench.finished != nil { bench = Bench() } }
            return bench
        }
        return taken.finished
    }

    /// Ends what is being made.
    func stop() {
        let made = thread.withLock { $0 }
        made?.cancel()
        made?.join(upTo: .milliseconds(300))
    }
}
