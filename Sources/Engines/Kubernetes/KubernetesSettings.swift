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
    /// How long a worker has to end.
    package var graceSeconds = 30
    /// How long the scheduler may find no place for a pod before that is a refusal.
    package var patienceSeconds = 10
    /// How long the API server may take for an answer.
    package var timeoutSeconds = 10

    /// Where a pod finds what it shows to the API server.
    package static let account = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// What a pod of the cluster itself uses, but for the image.
    package init() {
        trust.authorities = Self.account + "/ca.crt"
        tokenFile = Self.account + "/token"
    }

    /// The settings of a configuration file's object.
    ///
    /// - Throws: ``EngineError`` (`configuration`) that names the field, what was found and what was expected.
    package init(_ json: JSONValue) throws(EngineError) {
        guard case .object(let fields) = json else {
            throw EngineError(.configuration, "kubernetes: found \(Self.shown(json)), expected an object")
        }
        var reader = FieldReader(fields: fields)
        self.init()
        if let api = try reader.text("api") {
            self.api = api
            // What a pod finds in its own folder is for its own cluster.
            (trust.authorities, tokenFile) = (nil, nil)
        }
        trust.authorities = try reader.text("caFile") ?? trust.authorities
        tokenFile = try reader.text("tokenFile") ?? tokenFile
        let (certificate, key) = (try reader.text("certificateFile"), try reader.text("keyFile"))
        if let certificate, let key { identity = .init(certificate: certificate, key: key) }
        guard (certificate == nil) == (key == nil) else {
            throw Self.fault(
                certificate == nil ? "certificateFile" : "keyFile", .null, "one beside its other half")
        }
        namespace = try reader.text("namespace") ?? namespace
        federation = try reader.text("federation") ?? federation
        image = try reader.text("image") ?? image
        accelerator = try reader.text("accelerator") ?? accelerator
        nodes = try reader.text("nodes") ?? nodes
        state = try reader.object("state") ?? state
        pod = try reader.object("pod") ?? pod
        container = try reader.object("container") ?? container
        user = try reader.number("user", 1...0x7fff_ffff) ?? user
        healthPort = try reader.number("healthPort", 1...65_535) ?? healthPort
        graceSeconds = try reader.number("graceSeconds", 0...3_600) ?? graceSeconds
        patienceSeconds = try reader.number("patienceSeconds", 1...3_600) ?? patienceSeconds
        timeoutSeconds = try reader.number("timeoutSeconds", 1...300) ?? timeoutSeconds
        if let field = reader.rest { throw Self.fault(field, fields[field] ?? .null, "no such field") }
        try check()
    }

    private func check() throws(EngineError) {
        let isSecured = api.hasPrefix("https://")
        let isHere = ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { start in
            api.hasPrefix(start) && [nil, ":", "/"].contains(api.dropFirst(start.count).first)
        }
        guard isSecured || isHere, !api.contains(where: \.isWhitespace), !api.hasSuffix("/"), api != "https://" else {
            throw Self.fault("api", .string(api), "https://HOST:PORT, or http://127.0.0.1:PORT")
        }
        for (field, name) in [("namespace", namespace), ("federation", federation)] {
            let isFitting =
                field == "namespace"
                ? KubernetesName.isLabel(name) : KubernetesName.isPart(name) && name.utf8.count <= 32
            guard isFitting else {
                throw Self.fault(
                    field, .string(name),
                    field == "namespace"
                        ? "1 to 63 small letters, digits and '-', none of these at an end"
                        : "1 to 32 small letters, digits and single '-', none of these at an end")
            }
        }
        guard !image.isEmpty else { throw Self.fault("image", .string(image), "the image with the tools") }
        let parts = accelerator.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } })
        else { throw Self.fault("accelerator", .string(accelerator), "an extended resource, as nvidia.com/gpu") }
        guard case .object(let source) = state, source.count == 1 else {
            throw Self.fault("state", state, "one source of a volume, as {\"emptyDir\": {}}")
        }
        for (field, value) in [("pod", pod), ("container", container)] {
            guard Self.depth(value) <= 32 else { throw Self.fault(field, value, "at most 32 levels") }
        }
    }

    private static func depth(_ value: JSONValue) -> Int {
        switch value {
        case .array(let elements): 1 + (elements.map(depth).max() ?? 0)
        case .object(let fields): 1 + (fields.values.map(depth).max() ?? 0)
        default: 0
        }
    }

    fileprivate static func fault(_ field: String, _ value: JSONValue, _ expected: String) -> EngineError {
        let name = PrintableText.line(field, limit: 60)
        return EngineError(.configuration, "kubernetes.\(name): found \(shown(value)), expected \(expected)")
    }

    private static func shown(_ value: JSONValue) -> String {
        if case .null = value { return "nothing" }
        return PrintableText.line("\(value)", limit: 60)
    }
}

/// Takes fields out of an object, one after the other.
private struct FieldReader {
    var fields: [String: JSONValue]

    /// A field that nobody took.
    var rest: String? { fields.keys.min() }

    mutating func text(_ name: String) throws(EngineError) -> String? {
        guard let value = fields.removeValue(forKey: name) else { return nil }
        guard case .string(let text) = value, text.utf8.count <= 4_096,
            text.unicodeScalars.allSatisfy(PrintableText.shows)
        else { throw KubernetesSettings.fault(name, value, "a text") }
        return text
    }

    mutating func object(_ name: String) throws(EngineError) -> JSONValue? {
        guard let value = fields.removeValue(forKey: name) else { return nil }
        guard case .object = value else { throw KubernetesSettings.fault(name, value, "an object") }
        return value
    }

    mutating func number(_ name: String, _ range: ClosedRange<Int>) throws(EngineError) -> Int? {
        guard let value = fields.removeValue(forKey: name) else { return nil }
        guard case .number(let number) = value, let whole = Int(exactly: number), range.contains(whole) else {
            throw KubernetesSettings.fault(
                name, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return whole
    }
}
