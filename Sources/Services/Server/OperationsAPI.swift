import Foundation
import Platform
import Watching

/// `/v1/operations`, `/v1/silences`, `/v1/hints` and `/v1/audit`: what operators say of alarms, incidents and faults.
struct OperationsAPI: Sendable {
    /// What was said.
    let store: OperatorStore
    /// The library that a confirmation goes into.
    let library: LibraryAPI
    /// The incidents.
    let incidents: IncidentBook
    /// Who may change something.
    let authority: HTTPAuthority
    /// The number of the last alarm in the log.
    let lastAlarm: @Sendable () -> Int64

    static let since = NumberParameter(
        "since", 0...NumberParameter.most, default: 0, "A number in the audit: what is behind it.")
    static let auditLimit = NumberParameter("limit", 1...1_000, default: 1_000, "Entries on a page.")
    static let skip = NumberParameter(
        "skip", 0...NumberParameter.most, default: 0, "Marks to pass over, of the latest changed ones.")
    static let limit = NumberParameter("limit", 1...1_000, default: 1_000, "Marks on a page.")
    private static let silences = "/v1/silences"
    private static let hints = "/v1/hints"

    /// Whether a path is one of these.
    static func serves(_ path: String) -> Bool {
        path == "/v1/operations" || path == "/v1/audit" || [silences, hints].contains(path)
            || path.hasPrefix(silences + "/") || path.hasPrefix(hints + "/")
    }

