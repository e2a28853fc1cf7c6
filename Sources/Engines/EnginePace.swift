/// When to look at an engine again.
package struct EnginePace: Sendable {
    /// Time between two looks at most.
    private let every: Duration

    /// However much an engine has to say, it is not asked, and the federation is not told, more often.
    package static let shortest: Duration = .milliseconds(200)

    /// - Parameter every: time between two looks while nothing changes.
    package init(every: Duration) { self.every = every }

    /// Whether it is time.
    ///
    /// - Parameters:
    ///   - elapsed: since the last look ended.
    ///   - hasNews: whether the engine has said something since that look began.
    package func isDue(after elapsed: Duration, hasNews: Bool) -> Bool {
        elapsed >= every || (hasNews && elapsed >= Self.shortest)
    }
}
