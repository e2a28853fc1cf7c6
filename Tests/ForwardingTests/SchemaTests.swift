import Forwarding
import Foundation
import Platform
import TestSupport
import Testing
import Watching

/// What is sent, held against published schemas by a validator that is not ours: jsonschema, from PyPI, in the Python that
/// `FAULTLINE_PYTHON` names (`python3` when not given). ONAP's schema is not in this source: `FAULTLINE_SCHEMAS` names the
/// folder that has it, as `ves/CommonEventFormat_30.2.1_ONAP.json`.
@Suite struct SchemaTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let ves = environment["FAULTLINE_SCHEMAS"].map { $0 + "/ves/CommonEventFormat_30.2.1_ONAP.json" }
    private static let ours = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/schemas/alarm-event.schema.json").path

    private static let hasValidator: Bool = (try? python("import jsonschema").status) == 0

    private static func python(_ program: String, _ arguments: [String] = []) throws -> (status: Int32, errors: String)
    {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [environment["FAULTLINE_PYTHON"] ?? "python3", "-c", program] + arguments
        let folder = try TemporaryFolder()
        let path = try folder.write("errors", "")
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(filePath: path))
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOfFile: path, encoding: .utf8))
    }

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
        let result = try Self.python(program, [schema, file, part])
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

    @Test(.enabled(if: hasValidator, "no jsonschema for python3")) func envelopesAndEventsFollowOurSchema() throws {
        let flaws = try validate(events.map(CloudEvent.envelope), Self.ours, part: "envelope")
        #expect(flaws.isEmpty, "\(flaws)")
        let plain = try events.map { try DeterministicJSON.decode(JSONValue.self, from: $0.encoded()) }
        let others = try validate(plain, Self.ours)
        #expect(others.isEmpty, "\(others)")
        // The validator does see flaws.
        #expect(try validate([.object(["id": .string("x")])], Self.ours).contains("'revision' is a required property"))
    }

    @Test(
        .enabled(
            if: hasValidator && ves.map(FileManager.default.fileExists) == true, "no schema of VES, or no jsonschema"))
    func faultsFollowTheSchemaOfVES() throws {
        let documents = events.map { VESEvent.document($0, reporter: "faultline", now: 1_767_226_000) }
        let flaws = try validate(documents, try #require(Self.ves))
        #expect(flaws.isEmpty, "\(flaws)")
    }
}
