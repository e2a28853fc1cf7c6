public import Numerics

extension AutoencoderShape {
    /// Most parameters that anything here trains, stores or reads: 400 MB of weights, and about eight times that to train.
    public static let mostParameters = 100_000_000
    /// Most bytes of activations that the 32 windows of one pass may take.
    public static let mostWorkspaceBytes = 4 << 30

    /// The number of parameters, of any sizes: as a `Double` it does not overflow.
    var estimatedParameterCount: Double {
        layers.reduce(Double(features) * Double(hidden[0] + 1)) { sum, layer in
            sum + 4 * Double(layer.outputs) * (Double(layer.inputs) + Double(layer.outputs) + 2)
        }
    }

    /// Bytes of the activations of 32 windows in training: windows and reconstruction, gates, cells, their tanh and
    /// hidden states of each layer, and two gradients of the widest.
    var estimatedWorkspaceBytes: Double {
        let widths = hidden.map(Double.init)
        let numbers = 2 * Double(features) + 14 * widths.reduce(0, +) + 2 * widths.reduce(0, max)
        return 32 * 4 * (Double(window) + 1) * numbers
    }

    /// Why nobody should ask for memory for a network of these sizes, as what was found and what was expected; `nil` for
    /// those within the limits. Checked before anything is allocated: when training is configured, when a model is read,
    /// and when an engine is made.
    public var excess: (found: String, expected: String)? {
        let parameters = estimatedParameterCount
        if parameters > Double(Self.mostParameters) {
            return (
                "\(Self.rounded(parameters / 1e6)) million parameters for \(sizes)",
                "at most \(Self.mostParameters / 1_000_000) million"
            )
        }
        let bytes = estimatedWorkspaceBytes
        if bytes > Double(Self.mostWorkspaceBytes) {
            return (
                "\(Self.rounded(bytes / 0x1p30)) GiB of activations for \(sizes)",
                "at most \(Self.mostWorkspaceBytes >> 30) GiB for 32 windows"
            )
        }
        return nil
    }

    private var sizes: String {
        "\(features) metric\(features == 1 ? "" : "s"), windows of \(window) and layers of \(hidden.map(String.init).joined(separator: ", "))"
    }

    private static func rounded(_ value: Double) -> String {
        value < 1e15 ? "\(Int(value.rounded(.up)))" : "\(value)"
    }

    /// Refuses a network beyond the limits.
    ///
    /// - Throws: ``AcceleratorError`` with the code `outOfMemory`.
    func checkLimits() throws {
        if let excess {
            throw AcceleratorError(.outOfMemory, "network", found: "\(excess.found) (expected \(excess.expected))")
        }
    }
}
