import Foundation
import Platform
import TestSupport

/// An API server of a cluster, as much of it as the adapter uses, over a real socket: Python's own HTTP server in a process, which
/// is told over its standard input what happens in the cluster and what it answers instead.
final class FakeAPIServer {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var pending = Data()
    /// Where it listens.
    let port: Int

    /// Whether there is a Python.
    static let isHere = (try? PythonValidator.run("import http.server").status) == 0

    init() throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        let python = ProcessInfo.processInfo.environment["FAULTLINE_PYTHON"] ?? "python3"
        process.arguments = [python, "-u", "-c", Self.program]
        process.standardInput = input
        process.standardOutput = output
        // Connections that end early are told there.
        process.standardError = FileHandle.nullDevice
        try process.run()
        var first = Data()
        while !first.contains(0x0A) {
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { throw CocoaError(.fileReadUnknown) }
            first += part
        }
        port = Int(String(decoding: first, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    deinit {
        // Threads of tests block the signals that ask nicely, and so do their children.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Tells it something, and returns what it says.
    @discardableResult
    func tell(_ what: JSONValue) throws -> JSONValue {
        try input.fileHandleForWriting.write(contentsOf: Data((what.description + "\n").utf8))
        while true {
            if let end = pending.firstIndex(of: 0x0A) {
                let line = [UInt8](pending[pending.startIndex..<end])
                pending = Data(pending[pending.index(after: end)...])
                return try DeterministicJSON.decode(JSONValue.self, from: line)
            }
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { throw CocoaError(.fileReadUnknown) }
            pending += part
        }
    }

    /// Puts an object in its place, or in place of the one of its name.
    func put(_ kind: String, _ object: JSONValue) throws {
        try tell(.object(["put": .string(kind), "object": object]))
    }

    /// Lays fields over a pod.
    func patch(_ pod: String, _ fields: JSONValue) throws {
        try tell(.object(["patch": .string(pod), "with": fields]))
    }

    /// Lets something go.
    func remove(_ kind: String, _ name: String) throws {
        try tell(.object(["remove": .string(kind), "name": .string(name)]))
    }

    /// What was asked so far, in order: `METHOD PATH TOKEN`.
    func requests() throws -> [String] {
        guard case .array(let all) = try tell(.object(["requests": .bool(true)])) else { return [] }
        return all.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    /// Everything of a kind, by name.
    func all(_ kind: String) throws -> [String: JSONValue] {
        guard case .object(let all) = try tell(.object(["all": .string(kind)])) else { return [:] }
        return all
    }

    /// Answers every request with the same: a status and a body; `nil`: as it is.
    ///
    /// - Parameters:
    ///   - method: only requests of this method; empty: all.
    ///   - path: only requests that have this in them; empty: all.
    func answer(
        _ status: Int?, _ body: String = "", repeated: Int = 1, method: String = "", path: String = ""
    ) throws {
        try tell(
            .object([
                "answer": status.map { JSONValue($0) } ?? .null, "body": .string(body), "repeated": JSONValue(repeated),
                "method": .string(method), "path": .string(path),
            ]))
    }

    /// Does what requests to make something ask for, and says nothing, or answers again.
    func losesAnswers(_ loses: Bool) throws { try tell(.object(["loses": .bool(loses)])) }

    /// Keeps those waiting who ask for a further page of a list, or no more.
    func holdsPages(_ holds: Bool) throws { try tell(.object(["holds": .bool(holds)])) }

    private static let program = #"""
        import http.server, json, sys, threading, urllib.parse
        lock = threading.Condition()
        store = {"nodes": {}, "pods": {}, "secrets": {}}
        events = []          # (version, kind, type, object)
        state = {"version": 100, "oldest": 0, "answer": None, "body": "", "repeated": 1, "method": "", "path": "",
                 "uid": 0, "cut": 0, "page": 2, "loses": False, "holds": False}
        asked = []
        def status(code, reason, message):
            return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
        def change(kind, what, item):
            state["version"] += 1
            item["metadata"]["resourceVersion"] = str(state["version"])
            if what == "DELETED": store[kind].pop(item["metadata"]["name"], None)
            else: store[kind][item["metadata"]["name"]] = item
            events.append((state["version"], kind, what, json.loads(json.dumps(item))))
            if kind == "pods" and what == "DELETED":
                # As the cluster's garbage collector does: what a pod owns goes with it.
                for name, one in list(store["secrets"].items()):
                    if any(o["uid"] == item["metadata"]["uid"] for o in one["metadata"].get("ownerReferences", [])):
                        change("secrets", "DELETED", one)
            lock.notify_all()
        def merged(a, b):
            if isinstance(a, dict) and isinstance(b, dict):
                r = dict(a)
                for k, v in b.items():
                    if v is None: r.pop(k, None)
                    else: r[k] = merged(r[k], v) if k in r else v
                return r
            return b
        def fits(item, selector):
            labels = item["metadata"].get("labels", {})
            return all(labels.get(p.split("=")[0]) == p.split("=", 1)[1] for p in selector.split(",")) if selector else True
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *a): pass
            def say(self, code, value):
                body = json.dumps(value).encode()
                self.send_response(code); self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
            def go(self):
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                parts = url.path.strip("/").split("/")
                with lock:
                    asked.append(f"{self.command} {self.path} {self.headers.get('Authorization', '')}")
                    forced = (state["answer"], state["body"], state["repeated"], state["method"])
                    isMeant = forced[3] in ("", self.command) and state["path"] in self.path
                    isLost = state["loses"] and self.command == "POST"
                if forced[0] is not None and isMeant:
                    self.send_response(forced[0]); self.send_header("Connection", "close"); self.end_headers()
                    for _ in range(forced[2]): self.wfile.write(forced[1].encode())
                    self.close_connection = True
                    return
                rest = parts[2:] if parts[2] != "namespaces" else parts[4:]
                kind, name = rest[0], (urllib.parse.unquote(rest[1]) if len(rest) > 1 else None)
                if self.command == "GET" and query.get("watch"): return self.watch(kind, query)
                with lock: code, value = self.answer(kind, name, query, body)
                if isLost:
                    self.close_connection = True
                    return
                self.say(code, value)
            do_GET = do_POST = do_PUT = do_DELETE = go
            def answer(self, kind, name, query, body):
                if self.command == "GET":
                    while state["holds"] and "continue" in query: lock.wait(0.05)
                    names = sorted(n for n in store[kind] if fits(store[kind][n], query.get("labelSelector", "")))
                    names = [n for n in names if n > query.get("continue", "")]
                    page, more = names[:state["page"]], names[state["page"]:]
                    meta = {"resourceVersion": str(state["version"])}
                    if more: meta["continue"] = page[-1]
                    return 200, {"kind": "List", "metadata": meta, "items": [store[kind][n] for n in page]}
                if self.command == "POST":
                    name = body["metadata"]["name"]
                    if name in store[kind]: return 409, status(409, "AlreadyExists", f'{kind} "{name}" already exists')
                    state["uid"] += 1
                    body["metadata"]["uid"] = f"uid-{state['uid']}"
                    if kind == "pods": body["status"] = {"phase": "Pending"}
                    change(kind, "ADDED", body)
                    return 201, body
                if self.command == "PUT":
                    change(kind, "MODIFIED", body)
                    return 200, body
                if name not in store[kind]: return 404, status(404, "NotFound", f'{kind} "{name}" not found')
                item = store[kind][name]
                wanted = ((body or {}).get("preconditions") or {}).get("uid")
                if wanted and wanted != item["metadata"].get("uid"): return 409, status(409, "Conflict", "another uid")
                if kind == "pods":
                    item["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
                    item["metadata"]["deletionGracePeriodSeconds"] = body["gracePeriodSeconds"]
                    change(kind, "MODIFIED", item)
                    return 200, item
                change(kind, "DELETED", item)
                return 200, status(200, "", "")
            def watch(self, kind, query):
                after = int(query["resourceVersion"])
                with lock:
                    if after < state["oldest"]: self.say(410, status(410, "Expired", "too old resource version")); return
                    cut = state["cut"]
                self.send_response(200); self.send_header("Connection", "close"); self.end_headers()
                self.close_connection = True
                try:
                    while True:
                        with lock:
                            new = [e for e in events if e[0] > after and e[1] == kind and fits(e[3], query.get("labelSelector", ""))]
                            if not new: lock.wait(0.2)
                            if state["cut"] != cut: return
                        for e in new:
                            after = e[0]
                            self.wfile.write((json.dumps({"type": e[2], "object": e[3]}) + "\n").encode())
                except OSError: pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1])
        for line in sys.stdin:
            told = json.loads(line)
            reply = None
            with lock:
                if "put" in told:
                    item = told["object"]
                    state["uid"] += 1
                    item["metadata"].setdefault("uid", f"uid-{state['uid']}")
                    old = store[told["put"]].get(item["metadata"]["name"])
                    change(told["put"], "MODIFIED" if old else "ADDED", item)
                elif "patch" in told:
                    change("pods", "MODIFIED", merged(store["pods"][told["patch"]], told["with"]))
                elif "remove" in told: change(told["remove"], "DELETED", store[told["remove"]][told["name"]])
                elif "requests" in told: reply = list(asked)
                elif "all" in told: reply = store[told["all"]]
                elif "answer" in told:
                    state["answer"], state["body"], state["repeated"] = told["answer"], told["body"], told["repeated"]
                    state["method"], state["path"] = told["method"], told["path"]
                    state["cut"] += 1
                elif "loses" in told: state["loses"] = told["loses"]
                elif "holds" in told:
                    state["holds"] = told["holds"]
                    lock.notify_all()
                elif "forget" in told:
                    # What was is too long ago: watches end, and may not go on from there.
                    state["version"] += 1
                    state["oldest"] = state["version"]
                    state["cut"] += 1
            print(json.dumps(reply))
        """#
}
