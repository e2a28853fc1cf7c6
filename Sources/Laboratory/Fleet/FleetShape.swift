import Numerics

/// The network whose updates travel in measurements of a federation: windows of 20 samples of 32 metrics, an encoder of 2h and
/// h units. With h = 32 it has 73,248 parameters: the network that peers are measured with.
struct FleetShape {
    /// Metrics of a window.
    static let features = 32
    /// Samples of a window.
    static let window = 20
    private static let widest = 1_024

    /// Units of the encoder's layers.
    let hidden: [Int]

    /// The one whose parameters are nearest to a number.
    init(parameters wanted: Int) {
        func distance(_ width: Int) -> Int { abs(Self.parameters(width) - wanted) }
        // Parameters grow with the width: the first that has enough, or the one before it.
        var (low, high) = (1, Self.widest)
        while low < high {
            let middle = (low + high) / 2
            if Self.parameters(middle) < wanted { low = middle + 1 } else { high = middle }
        }
        let width = low > 1 && distance(low - 1) <= distance(low) ? low - 1 : low
        hidden = [2 * width, width]
    }

    /// Parameters that it has.
    var parameters: Int { Self.parameters(hidden[1]) }

    private static func parameters(_ width: Int) -> Int {
        AutoencoderShape(features: features, window: window, hidden: [2 * width, width]).parameterCount
    }

    /// The server's options for it.
    var options: [String] {
        ["--window", "\(Self.window)", "--hidden", hidden.map(String.init).joined(separator: ",")]
    }
}
