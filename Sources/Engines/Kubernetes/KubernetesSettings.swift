import Foundation
package import Platform
package import Web

/// Where the API server of a Kubernetes cluster is, and what pods of workers are like.
package struct KubernetesSettings: Equatable, Sendable {
    /// The API server, as `https://HOST:PORT`; without encryption on this machine only.
    package var api = "https://kubernetes.default.svc"
    /// Which certificate it has to show.
    package var trust = HTTPExchange.Trust()
    /// File with the token that is shown to it, read for every request since kubelets replace it; `nil`: none.
    package var tokenFile: String?
    /// The certificate that is shown to it; `nil`: none.
    package var identity: HTTPExchange.Identity?
    /// Where pods and Secrets are made.
    package var namespace = "faultline"
    /// Tells the pods of this federation from those of others in the namespace: 1 to 32 letters, digits and `-`.
    package var federation = "faultline"
    /// The image with the tools.
    package var image = ""
    /// The extended resource that is an accelerator.
    package var accelerator = "nvidia.com/gpu"
    /// Label selector of the nodes that count; empty: all.
    package var nodes = ""
    /// The volume (a source of volumes as a pod has it) in which workers keep their keys, alarms and samples.
    package var state = JSONValue.object([
        "hostPath": .object([
            "path": .string("/var/lib/faultline/{federation}/{worker}"), "type": .string("DirectoryOrCreate"),
        ])
    ])
    /// The user, and group, as whom workers run.
    package var user = 10_001
    /// The port on a pod's loopback where its worker says how it is.
    package var healthPort = 7_420
    /// What the specification of every pod has besides.
    package var pod = JSONValue.object([:])
    /// What the worker's container in every pod has besides.
    package var container = JSONValue.object([:])
    /// How long a worker has to end; 0 would take the pod out of the cluster's books while its process may run on.
    package var graceSeconds = 30
    /// How long the scheduler may find no place for a pod before that is a refusal.
    package var patienceSeconds = 10
    /// How long the API server may take for an answer.
    package var timeoutSeconds = 10

    /// Where a pod finds what it shows to the API server.
    package static let account = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Files that a configuration names, by their fields.
    private var files: [String: String] = [:]

    /// Looks whether the files that a configuration names can be read.
    ///
    /// - Throws: ``EngineError`` (`configuration`) that names the field.
    package func checkFiles() throws(EngineError) {
        for (field, path) in files.sorted(by: { $0.key < $1.key })
        where !FileManager.default.isReadableFile(atPath: path) {
            throw EngineError(
                .configuration, "kubernetes.\(field): found no file that can be read at \(path), expected one")
        }
    }

    /// What a pod of the cluster itself uses, but for the image.
    package init() {
        trust.authorities = Self.account + "/ca.crt"
        tokenFile = Self.account + "/token"
    }

    /// The settings of a configuration file's object.
    ///
    /// - Throws: ``EngineError`` (`configuration`) that names the field, what was found and what was expected.
    package init(_ json: JSONValue) throws(EngineError) {
        let fields = try EngineFields(json, of: "kubernetes")
        self.init()
        if let api = try fields.text("api") {
            self.api = api
            // What a pod finds in its own folder is for its own cluster.
            (trust.authorities, tokenFile) = (nil, nil)
        }
        trust.authorities = try Self.file("caFile", fields) ?? trust.authorities
        tokenFile = try Self.file("tokenFile", fields) ?? tokenFile
        let (certificate, key) = (try Self.file("certificateFile", fields), try Self.file("keyFile", fields))
        if let certificate, let key { identity = .init(certificate: certificate, key: key) }
        guard (certificate == nil) == (key == nil) else {
            throw fields.wrong(certificate == nil ? "certificateFile" : "keyFile", "one beside its other half")
        }
        namespace = try fields.text("namespace") ?? namespace
        federation = try fields.text("federation") ?? federation
        image = try fields.text("image") ?? image
        accelerator = try fields.text("accelerator") ?? accelerator
        nodes = try fields.text("nodes") ?? nodes
        state = try fields.object("state") ?? state
        pod = try fields.object("pod") ?? pod
        container = try fields.object("container") ?? container
        user = try fields.whole("user", 1...0x7fff_ffff) ?? user
        healthPort = try fields.whole("healthPort", 1...65_535) ?? healthPort
        graceSeconds = try fields.whole("graceSeconds", 1...3_600) ?? graceSeconds
        patienceSeconds = try fields.whole("patienceSeconds", 1...3_600) ?? patienceSeconds
        timeoutSeconds = try fields.whole("timeoutSeconds", 1...300) ?? timeoutSeconds
        for name in ["caFile", "tokenFile", "certificateFile", "keyFile"] {
            if let path = try Self.file(name, fields) { files[name] = path }
        }
        try fields.end(known: [
            "api", "caFile", "tokenFile", "certificateFile", "keyFile", "namespace", "federation", "image",
            "accelerator",
            "nodes", "state", "pod", "container", "user", "healthPort", "graceSeconds", "patienceSeconds",
            "timeoutSeconds",
        ])
        try check(fields)
    }

    /// A field that names a file, or a credential of the service.
    private static func file(_ name: String, _ fields: EngineFields) throws(EngineError) -> String? {
        guard let text = try fields.text(name) else { return nil }
        do throws(StorageError) {
            return try CredentialFile.resolved(text)
        } catch {
            throw EngineError(.configuration, "kubernetes.\(name): \(error.description)")
        }
    }

    private func check(_ fields: EngineFields) throws(EngineError) {
        let isSecured = api.hasPrefix("https://")
        let isHere = ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { start in
            api.hasPrefix(start) && [nil, ":", "/"].contains(api.dropFirst(start.count).first)
        }
        guard isSecured || isHere, !api.contains(where: \.isWhitespace), !api.hasSuffix("/"), api != "https://" else {
            throw fields.wrong("api", "https://HOST:PORT, or http://127.0.0.1:PORT")
        }
        guard KubernetesName.isLabel(namespace) else {
            throw fields.wrong("namespace", "1 to 63 small letters, digits and '-', none of these at an end")
        }
        guard KubernetesName.isPart(federation), federation.utf8.count <= 32 else {
            throw fields.wrong("federation", "1 to 32 small letters, digits and single '-', none of these at an end")
        }
        guard !image.isEmpty else { throw fields.wrong("image", "the image with the tools") }
        let parts = accelerator.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } })
        else { throw fields.wrong("accelerator", "an extended resource, as nvidia.com/gpu") }
        guard case .object(let source) = state, source.count == 1 else {
            throw fields.wrong("state", "one source of a volume, as {\"emptyDir\": {}}")
        }
        if case .object(let fields) = container, fields["name"] != nil {
            throw EngineError(
                .configuration, "kubernetes: container: name: the worker's own is '\(KubernetesPod.container)', always")
        }
        // What others who delete the pod give it.
        if case .object(let fields) = pod, let grace = fields["terminationGracePeriodSeconds"],
            case .number(let seconds) = grace, seconds < 1
        {
            throw EngineError(
                .configuration, "kubernetes: pod: terminationGracePeriodSeconds: found \(grace), expected 1 at least")
        }
        for (field, value) in [("pod", pod), ("container", container)] {
            guard Self.depth(value) <= 32 else { throw fields.wrong(field, "at most 32 levels") }
        }
    }

    private static func depth(_ value: JSONValue) -> Int {
        switch value {
        case .array(let elements): 1 + (elements.map(depth).max() ?? 0)
        case .object(let fields): 1 + (fields.values.map(depth).max() ?? 0)
        default: 0
        }
    }
}
