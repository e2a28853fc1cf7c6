import Platform

/// One request to the API server, as what is sent.
struct KubernetesRequest: Equatable {
    var method: String
    /// Path and query.
    var path: String
    var body: JSONValue?

    /// Items of a page of a list.
    static let pageSize = 250
    /// How long a watch goes on before the server ends it; a connection whose other end is gone is found so.
    static let watchSeconds = 20

    /// What lists and watches are about.
    enum Kind: String, Sendable {
        case nodes
        case pods
    }

    /// The next request of a store.
    static func next<Item>(
        _ kind: Kind, _ next: KubernetesStore<Item>.Request, _ settings: KubernetesSettings
    ) -> KubernetesRequest {
        let selector = kind == .nodes ? settings.nodes : KubernetesManifest(settings: settings).selector
        var query = selector.isEmpty ? [] : ["labelSelector=\(PercentEncoding.encoded(selector))"]
        switch next {
        case .list(let continuation):
            query.append("limit=\(pageSize)")
            if let continuation { query.append("continue=\(PercentEncoding.encoded(continuation))") }
        case .watch(let version):
            query += [
                "watch=true", "allowWatchBookmarks=true", "timeoutSeconds=\(watchSeconds)",
                "resourceVersion=\(PercentEncoding.encoded(version))",
            ]
        }
        let path = kind == .nodes ? "/api/v1/nodes" : collection("pods", settings)
        return KubernetesRequest(method: "GET", path: path + "?" + query.joined(separator: "&"))
    }

    private static func collection(_ kind: String, _ settings: KubernetesSettings) -> String {
        "/api/v1/namespaces/\(settings.namespace)/\(kind)"
    }

    /// Makes something.
    static func create(_ kind: String, _ body: JSONValue, _ settings: KubernetesSettings) -> KubernetesRequest {
        KubernetesRequest(method: "POST", path: collection(kind, settings), body: body)
    }

    /// Ends a pod, and only the one that has this uid.
    static func deletePod(_ name: String, uid: String, _ settings: KubernetesSettings) -> KubernetesRequest {
        let body: [String: JSONValue] = [
            "apiVersion": .string("v1"), "kind": .string("DeleteOptions"),
            "gracePeriodSeconds": JSONValue(settings.graceSeconds),
            "preconditions": .object(["uid": .string(uid)]),
        ]
        return KubernetesRequest(
            method: "DELETE", path: collection("pods", settings) + "/" + PercentEncoding.encoded(name),
            body: .object(body))
    }
}