    /// Answers a request for such a path.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        do {
            return try dispatch(request)
        } catch let problem as Problem {
            return problem.answer
        } catch let refusal as OperatorDesk.Refusal {
            return Problem(refusal.isMissing ? 404 : 400, refusal.description).answer
        } catch let error as StorageError {
            return Problem(507, "\(error)").answer
        }
    }

    private func dispatch(_ request: HTTPRequest) throws -> HTTPResponse {
        let path = request.path
        if request.method != .get, let refusal = authority.refusal(of: request, needing: .operate) { return refusal }
        switch (request.method, path) {
        case (.get, "/v1/operations"): return try overview(request)
        case (.post, "/v1/operations"): return try operate(request)
        case (.get, "/v1/audit"): return try audit(request)
        case (.get, Self.silences): return try .encoding(["silences": store.current.allSilences])
        case (.post, Self.silences): return try silence(request)
        case (.get, Self.hints): return try .encoding(["hints": store.current.allHints])
        default: break
        }
        if path.hasPrefix(Self.silences + "/") {
            let word = path.dropFirst(Self.silences.count + 1)
            guard let id = Int64(word) else {
                throw Problem(404, "no silence \(HTTPResponse.printable(String(word))) here; they have numbers")
            }
            switch request.method {
            case .put: return try changeSilence(id, request)
            case .delete: return try done(.endSilence(id: id), request)
            case .get:
                guard let silence = store.current.allSilences.first(where: { $0.id == id }) else {
                    throw Problem(404, "no silence \(id) here")
                }
                return try .encoding(silence)
            case .post, .patch: throw Problem(405, "GET, PUT or DELETE a silence here")
            }
        }
        if path.hasPrefix(Self.hints + "/") {
            let fault = String(path.dropFirst(Self.hints.count + 1))
            if let flaw = FaultConfirmation.flaw(inName: fault) { throw Problem(400, flaw) }
            switch request.method {
            case .put:
                struct Body: Decodable { let text: String }
                let body = try Problem.read(Body.self, from: request, keys: ["text"])
                return try done(.hint(fault: fault, text: body.text), request)
            case .delete: return try done(.forgetHint(fault: fault), request)
            case .get, .post, .patch: throw Problem(405, "PUT or DELETE a hint here; GET \(Self.hints) lists them")
            }
        }
        throw Problem(405, "\(path) does not take \(request.method.rawValue)")
    }

    private struct Done: Encodable { let number: Int64 }

    private func done(_ change: DeskChange, _ request: HTTPRequest) throws -> HTTPResponse {
        let number = try store.apply(
            change, by: authority.actor(of: request), trace: request.isTraced ? request.trace : nil)
        // The server's chained log has it too, so that it cannot go unnoticed from this one.
        if let entry = try store.audit(after: number - 1, limit: 1).first {
            let subject = entry.alarm ?? entry.incident ?? entry.fault ?? entry.silence.map { "\($0)" } ?? ""
            authority.audit(request, PrintableText.line("\(entry.operation) \(subject)", limit: 300))
        }
        return try .encoding(Done(number: number))
    }

    // MARK: Looking

    private struct Overview: Encodable {
        let revision: Int64
        let marks: [DeskMark]
        let silences: [Silence]
        let hints: [FaultHint]
        let more: Bool
    }

    private func overview(_ request: HTTPRequest) throws -> HTTPResponse {
        let desk = store.current
        let skip = Int(try request.value(Self.skip))
        let limit = Int(try request.value(Self.limit))
        let marks = desk.marks(limit: skip < desk.markCount ? skip + limit : 0).dropFirst(skip)
        let isFirst = skip == 0
        return try .encoding(
            Overview(
                revision: desk.lastEntry, marks: Array(marks), silences: isFirst ? desk.allSilences : [],
                hints: isFirst ? desk.allHints : [], more: skip + marks.count < desk.markCount && !marks.isEmpty))
    }

    private struct Audit: Encodable {
        let entries: [AuditEntry]
        let last: Int64
        let more: Bool
    }

    private func audit(_ request: HTTPRequest) throws -> HTTPResponse {
        let since = try request.value(Self.since)
        let limit = Int(try request.value(Self.auditLimit))
        let entries = try store.audit(after: since, limit: limit)
        return try .encoding(
            Audit(entries: entries, last: entries.last?.number ?? since, more: entries.count == limit))
    }

    // MARK: Operating

    private struct Operation: Decodable {
        let operation: String
        let alarm: FaultConfirmation.Reference?
        let incident: String?
        let text: String?
        let fault: String?
    }

    private static let operations = ["acknowledge", "unacknowledge", "note", "confirm", "false", "unjudge"]

    private func operate(_ request: HTTPRequest) throws -> HTTPResponse {
        let body = try Problem.read(
            Operation.self, from: request, keys: ["operation", "alarm", "incident", "text", "fault"])
        guard Self.operations.contains(body.operation) else {
            throw Problem(
                400,
                "operation: found \(HTTPResponse.printable(body.operation)), expected one of "
                    + Self.operations.joined(separator: ", "))
        }
        for (key, isGiven, operation) in [
            ("text", body.text != nil, "note"), ("fault", body.fault != nil, "confirm"),
        ] {
            if isGiven, body.operation != operation { throw Problem(400, "\(key): goes with \(operation) only") }
            if !isGiven, body.operation == operation { throw Problem(400, "\(key): missing, \(operation) needs it") }
        }
        let subject: OperatorDesk.Subject
        switch (body.alarm, body.incident) {
        case (let reference?, nil): subject = .alarm(try alarm(reference))
        case (nil, let incident?):
            _ = try alarms(ofIncident: incident)
            subject = .incident(incident)
        default: throw Problem(400, "expected either an alarm or an incident")
        }
        switch body.operation {
        case "acknowledge": return try done(.acknowledge(subject), request)
        case "unacknowledge": return try done(.unacknowledge(subject), request)
        case "note": return try done(.note(subject, text: body.text ?? ""), request)
        case "false":
            guard case .incident(let id) = subject else { return try done(.markFalse(subject), request) }
            return try done(.markFalse(subject, alarms: alarms(ofIncident: id)), request)
        case "unjudge": return try done(.unjudge(subject), request)
        default: return try confirm(subject, body.fault ?? "", request)
        }
    }

    /// The identity of an alarm that is in the log.
    private func alarm(_ reference: FaultConfirmation.Reference) throws -> String {
        guard let event = try library.latest(reference) else {
            throw Problem(404, "alarm: found no alarm \(reference) in the log")
        }
        return event.id
    }

    private func alarms(ofIncident id: String) throws -> [String] {
        try incidents.catchUp(to: lastAlarm())
        guard let alarms = incidents.alarms(ofIncident: id) else {
            throw Problem(404, "incident: found no incident \(HTTPResponse.printable(id))")
        }
        return alarms
    }

    /// Its signature goes into the library first: a crash between the two leaves a fault that is known and a verdict that
    /// is not, and confirming again puts that right.
    private func confirm(
        _ subject: OperatorDesk.Subject, _ fault: String, _ request: HTTPRequest
    ) throws -> HTTPResponse {
        if let flaw = FaultConfirmation.flaw(inName: fault) {
            throw Problem(400, flaw.replacing("name:", with: "fault:", maxReplacements: 1))
        }
        let candidates: [String]
        switch subject {
        case .alarm(let id): candidates = [id]
        case .incident(let id): candidates = try alarms(ofIncident: id)
        }
        // Of an incident the likeliest culprit's alarm that has a signature.
        for id in candidates.prefix(32) {
            guard let event = try library.latest(.id(id)), let signature = event.signature, signature.flaw == nil
            else { continue }
            do {
                _ = try library.store.add(
                    signature, as: fault, origin: String(event.id.prefix(LibraryAPI.longestOrigin)), corrects: true)
            } catch FaultLibraryStore.Refusal.full(let line) {
                throw Problem(409, line)
            }
            return try done(.confirm(subject, fault: fault), request)
        }
        throw Problem(409, "found no signature to confirm in its alarms")
    }

    // MARK: Silences

    private struct Wish: Decodable {
        let matcher: AlarmMatcher
        let from: Int64?
        let until: Int64?
        let seconds: Int64?
        let comment: String?
    }

    private func silence(_ request: HTTPRequest) throws -> HTTPResponse {
        let wish = try Problem.read(
            Wish.self, from: request, keys: ["matcher", "from", "until", "seconds", "comment"])
        let from = wish.from ?? OperatorStore.now
        let until = try end(from: from, until: wish.until, seconds: wish.seconds)
        return try done(
            .silence(.init(matcher: wish.matcher, from: from, until: until, comment: wish.comment)), request)
    }

    private func changeSilence(_ id: Int64, _ request: HTTPRequest) throws -> HTTPResponse {
        struct Body: Decodable {
            let until: Int64?
            let seconds: Int64?
            let comment: String?
        }
        let body = try Problem.read(Body.self, from: request, keys: ["until", "seconds", "comment"])
        let until = try end(from: OperatorStore.now, until: body.until, seconds: body.seconds)
        return try done(.changeSilence(id: id, until: until, comment: body.comment), request)
    }

    private func end(from: Int64, until: Int64?, seconds: Int64?) throws(Problem) -> Int64 {
        let most: Int64 = 1 << 40
        guard (0...most).contains(from) else { throw Problem(400, "from: expected seconds since 1970") }
        switch (until, seconds) {
        case (let until?, nil) where (0...most).contains(until): return until
        case (nil, let seconds?) where (1...most).contains(seconds): return from + seconds
        default: throw Problem(400, "expected either until (seconds since 1970) or seconds, above 0")
        }
    }
}
