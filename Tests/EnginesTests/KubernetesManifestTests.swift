import Engines
import Platform
import Testing

/// What an API server is asked to make, and the settings behind it.
@Suite struct KubernetesManifestTests {
    private func settings(_ fields: String) throws -> KubernetesSettings {
        try KubernetesSettings(DeterministicJSON.decode(JSONValue.self, from: Array(fields.utf8)))
    }

    private func at(_ value: JSONValue, _ path: String) -> JSONValue? {
        var value = value
        for part in path.split(separator: ".").map(String.init) {
            switch value {
            case .object(let fields): value = fields[part.replacing("|", with: ".")] ?? .null
            case .array(let elements):
                guard let index = Int(part), elements.indices.contains(index) else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }

    private let request = EngineJobRequest(
        worker: "Werk 3/ost", node: "edge-3.lan", role: .acceleratedWorker, generation: 12)

    @Test func theSchedulerHasOneNodeToChoose() throws {
        let template = #"""
            {"image": "faultline:1", "pod": {"priorityClassName": "edge", "nodeSelector": {"zone": "a"},
             "affinity": {"podAffinity": {}, "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
             {"nodeSelectorTerms": [{"matchExpressions": []}]}}},
             "tolerations": [{"key": "edge", "operator": "Exists"}], "containers": [{"name": "beside"}],
             "volumes": [{"name": "data", "hostPath": {"path": "/srv/{node}"}}]},
             "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}], "startupProbe": null,
             "resources": {"requests": {"cpu": "1"}}}}
            """#
        let pod = KubernetesManifest(settings: try settings(template)).pod(
            request, EngineCommand(arguments: ["--name", "Werk 3/ost"], token: "word"))
        let terms = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
        #expect(at(pod, "spec.nodeName") == .null)
        #expect(
            at(pod, terms)?.description
                == #"[{"matchFields":[{"key":"metadata.name","operator":"In","values":["edge-3.lan"]}]}]"#)
        #expect(at(pod, "spec.affinity.podAffinity") == .object([:]))
        #expect(at(pod, "spec.priorityClassName") == .string("edge"))
        #expect(at(pod, "spec.containers.1.name") == .string("beside"))
        #expect(at(pod, "spec.volumes.3.hostPath.path") == .string("/srv/edge-3.lan"))
        let worker = try #require(at(pod, "spec.containers.0"))
        #expect(
            at(worker, "args")?.description
                == #"["--name","Werk 3/ost","--data-folder","/var/lib/faultline","--http","127.0.0.1:7420","--enrol-file","/run/faultline/enrol/token"]"#
        )
        #expect(at(worker, "resources.limits")?.description == #"{"nvidia.com/gpu":"1"}"#)
        #expect(at(worker, "resources.requests.cpu") == .string("1"))
        #expect(at(worker, "startupProbe") == .null && at(worker, "livenessProbe.exec") != .null)
        #expect(at(worker, "volumeMounts.3.mountPath") == .string("/data"))
        #expect(at(worker, "securityContext.capabilities.drop.0") == .string("ALL"))
        // The word itself is in the Secret only.
        #expect(!pod.description.contains(#""word""#))
        let name = try #require(at(pod, "metadata.name"))
        #expect(name == .string(KubernetesName.pod(request, federation: "faultline")))
        // Neither its command line nor its environment has it: a file, for its group, that nobody changes.
        #expect(at(worker, "env")?.description.contains("secret") == false)
        #expect(
            at(pod, "spec.volumes.2.secret")?.description == "{\"defaultMode\":288,\"secretName\":\(name.description)}")
        #expect(at(worker, "volumeMounts.2.readOnly") == .bool(true))
        #expect(at(worker, "volumeMounts.2.mountPath") == .string("/run/faultline/enrol"))
        let secret = KubernetesManifest(settings: try settings(template)).secret(request, token: "word", uid: "u7")
        #expect(at(secret, "metadata.ownerReferences.0.uid") == .string("u7"))
        #expect(at(secret, "metadata.ownerReferences.0.name") == name)
        #expect(at(secret, "metadata.name") == name && at(secret, "stringData.token") == .string("word"))
        // Annotations have what labels cannot.
        #expect(at(pod, "metadata.annotations.faultline/worker") == .string("Werk 3/ost"))
        #expect(at(pod, "metadata.labels.faultline/generation") == .string("12"))
    }

    @Test func whatTheArgumentsSayStays() throws {
        let manifest = KubernetesManifest(settings: try settings(#"{"image": "i", "state": {"emptyDir": {}}}"#))
        let request = EngineJobRequest(worker: "w", node: "n", role: .holder, generation: 1)
        let pod = manifest.pod(request, EngineCommand(arguments: ["--standby", "--data-folder", "/state/w"]))
        #expect(
            at(pod, "spec.containers.0.args")?.description
                == #"["--standby","--data-folder","/state/w","--http","127.0.0.1:7420"]"#)
        #expect(at(pod, "spec.containers.0.resources") == .null)
        #expect(at(pod, "spec.initContainers") == .null)
        #expect(!pod.description.contains("enrol"))
        #expect(at(pod, "spec.containers.0.imagePullPolicy") == .string("IfNotPresent"))
        #expect(at(pod, "spec.volumes.0.emptyDir") == .object([:]))
        let host = KubernetesManifest(settings: try settings(#"{"image": "i", "user": 7}"#)).pod(
            request, EngineCommand(arguments: []))
        #expect(at(host, "spec.initContainers.0.command")?.description == #"["chown","7:7","/var/lib/faultline"]"#)
        #expect(at(host, "spec.volumes.0.hostPath.path") == .string("/var/lib/faultline/faultline/w"))
    }

    @Test func bothContainersGetTheirImageAlike() throws {
        let request = EngineJobRequest(worker: "w", node: "n", role: .worker, generation: 1)
        for (json, policy) in [
            (#"{"image": "i:latest"}"#, "IfNotPresent"),
            (#"{"image": "i", "container": {"imagePullPolicy": "Always"}}"#, "Always"),
        ] {
            let pod = KubernetesManifest(settings: try settings(json)).pod(request, EngineCommand(arguments: []))
            #expect(at(pod, "spec.containers.0.imagePullPolicy") == .string(policy))
            #expect(at(pod, "spec.initContainers.0.imagePullPolicy") == .string(policy))
        }
    }

    @Test func namesAreLabelsAndDifferent() {
        #expect(KubernetesName.label("edge-03") == "edge-03")
        let odd = [
            "Edge-03", "edge_03", "edge 03", "-edge-03", "edge--03", "ümlaut", "💡", String(repeating: "a", count: 64),
            String(repeating: "a", count: 65), "a.b", "edge-x-0123abcd",
        ]
        let labels = odd.map { KubernetesName.label($0) }
        #expect(Set(labels + ["edge-03"]).count == odd.count + 1)
        for label in labels {
            #expect((1...63).contains(label.utf8.count), "\(label)")
            #expect(label.wholeMatch(of: /[a-z0-9]([a-z0-9-]*[a-z0-9])?/) != nil, "\(label)")
            #expect(!label.contains("--"), "\(label)")
        }
    }

    @Test(arguments: [
        (#"{}"#, "kubernetes: image: found nothing, expected the image with the tools"),
        (#"[]"#, "kubernetes: expected a JSON object"),
        (#"{"image": 3}"#, "kubernetes: image: found 3, expected a text"),
        (#"{"image": "i", "imagee": "j"}"#, "kubernetes: unknown key 'imagee' (did you mean 'image'?)"),
        (
            #"{"image": "i", "api": "http://10.0.0.1:8080"}"#,
            #"kubernetes: api: found "http://10.0.0.1:8080", expected https://HOST:PORT, or http://127.0.0.1:PORT"#
        ),
        (
            #"{"image": "i", "api": "http://127.0.0.1.evil:1"}"#,
            #"kubernetes: api: found "http://127.0.0.1.evil:1", expected https://HOST:PORT, or http://127.0.0.1:PORT"#
        ),
        (
            #"{"image": "i", "namespace": "A"}"#,
            #"kubernetes: namespace: found "A", expected 1 to 63 small letters, digits and '-', none of these at an end"#
        ),
        (
            #"{"image": "i", "federation": "a--b"}"#,
            #"kubernetes: federation: found "a--b", expected 1 to 32 small letters, digits and single '-', none of these at an end"#
        ),
        (
            #"{"image": "i", "accelerator": "gpu"}"#,
            #"kubernetes: accelerator: found "gpu", expected an extended resource, as nvidia.com/gpu"#
        ),
        (
            #"{"image": "i", "graceSeconds": 2.5}"#,
            "kubernetes: graceSeconds: found 2.5, expected a whole number from 1 to 3600"
        ),
        (
            #"{"image": "i", "graceSeconds": 0}"#,
            "kubernetes: graceSeconds: found 0, expected a whole number from 1 to 3600"
        ),
        (
            #"{"image": "i", "pod": {"terminationGracePeriodSeconds": 0}}"#,
            "kubernetes: pod: terminationGracePeriodSeconds: found 0, expected 1 at least"
        ),
        (
            #"{"image": "i", "container": {"name": "mine"}}"#,
            "kubernetes: container: name: the worker's own is 'worker', always"
        ),
        (
            #"{"image": "i", "keyFile": "k"}"#,
            "kubernetes: certificateFile: found nothing, expected one beside its other half"
        ),
        (
            #"{"image": "i", "state": {}}"#,
            #"kubernetes: state: found {}, expected one source of a volume, as {"emptyDir": {}}"#
        ),
    ])
    func wrongSettingsAreNamed(_ json: String, _ line: String) {
        #expect(throws: EngineError(.configuration, line)) { try settings(json) }
    }

    @Test func whatAPodFindsIsForItsOwnCluster() throws {
        let inside = try settings(#"{"image": "i"}"#)
        #expect(inside.tokenFile == KubernetesSettings.account + "/token")
        #expect(inside.trust.authorities == KubernetesSettings.account + "/ca.crt")
        let outside = try settings(#"{"image": "i", "api": "https://cluster.example:6443"}"#)
        #expect(outside.tokenFile == nil && outside.trust.authorities == nil)
    }
}
