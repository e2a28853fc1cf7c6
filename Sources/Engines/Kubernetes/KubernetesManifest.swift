package import Platform

/// What the API server is asked to make, as documents.
package struct KubernetesManifest {
    private let settings: KubernetesSettings

    /// Documents as settings have them.
    package init(settings: KubernetesSettings) { self.settings = settings }

    /// Where a worker's folder is in its container.
    static let folder = "/var/lib/faultline"
    /// The key of the token in a pod's Secret, and its file's name.
    static let token = "token"
    /// Where a pod's Secret is in its container.
    static let enrolment = "/run/faultline/enrol"

    /// Labels of everything that is made for a copy of a worker.
    private func labels(_ request: EngineJobRequest) -> JSONValue {
        .object([
            "app.kubernetes.io/name": .string("faultline-worker"),
            "app.kubernetes.io/part-of": .string("faultline"),
            "app.kubernetes.io/managed-by": .string("fl-engine"),
            "app.kubernetes.io/instance": .string(settings.federation),
            KubernetesPod.Key.worker: .string(KubernetesName.label(request.worker)),
            KubernetesPod.Key.role: .string(request.role.rawValue),
            KubernetesPod.Key.generation: .string("\(request.generation)"),
        ])
    }

    /// Which pods are those of this federation.
    var selector: String {
        "app.kubernetes.io/managed-by=fl-engine,app.kubernetes.io/name=faultline-worker,"
            + "app.kubernetes.io/instance=\(settings.federation)"
    }

    private func metadata(_ request: EngineJobRequest, annotations: [String: JSONValue]) -> JSONValue {
        .object([
            "name": .string(KubernetesName.pod(request, federation: settings.federation)),
            "namespace": .string(settings.namespace), "labels": labels(request),
            "annotations": .object(annotations),
        ])
    }

    /// The Secret with the word with which a copy enrols; has the pod's name, and is the pod's: the cluster deletes it with that.
    package func secret(_ request: EngineJobRequest, token: String, uid: String) -> JSONValue {
        let owner = JSONValue.object([
            "apiVersion": .string("v1"), "kind": .string("Pod"), "uid": .string(uid),
            "name": .string(KubernetesName.pod(request, federation: settings.federation)),
        ])
        return .object([
            "apiVersion": .string("v1"), "kind": .string("Secret"), "type": .string("Opaque"),
            "metadata": Self.merged(
                metadata(request, annotations: [:]), .object(["ownerReferences": .array([owner])])),
            "stringData": .object([Self.token: .string(token)]),
        ])
    }

    /// The pod of a copy: bound by the scheduler, to the one node that its affinity names.
    package func pod(_ request: EngineJobRequest, _ command: EngineCommand) -> JSONValue {
        let annotations: [String: JSONValue] = [
            KubernetesPod.Key.worker: .string(request.worker), KubernetesPod.Key.node: .string(request.node),
            KubernetesPod.Key.role: .string(request.role.rawValue),
            KubernetesPod.Key.generation: .string("\(request.generation)"),
        ]
        var spec = Self.merged(common(request, enrols: command.token != nil), filled(settings.pod, request))
        if case .object(var fields) = spec {
            // What stands in the configuration comes behind the worker.
            var containers = [Self.merged(worker(request, command), filled(settings.container, request))]
            if case .array(let others)? = fields["containers"] { containers += others }
            fields["containers"] = .array(containers)
            var affinities: [String: JSONValue] = [:]
            if case .object(let others)? = fields["affinity"] { affinities = others }
            affinities["nodeAffinity"] = affinity(request)
            fields["affinity"] = .object(affinities)
            spec = .object(fields)
        }
        return .object([
            "apiVersion": .string("v1"), "kind": .string("Pod"),
            "metadata": metadata(request, annotations: annotations), "spec": spec,
        ])
    }

    private func common(_ request: EngineJobRequest, enrols: Bool) -> JSONValue {
        var volumes = [
            Self.merged(.object(["name": .string("state")]), filled(settings.state, request)),
            .object(["name": .string("scratch"), "emptyDir": .object([:])]),
        ]
        if enrols {
            let source = JSONValue.object([
                "secretName": .string(KubernetesName.pod(request, federation: settings.federation)),
                // Root's, and for the pod's group to read.
                "defaultMode": JSONValue(0o440),
            ])
            volumes.append(.object(["name": .string("enrolment"), "secret": source]))
        }
        var fields: [String: JSONValue] = [
            "restartPolicy": .string("Always"),
            "terminationGracePeriodSeconds": JSONValue(settings.graceSeconds),
            "automountServiceAccountToken": .bool(false), "enableServiceLinks": .bool(false),
            "securityContext": .object([
                "runAsNonRoot": .bool(true), "runAsUser": JSONValue(settings.user),
                "runAsGroup": JSONValue(settings.user), "fsGroup": JSONValue(settings.user),
                "seccompProfile": .object(["type": .string("RuntimeDefault")]),
            ]),
            "volumes": .array(volumes),
        ]
        if case .object(let source) = settings.state, source["hostPath"] != nil {
            fields["initContainers"] = .array([owner])
        }
        return .object(fields)
    }

    /// A folder that a kubelet makes belongs to root.
    private var owner: JSONValue {
        .object([
            "name": .string("own-folder"), "image": .string(settings.image), "imagePullPolicy": pullPolicy,
            "command": .array(
                ["chown", "\(settings.user):\(settings.user)", Self.folder].map { .string($0) }),
            "securityContext": .object([
                "runAsUser": JSONValue(0), "runAsNonRoot": .bool(false), "allowPrivilegeEscalation": .bool(false),
                "readOnlyRootFilesystem": .bool(true),
                "capabilities": .object([
                    "drop": .array([.string("ALL")]), "add": .array([.string("CHOWN")]),
                ]),
            ]),
            "volumeMounts": .array([Self.mount("state", Self.folder)]),
        ])
    }

    private static func mount(_ volume: String, _ path: String, readOnly: Bool = false) -> JSONValue {
        var fields: [String: JSONValue] = ["name": .string(volume), "mountPath": .string(path)]
        if readOnly { fields["readOnly"] = .bool(true) }
        return .object(fields)
    }

    /// Of both containers, whose image is the same. Without one the cluster fetches `latest` at every start, which fails where the
    /// image was loaded into the nodes.
    private var pullPolicy: JSONValue {
        if case .object(let fields) = settings.container, case .string(let policy)? = fields["imagePullPolicy"] {
            return .string(policy)
        }
        return .string("IfNotPresent")
    }

    private func worker(_ request: EngineJobRequest, _ command: EngineCommand) -> JSONValue {
        func field(_ name: String, _ path: String) -> JSONValue {
            .object([
                "name": .string(name),
                "valueFrom": .object(["fieldRef": .object(["fieldPath": .string(path)])]),
            ])
        }
        let environment = [
            field("POD_IP", "status.podIP"), field("HOST_IP", "status.hostIP"), field("NODE_NAME", "spec.nodeName"),
        ]
        var arguments = command.arguments
        for (option, value) in [("--data-folder", Self.folder), ("--http", "127.0.0.1:\(settings.healthPort)")]
        where !arguments.contains(where: { $0 == option || $0.hasPrefix(option + "=") }) {
            arguments += [option, value]
        }
        var mounts = [Self.mount("state", Self.folder), Self.mount("scratch", "/tmp")]
        if command.token != nil {
            mounts.append(Self.mount("enrolment", Self.enrolment, readOnly: true))
            arguments += ["--enrol-file", Self.enrolment + "/" + Self.token]
        }
        var container: [String: JSONValue] = [
            "name": .string(KubernetesPod.container), "image": .string(settings.image),
            "imagePullPolicy": pullPolicy,
            "command": .array([.string("fl-worker")]), "args": .array(arguments.map { .string($0) }),
            "env": .array(environment),
            "securityContext": .object([
                "allowPrivilegeEscalation": .bool(false), "readOnlyRootFilesystem": .bool(true),
                "capabilities": .object(["drop": .array([.string("ALL")])]),
            ]),
            "volumeMounts": .array(mounts),
            // A worker that reads a long history first says that it is well all the while.
            "startupProbe": probe(every: 5, failures: 24), "livenessProbe": probe(every: 10, failures: 6),
        ]
        if request.role == .acceleratedWorker {
            container["resources"] = .object(["limits": .object([settings.accelerator: .string("1")])])
        }
        return .object(container)
    }

    /// Asks the worker how it is, from within the pod: nobody else may, since nobody is asked for a token there.
    private func probe(every seconds: Int, failures: Int) -> JSONValue {
        let program =
            "exec 3<>/dev/tcp/127.0.0.1/\(settings.healthPort) && "
            + "printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r -t 5 line <&3 && [[ $line == *' 200 '* ]]"
        return .object([
            "exec": .object(["command": .array(["bash", "-c", program].map { .string($0) })]),
            "periodSeconds": JSONValue(seconds), "timeoutSeconds": JSONValue(6),
            "failureThreshold": JSONValue(failures),
        ])
    }

    /// The one node, whatever else the configuration says of nodes: alternatives would be others.
    private func affinity(_ request: EngineJobRequest) -> JSONValue {
        let field = JSONValue.object([
            "key": .string("metadata.name"), "operator": .string("In"), "values": .array([.string(request.node)]),
        ])
        let terms = JSONValue.array([.object(["matchFields": .array([field])])])
        return .object(["requiredDuringSchedulingIgnoredDuringExecution": .object(["nodeSelectorTerms": terms])])
    }

    // MARK: Templates

    /// A value with another laid over it: objects are put together, lists follow each other, and of others the second counts; `null`
    /// takes away.
    static func merged(_ base: JSONValue, _ other: JSONValue) -> JSONValue {
        switch (base, other) {
        case (.object(var fields), .object(let more)):
            for (key, value) in more {
                if case .null = value {
                    fields[key] = nil
                } else {
                    fields[key] = fields[key].map { merged($0, value) } ?? value
                }
            }
            return .object(fields)
        case (.array(let elements), .array(let more)): return .array(elements + more)
        default: return other
        }
    }

    /// A template with the copy's names in place of `{worker}`, `{node}` and `{federation}`.
    private func filled(_ value: JSONValue, _ request: EngineJobRequest) -> JSONValue {
        switch value {
        case .string(let text):
            .string(
                text.replacing("{worker}", with: KubernetesName.label(request.worker))
                    .replacing("{node}", with: request.node).replacing("{federation}", with: settings.federation))
        case .array(let elements): .array(elements.map { filled($0, request) })
        case .object(let fields): .object(fields.mapValues { filled($0, request) })
        default: value
        }
    }
}
