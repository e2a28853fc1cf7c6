import Forwarding
import Foundation
import Platform
import TestSupport
import Testing
import Watching

/// What is sent, held against published schemas by a validator that is not ours
/// (``TestSupport/PythonValidator``). Schemas of ONAP and 3GPP are not in this source: `FAULTLINE_SCHEMAS` names the folder
/// that has them, as `ves/CommonEventFormat_30.2.1_ONAP.json` and `3gpp/TS28532_FaultMnS.yaml`.
@Suite struct SchemaTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let ves = environment["FAULTLINE_SCHEMAS"].map { $0 + "/ves/CommonEventFormat_30.2.1_ONAP.json" }
    private static let faultManagement = environment["FAULTLINE_SCHEMAS"].map { $0 + "/3gpp/TS28532_FaultMnS.yaml" }
    private static let ours = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/schemas/alarm-event.schema.json").path

    /// Documents, one a line, against a schema or a part of it.
    private func validate(_ documents: [JSONValue], _ schema: String, part: String = "") throws -> String {
        let folder = try TemporaryFolder()
        let file = try folder.write("documents", documents.map(\.description).joined(separator: "\n"))
        let program = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            kind = jsonschema.validators.validator_for(schema)
            kind.check_schema(schema)
            validator = kind(schema)
            if sys.argv[3]: validator = validator.evolve(schema=schema["$defs"][sys.argv[3]])
            errors = [str(e.json_path) + ": " + e.message for line in open(sys.argv[2]) for e in validator.iter_errors(json.loads(line))]
            sys.exit("\\n".join(errors[:9]) if errors else 0)
            """
        let result = try PythonValidator.run(program, [schema, file, part])
        return result.status == 0 ? "" : result.errors
    }

    private var events: [AlarmEvent] {
        var all = AlarmEvent.State.allCases.map { ForwarderTests.event($0) }
        all.append(ForwarderTests.event(entity: "<é\"\u{1F525}", severity: .warning, onset: 12))
        var bare = ForwarderTests.event(severity: .critical)
        (bare.fault, bare.incident, bare.reconstruction, bare.fingerprint, bare.federation) = (nil, nil, nil, [], nil)
        bare.handling = AlarmEvent.Handling(acknowledgedBy: "local", notes: 2, silence: 4)
        all.append(bare)
        return all
    }

    @Test(.enabled(if: PythonValidator.isHere, "no jsonschema for python3")) func envelopesAndEventsFollowOurSchema()
        throws
    {
        let flaws = try validate(events.map(CloudEvent.envelope), Self.ours, part: "envelope")
        #expect(flaws.isEmpty, "\(flaws)")
        #expect(events.map(CloudEvent.envelope).allSatisfy { $0["data", "faultManagement", "systemDN"] != nil })
        let plain = try events.map { try DeterministicJSON.decode(JSONValue.self, from: $0.encoded()) }
        let others = try validate(plain, Self.ours)
        #expect(others.isEmpty, "\(others)")
        // The validator does see flaws.
        #expect(try validate([.object(["id": .string("x")])], Self.ours).contains("'revision' is a required property"))
    }

    @Test(
        .enabled(
            if: PythonValidator.isHere && ves.map(FileManager.default.fileExists) == true,
            "no schema of VES, or no jsonschema"))
    func eventsFollowTheSchemaOfVES() throws {
        let now = 1_767_226_000.0
        var documents = events.flatMap {
            [
                VESEvent.fault($0, reporter: "faultline", now: now),
                VESEvent.crossing($0, reporter: "faultline", now: now, hasFault: $0.severity == .major),
            ]
        }
        let (first, second) = (VESTests.figures(), VESTests.figures(samples: 2_000, events: 30))
        documents.append(
            VESEvent.heartbeat(
                Beat(.heartbeat, everySeconds: 60), number: 29_453_766, first, reporter: "faultline", now: now))
        for before in [nil, first] {
            documents.append(
                VESEvent.measurement(
                    Beat(.measurement, everySeconds: 300), number: 5_890_753, second, before: before,
                    reporter: "faultline", now: now))
        }
        let flaws = try validate(documents, try #require(Self.ves))
        #expect(flaws.isEmpty, "\(flaws)")
        // The validator does see flaws.
        #expect(try validate([.object(["event": .object([:])])], try #require(Self.ves)).contains("commonEventHeader"))
    }

    @Test(
        .enabled(
            if: PythonValidator.readsYAML && faultManagement.map(FileManager.default.fileExists) == true,
            "no definition of TS 28.532, or no jsonschema and yaml"))
    func notificationsFollowTheDefinitionOf3GPP() throws {
        let now = 1_767_226_000.0
        func said(_ operation: String, text: String? = nil) throws -> Letter {
            let json =
                #"{"number":9,"at":1767226000,"by":"noc","operation":"\#(operation)""#
                + (text.map { #","text":"\#($0)""# } ?? "") + #","alarm":"site1/enb0@1767225600"}"#
            let entry = try JSONDecoder().decode(AuditEntry.self, from: Data(json.utf8))
            return Letter(sequence: 9, event: ForwarderTests.event(), isSilenced: false, operation: entry)
        }
        let letters =
            events.map { Letter(sequence: 3, event: $0, isSilenced: false) } + [
                try said("acknowledge"), try said("unacknowledge"), try said("note", text: "seen"),
            ]
        let others = [(1, "a"), (2, "b,=\\")].map {
            Letter.Other(event: ForwarderTests.event(entity: $0.1), sequence: Int64($0.0))
        }
        let joining = Letter(sequence: 5, event: ForwarderTests.event(), isSilenced: false, others: others)
        let change = try #require(FaultManagement.correlation(of: joining, now: now))
        #expect(FaultManagement.correlation(of: letters[0], now: now) == nil)
        var items = try (letters + [joining]).map { letter -> (schema: String, json: String) in
            let document = try #require(FaultManagement.notification(of: letter, now: now))
            let kind = try #require(document["notificationType"]?.text)
            return (kind.prefix(1).uppercased() + kind.dropFirst(), document.description)
        }
        #expect(
            Set(items.map(\.schema)) == [
                "NotifyNewAlarm", "NotifyChangedAlarmGeneral", "NotifyClearedAlarm", "NotifyAckStateChanged",
                "NotifyComments",
            ])
        items.append(
            (
                "NotifyAlarmListRebuilt",
                FaultManagement.rebuilt("00ff", reason: "restored", number: 4, now: now).description
            ))
        items.append(("NotifyCorrelatedNotificationChanged", change.description))
        items += events.map { ("AlarmRecord", FaultManagement.record(of: $0, mark: nil, now: now).description) }
        let path = try #require(Self.faultManagement)
        let flaws = try PythonValidator.flaws(in: items, path)
        #expect(flaws.isEmpty, "\(flaws)")
        // The validator does see flaws.
        #expect(
            try PythonValidator.flaws(in: [("NotifyNewAlarm", "{}")], path).contains("'href' is a required property"))
        #expect(try FaultManagement.notification(of: said("false"), now: now) == nil)
    }
}
