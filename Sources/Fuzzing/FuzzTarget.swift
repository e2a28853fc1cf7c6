/// A decoder that a peer or a file reaches, as a function of the bytes alone: it takes them or it does not, and whatever
/// they are it comes to an end, in memory that is in proportion to them.
///
/// The same targets are run by `fl-fuzz`, which looks for inputs that break that, and by a test that replays the inputs
/// that were kept.
package struct FuzzTarget: Sendable {
    /// How it is called.
    package let name: String
    /// Bytes that an input has at most while inputs are looked for.
    package let longest: Int
    private let examples: @Sendable () throws -> [[UInt8]]
    private let body: @Sendable ([UInt8]) throws -> Void

    /// A target.
    ///
    /// - Parameters:
    ///   - examples: inputs that are taken, to begin the search with.
    ///   - body: what is done with an input; it throws ``Finding`` where it does not keep what it promises, and anything
    ///     else where it does not take the input.
    init(
        _ name: String, longest: Int = 4_096, examples: @escaping @Sendable () throws -> [[UInt8]],
        _ body: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.name = name
        self.longest = longest
        self.examples = examples
        self.body = body
    }

    /// A target whose examples are texts.
    init(
        _ name: String, longest: Int = 4_096, texts: [String], _ body: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.init(name, longest: longest, examples: { texts.map { Array($0.utf8) } }, body)
    }

    /// Something is not as it should be, though nothing trapped.
    package struct Finding: Error, CustomStringConvertible {
        /// One line.
        package let description: String

        init(_ description: String) { self.description = description }
    }

    /// Inputs that are taken.
    package func seeds() throws -> [[UInt8]] { try examples() }

    /// Runs the decoder.
    ///
    /// - Returns: why the input was refused; `nil` for one that was taken.
    /// - Throws: ``Finding``.
    @discardableResult package func run(_ input: [UInt8]) throws -> String? {
        do {
            try body(input)
            return nil
        } catch let finding as Finding {
            throw finding
        } catch {
            // What is refused is said in words, and making them must not fail either.
            return "\(error)"
        }
    }

    /// Every target.
    package static let all: [FuzzTarget] =
        wire + nodes + models + text + sources + files + alarms + places + settings + stored

    /// What is written must be read as what it was.
    static func require(_ holds: @autoclosure () throws -> Bool, _ what: @autoclosure () -> String) throws {
        guard try holds() else { throw Finding(what()) }
    }
}
