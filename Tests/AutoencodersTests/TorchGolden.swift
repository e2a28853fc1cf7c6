import Autoencoders
import Foundation
import Numerics
import Platform

/// One golden file of `scripts/make-torch-goldens.py`: inputs in single precision, results in double precision.
struct TorchGolden {
    static let names = ["two-layers", "ones", "three-layers", "clipped", "long"]

    let file: Safetensors
    let shape: AutoencoderShape
    let batch: Int
    let clipNorm: Double?
    let learningRate: Double

    init(_ name: String) throws {
        let url = Bundle.module.resourceURL?.appending(path: "Goldens/\(name).safetensors")
        let file = try Safetensors(contentsOf: url?.path ?? "Goldens/\(name).safetensors")
        func number(_ key: String) throws -> Double {
            guard let value = file.metadata[key].flatMap(Double.init) else { throw MissingField(name: key) }
            return value
        }
        let hidden = (file.metadata["hidden"] ?? "").split(separator: ",").compactMap { Int($0) }
        shape = AutoencoderShape(
            features: Int(try number("features")), window: Int(try number("window")), hidden: hidden)
        batch = Int(try number("batch"))
        clipNorm = file.metadata["clip"].flatMap(Double.init)
        learningRate = try number("rate")
        self.file = file
    }

    struct MissingField: Error { let name: String }

    /// The weights to start from, `[P]`.
    func parameters() throws -> Tensor<Float> {
        let values = try shape.parameters.flatMap { parameter in
            try file.tensor("parameter/\(parameter.name)", shape: parameter.shape).elements
        }
        return Tensor(values, shape: [values.count])
    }

    /// The windows, `[B, T, F]`.
    func windows() throws -> Tensor<Float> {
        try file.tensor("windows", shape: [batch, shape.window, shape.features])
    }

    /// A result with one part for each parameter, in the order of the flat vector.
    func flat(_ kind: String) throws -> [Double] {
        try shape.parameters.flatMap { parameter in
            try file.doubleTensor("\(kind)/\(parameter.name)", shape: parameter.shape).elements
        }
    }

    func values(_ name: String, shape: [Int]) throws -> [Double] {
        try file.doubleTensor(name, shape: shape).elements
    }
}

extension Tensor {
    /// The same numbers in double precision.
    var widened: Tensor<Double> { Tensor<Double>(elements.map(Double.init), shape: shape) }
}

/// The largest difference between two lists of the same length.
func largestDifference(_ a: some Sequence<Double>, _ b: some Sequence<Double>) -> Double {
    zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
