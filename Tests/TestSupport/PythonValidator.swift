import Foundation

/// A JSON Schema validator that is not ours: jsonschema, from PyPI, in the Python that `FAULTLINE_PYTHON` names (`python3`
/// when not given).
public enum PythonValidator {
    /// Whether it is here.
    public static let isHere: Bool = (try? run("import jsonschema").status) == 0
    /// Whether the reader of YAML is here too.
    public static let readsYAML: Bool = (try? run("import jsonschema, yaml").status) == 0

    /// Runs a program.
    public static func run(_ program: String, _ arguments: [String] = []) throws -> (status: Int32, errors: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let python = ProcessInfo.processInfo.environment["FAULTLINE_PYTHON"] ?? "python3"
        process.arguments = [python, "-c", program] + arguments
        let folder = try TemporaryFolder()
        let path = try folder.write("errors", "")
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(filePath: path))
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOfFile: path, encoding: .utf8))
    }

    /// Holds JSON documents against schemas that an OpenAPI document, or a file like one, names.
    ///
    /// - Parameters:
    ///   - document: the file, in JSON or YAML; files that it refers to lie beside it.
    ///   - items: each a schema's name in `components/schemas` and a JSON text.
    /// - Returns: what is wrong, empty where nothing is.
    public static func flaws(in items: [(schema: String, json: String)], _ document: String) throws -> String {
        let folder = try TemporaryFolder()
        let file = try folder.write("items", items.map { "\($0.schema)\t\($0.json)" }.joined(separator: "\n"))
        let program = """
            import json, os, sys, jsonschema
            path = sys.argv[1]
            def read(name):
                text = open(name).read()
                if name.endswith("json"): return json.loads(text)
                import yaml
                return yaml.load(text, Loader=yaml.SafeLoader)
            def merged(name, seen):
                # References into other files become references into this one; what is not here fits nothing.
                folder = os.path.dirname(name)
                every = {}
                def take(value):
                    if isinstance(value, list): return [take(v) for v in value]
                    if not isinstance(value, dict): return value
                    result = {}
                    for key, member in value.items():
                        if key == "$ref" and isinstance(member, str) and not member.startswith("#"):
                            other, part = member.split("#", 1)
                            where = os.path.join(folder, other)
                            if not os.path.exists(where): return {"not": {}}
                            if where not in seen:
                                seen[where] = {}
                                every.update(merged(where, seen))
                            member = "#" + part
                        result[key] = take(member)
                    return result
                seen.setdefault(name, {})
                every.update(take(read(name))["components"]["schemas"])
                return every
            schemas = merged(path, {})
            kind = jsonschema.validators.Draft202012Validator
            kind.check_schema({"$defs": schemas})
            errors = []
            for line in open(sys.argv[2]):
                name, text = line.rstrip("\\n").split("\\t", 1)
                schema = {"$ref": "#/components/schemas/" + name, "components": {"schemas": schemas}}
                if name not in schemas: errors.append("no schema " + name); continue
                for e in kind(schema).iter_errors(json.loads(text)):
                    errors.append(name + " " + str(e.json_path) + ": " + e.message[:300])
            sys.exit("\\n".join(errors[:12]) if errors else 0)
            """
        let result = try run(program, [document, file])
        return result.status == 0 ? "" : result.errors
    }
}
