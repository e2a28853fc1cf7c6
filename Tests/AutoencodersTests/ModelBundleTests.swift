import Autoencoders
import Foundation
import Numerics
import Platform
import Telemetry
import TestSupport
import Testing

@Suite struct ModelBundleTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func whatIsWrittenIsRead() throws {
        var bundle = try Samples.bundle()
        bundle.manifest.scaling["physical.cpu"] = MetricScaler(
            metrics: (0..<3).map {
                .init(name: "metric_\($0)", centre: 0.1, spread: 1 / 3, lowerLimit: -.infinity, upperLimit: 8)
            })
        try bundle.manifest.setSection("detection", to: ["threshold": [0.1, 1e300, 3]])
        let folder = try TemporaryFolder()
        let path = folder.path("model")
        try bundle.write(to: path)
        let read = try ModelBundle.read(path)
        #expect(read == bundle)
        #expect(
            try read.manifest.section("detection", as: [String: [Double]].self) == ["threshold": [0.1, 1e300, 3]])
        #expect(try read.files().map(\.bytes) == bundle.files().map(\.bytes))
        #expect(try FolderContents.names(in: path).count == 4)
        // Over an older model of other groups: nothing of it stays.
        var smaller = bundle
        smaller.manifest.groups.removeLast()
        try smaller.write(to: path)
        #expect(try FolderContents.names(in: path).count == 3)
    }

    /// What `sha256sum` says of a file of weights is what the manifest says.
    @Test func checksumsAreThoseOfTheFiles() throws {
        let bundle = try Samples.bundle()
        let files = Dictionary(try bundle.files().map { ($0.name, $0.bytes) }, uniquingKeysWith: { a, _ in a })
        for group in bundle.manifest.groups {
            let bytes = try #require(files["\(group.name).safetensors"])
            #expect(group.weightsChecksum == SHA256.hexadecimalDigest(of: bytes))
        }
    }

    /// The manifest names no folder of this machine and no time.
    @Test func manifestIsFreeOfPathsAndClocks() throws {
        let files = try Samples.bundle().files()
        let manifest = text(try #require(files.last).bytes)
        #expect(!manifest.contains(FileManager.default.currentDirectoryPath))
        #expect(!manifest.contains("/tmp"))
        #expect(!manifest.contains("threads"))
        #expect(!manifest.contains("\"20"))
    }

    /// Weights in the manifest's order and under PyTorch's names.
    @Test func weightsAreNamedAsInPyTorch() throws {
        let bundle = try Samples.bundle()
        let bytes = try #require(bundle.files().first { $0.name == "physical.cpu.safetensors" }).bytes
        let file = try Safetensors(bytes: bytes, path: "memory")
        #expect(file.shape(of: "encoder.0.weight_ih_l0") == [28, 3])
        #expect(file.shape(of: "encoder.1.weight_hh_l0") == [12, 3])
        #expect(file.shape(of: "decoder.0.bias_ih_l0") == [12])
        #expect(file.shape(of: "output.weight") == [3, 7])
        #expect(file.names.count == 18)
    }

    /// A model on disk, and one of its files changed.
    private func damage(_ name: String, _ change: ([UInt8]) throws -> [UInt8]) throws -> String {
        let folder = try TemporaryFolder()
        let path = folder.path("model")
        try Samples.bundle().write(to: path)
        let file = path + "/" + name
        try FileContents.writeAtomically(change(FileContents.read(file)), to: file)
        do {
            _ = try ModelBundle.read(path)
        } catch {
            let line = "\(error)"
            #expect(!line.contains("\n") && line.contains(name), "\(line)")
            return line
        }
        return "no error"
    }

    private func weights(_ change: (inout [Float]) -> Void) throws -> [UInt8] {
        let shape = AutoencoderShape(features: 3, window: 6, hidden: [7, 3])
        var values = [Float](repeating: 0.5, count: shape.parameterCount)
        change(&values)
        return Safetensors.encode(
            shape.parameters.map {
                ($0.name, Tensor(values[$0.offset..<$0.offset + $0.count], shape: $0.shape))
            })
    }

    @Test func damagedWeightsAreRefused() throws {
        let name = "physical.cpu.safetensors"
        #expect(try damage(name) { Array($0.dropLast(5)) }.contains("within"))
        #expect(try damage(name) { Array($0.prefix(6)) }.contains("6 bytes"))
        #expect(try damage(name) { Array([0, 0, 0, 0, 0, 1, 0, 0] + $0.dropFirst(8)) }.contains("a header of"))
        #expect(try damage(name) { _ in try weights { $0[40] = .nan } }.contains("not finite"))
        #expect(try damage(name) { _ in try weights { $0[0] = .infinity } }.contains("not finite"))
        #expect(try damage(name) { _ in try weights { _ in } }.contains("checksum"))
        #expect(
            try damage(name) { _ in Safetensors.encode([("output.bias", Tensor([1], shape: [1]))]) }
                .contains("no tensor 'encoder.0.weight_ih_l0'"))
        #expect(
            try damage(name) { bytes in
                let other = text(bytes).replacingOccurrences(of: "encoder.1", with: "encoder.7")
                return Array(other.utf8)
            } != "no error")
    }

    @Test(arguments: [
        ("\"formatVersion\" : 1", "\"formatVersion\" : 7", "format 7"),
        ("\"formatVersion\" : 1", "\"formatVersion\" : -1", "format -1"),
        ("\"formatVersion\" : 1", "\"formatVersion\" : \"x\"", "no manifest"),
        ("\"features\" : 3", "\"features\" : 9223372036854775807", "sizes"),
        ("\"features\" : 3", "\"features\" : -3", "sizes"),
        ("\"features\" : 3", "\"features\" : 4", "metrics"),
        ("\"physical.cpu\"", "\"physical.\\u0007cpu\"", "can be seen"),
        ("\"physical.cpu\"", "\"physical.network\"", "twice"),
        ("\"window\" : 6", "\"window\" : 0", "window"),
        ("\"tool\"", "\"tol\"", "tool"),
        ("\"groups\" : [", "\"groups\" : [[", "no manifest"),
    ])
    func damagedManifestsAreRefused(old: String, new: String, message: String) throws {
        let line = try damage("manifest.json") { bytes in
            let text = self.text(bytes)
            #expect(text.contains(old))
            return Array(text.replacingOccurrences(of: old, with: new).utf8)
        }
        #expect(line.contains(message), "\(line)")
    }

    /// Any bytes may stand in the manifest: it is read or refused with one line, and nothing else happens.
    @Test func garbledManifestsNeverCrash() throws {
        let files = try Samples.bundle().files()
        let manifest = try #require(files.last).bytes
        var generator = CounterBasedGenerator(seed: 4, purpose: "garbled manifest")
        let alphabet = Array("0123456789-.e\"{}[],:x\u{0}".utf8)
        for _ in 0..<2000 {
            var garbled = manifest
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<garbled.count, using: &generator)
                garbled[place] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            do {
                _ = try ModelBundle(path: "model") { name in
                    name == "manifest.json" ? garbled : files.first { $0.name == name }?.bytes ?? []
                }
            } catch {
                #expect(!"\(error)".contains("\n"))
            }
        }
    }

    @Test func missingFilesAreNamed() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: StorageError.self) { try ModelBundle.read(folder.path("absent")) }
        #expect(error?.code == .missing)
        let path = folder.path("model")
        try Samples.bundle().write(to: path)
        try FileManager.default.removeItem(atPath: path + "/physical.cpu.safetensors")
        let second = #expect(throws: StorageError.self) { try ModelBundle.read(path) }
        #expect(second?.description.contains("physical.cpu.safetensors") == true)
    }

    @Test func foldersOfOthersAreSafe() throws {
        let folder = try TemporaryFolder()
        try folder.write("notes.txt", "mine")
        #expect(throws: StorageError.self) { try Samples.bundle().write(to: folder.url.path) }
        #expect(try FolderContents.names(in: folder.url.path) == ["notes.txt"])
    }
}

@Suite struct JSONValueTests {
    @Test func keepsEveryDigit() throws {
        let text = #"{"a":[1,-2.5,1e+300,18446744073709551615,-9223372036854775807],"b":{"c":null,"d":true,"e":"\n"}}"#
        let value = try DeterministicJSON.decode(JSONValue.self, from: Array(text.utf8))
        let again = String(decoding: try DeterministicJSON.encode(value, pretty: false), as: UTF8.self)
        #expect(again == text)
        #expect(try value.decode(JSONValue.self) == value)
    }

    @Test func infinitiesSurvive() throws {
        let value = try JSONValue(encoding: [Double.infinity, -.infinity, 0.1])
        #expect(try value.decode([Double].self) == [.infinity, -.infinity, 0.1])
    }
}
