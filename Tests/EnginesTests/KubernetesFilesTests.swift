import Engines
import Foundation
import Platform
import TestSupport
import Testing

/// `deploy/kubernetes`, and what the adapter makes, held against the schemas of Kubernetes by kubernetes-validate (PyPI), in the Python
/// that `FAULTLINE_PYTHON` names.
@Suite struct KubernetesFilesTests {
    private static let validatorIsHere = (try? PythonValidator.run("import kubernetes_validate, yaml").status) == 0

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "deploy/kubernetes").path

    /// Versions of Kubernetes, the last not included.
    private typealias Versions = (from: String, below: String)
    /// Those that the files are for, and those that the overlay is for.
    private static let new: Versions = ("1.21", "9.0")
    private static let old: Versions = ("1.20", "1.25")

    private static let knowing = #"""
        import os, sys, kubernetes_validate as k
        number = lambda text: tuple(map(int, text.split(".")[:2]))
        folder = os.path.join(os.path.dirname(k.__file__), "kubernetes-json-schema")
        known = sorted(number(n[1:].split("-")[0]) for n in os.listdir(folder) if n.startswith("v"))
        known = [v for v in known if number(sys.argv[1]) <= v < number(sys.argv[2])]
        if not known: sys.exit(1)

        """#

    private static func knows(_ versions: Versions) -> Bool {
        validatorIsHere && (try? PythonValidator.run(knowing, [versions.from, versions.below]).status) == 0
    }

    /// Reads documents of YAML or JSON, and tells the flaws of each for the oldest and the latest of the versions that there is a schema
    /// of; that a version says nothing of a kind is a flaw.
    private static let program = #"""
        import yaml
        versions = [".".join(map(str, v)) for v in (known[0], known[-1])]
        flaws, count = [], 0
        for path in sys.argv[3:]:
            for document in yaml.safe_load_all(open(path)):
                if not document or document["kind"] == "Kustomization": continue
                for version in versions:
                    try:
                        k.validate(document, version, strict=True)
                        count += 1
                    except Exception as error:
                        flaws.append(f"{path} {document['kind']} {version}: {type(error).__name__} {str(error)[:300]}")
        if count == 0: flaws.append("nothing was looked at")
        sys.exit("\n".join(flaws) if flaws else 0)
        """#

    private func flaws(_ files: [String], _ versions: Versions = new) throws -> String {
        let result = try PythonValidator.run(Self.knowing + Self.program, [versions.from, versions.below] + files)
        return result.status == 0 ? "" : result.errors
    }

    private static func files(_ parts: [String]) -> [String] {
        parts.flatMap { part in
            ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + part)) ?? []).filter {
                $0.hasSuffix(".yaml")
            }.map { "\(folder)/\(part)/\($0)" }
        }
    }

    @Test(.enabled(if: knows(old), "there is no kubernetes-validate with schemas from 1.20 to 1.24"))
    func theOverlayIsWhatOldClustersTake() throws {
        let files = Self.files(["base", "overlays/1.20"])
        #expect(files.count >= 7)
        #expect(try flaws(files, Self.old) == "")
    }

    @Test func secretsAreForTheirGroupAndImagesNeedNoRegistry() throws {
        let text = try Self.files(["base"]).map { try String(contentsOfFile: $0, encoding: .utf8) }.joined()
        func count(_ part: String) -> Int { text.components(separatedBy: part).count - 1 }
        // As a kubelet mounts them otherwise, others can read them, and the server refuses its key.
        #expect(count("secretName: ") == 3 && count("            defaultMode: 0440\n") == 3)
        #expect(count("image: faultline\n") == 2 && count("imagePullPolicy: IfNotPresent\n") == 2)
        // The controller makes Secrets, and no more.
        #expect(text.contains("resources: [\"secrets\"]\n    verbs: [\"create\"]\n") && count("secrets\"]") == 1)
        let images = try ["", "/overlays/1.20"].map {
            try String(contentsOfFile: Self.folder + $0 + "/kustomization.yaml", encoding: .utf8)
                .components(separatedBy: "images:")
        }
        #expect(images.allSatisfy { $0.count == 2 } && images[0].last == images[1].last)
    }

    @Test(.enabled(if: knows(new), "there is no kubernetes-validate"))
    func filesAreWhatKubernetesTakes() throws {
        let files = Self.files(["base", "."])
        #expect(files.count >= 7)
        #expect(try flaws(files) == "")
        // A validator that takes everything says nothing.
        let folder = try TemporaryFolder()
        let wrong = try folder.write(
            "wrong.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {portz: []}\n")
        #expect(try flaws([wrong]).contains("portz"))
    }

    @Test(.enabled(if: knows(new), "there is no kubernetes-validate"))
    func podsAreWhatKubernetesTakes() throws {
        let template = #"""
            {"image": "faultline:1", "pod": {"tolerations": [{"key": "edge", "operator": "Exists"}]},
             "container": {"resources": {"requests": {"cpu": "1"}}}}
            """#
        let manifest = KubernetesManifest(
            settings: try KubernetesSettings(
                DeterministicJSON.decode(JSONValue.self, from: Array(template.utf8))))
        let folder = try TemporaryFolder()
        var files: [String] = []
        for role in EngineRole.allCases {
            let request = EngineJobRequest(worker: "Werk 3/ost", node: "n1", role: role, generation: 1)
            files.append(
                try folder.write(
                    "\(role).json",
                    manifest.pod(request, EngineCommand(arguments: ["--name", "w"], token: "t")).description))
            files.append(
                try folder.write("\(role)-secret.json", manifest.secret(request, token: "t", uid: "u").description))
        }
        #expect(try flaws(files) == "")
    }

    @Test func theOldVersionsDifferInTheBudgetOnly() throws {
        let new = try String(contentsOfFile: Self.folder + "/disruption-budget.yaml", encoding: .utf8)
        let old = try String(contentsOfFile: Self.folder + "/overlays/1.20/disruption-budget.yaml", encoding: .utf8)
        #expect(new.contains("apiVersion: policy/v1\n"))
        #expect(new.replacing("policy/v1\n", with: "policy/v1beta1\n") == old)
    }

    @Test func theControllersSettingsCanBeUsed() throws {
        let text = try Data(contentsOf: URL(filePath: Self.folder + "/base/config/engine.json"))
        guard case .object(let fields) = try DeterministicJSON.decode(JSONValue.self, from: [UInt8](text)) else {
            Issue.record("no object")
            return
        }
        let settings = try KubernetesSettings(fields["kubernetes"] ?? .null)
        #expect(settings.namespace == "faultline" && settings.federation == "faultline")
        // What is made fits what the files select.
        let request = EngineJobRequest(worker: "w", node: "n", role: .worker, generation: 1)
        let pod = KubernetesManifest(settings: settings).pod(request, EngineCommand(arguments: [])).description
        for label in [
            #""app.kubernetes.io/name":"faultline-worker""#, #""app.kubernetes.io/instance":"faultline""#,
        ] {
            #expect(pod.contains(label))
        }
    }
}
