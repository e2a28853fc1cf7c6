import CommandLine
import Foundation
import Platform

/// The description of the server's HTTP interface that clients are made from: OpenAPI 3.1, of the routes' own declarations
/// and the schemas in `openapi-schemas.json`.
///
/// Source: OpenAPI Specification 3.1.1.
enum OpenAPIDocument {
    /// Where a server has it.
    static let path = "/openapi.json"

    /// The document; made once.
    static let bytes: [UInt8] = Array(document.description.utf8) + [0x0a]

    private static var document: JSONValue {
        var paths: [String: JSONValue] = [:]
        for (path, routes) in Dictionary(grouping: ServerRoutes.all, by: \.path) {
            paths[path] = .object(
                Dictionary(uniqueKeysWithValues: routes.map { ($0.method.rawValue.lowercased(), operation($0)) }))
        }
        return .object([
            "openapi": .string("3.1.0"),
            "info": .object([
                "title": .string("Faultline server"), "version": .string(Tool.version),
                "description": .string(
                    "Whoever reaches the server from this machine may look at everything but principals without a token; "
                        + "off it, and for every change, a token is needed. Members of objects may be added, and none "
                        + "changes its meaning."),
                "license": .object(["name": .string("Apache 2.0"), "identifier": .string("Apache-2.0")]),
            ]),
            "paths": .object(paths),
            "components": .object([
                "schemas": .object(schemas),
                "securitySchemes": .object([
                    "token": .object([
                        "type": .string("http"), "scheme": .string("bearer"),
                        "description": .string("What 'fl-server keys token' printed; or as the password of Basic."),
                    ])
                ]),
            ]),
        ])
    }

    // MARK: Schemas

    /// The schemas of the file, and those of an alarm's event under names of their own.
    private static var schemas: [String: JSONValue] {
        guard case .object(var all) = decoded(PackageResources.openapi_schemas_json),
            case .object(var event) = referring(decoded(PackageResources.alarm_event_schema_json))
        else { preconditionFailure("the schemas in the program are no JSON objects") }
        for key in ["$schema", "$id"] { event[key] = nil }
        if case .object(let parts)? = event.removeValue(forKey: "$defs") {
            for (name, part) in parts { all[alarmSchema(name)] = part }
        }
        all["AlarmEvent"] = .object(event)
        return all
    }

    private static func decoded(_ bytes: [UInt8]) -> JSONValue {
        (try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))) ?? .null
    }

    private static func alarmSchema(_ part: String) -> String {
        "Alarm" + part.prefix(1).uppercased() + part.dropFirst()
    }

    /// The event's schema with references that hold where its parts are in the document.
    private static func referring(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(referring))
        case .object(let object):
            return .object(
                Dictionary(
                    uniqueKeysWithValues: object.map { key, member in
                        guard key == "$ref", case .string(let target) = member else { return (key, referring(member)) }
                        let name =
                            target == "#" ? "AlarmEvent" : alarmSchema(String(target.dropFirst("#/$defs/".count)))
                        return (key, reference(name)["$ref"] ?? member)
                    }))
        default: return value
        }
    }

    private static func reference(_ schema: String) -> [String: JSONValue] {
        ["$ref": .string("#/components/schemas/\(schema)")]
    }

    // MARK: Operations

    private static func operation(_ route: Route) -> JSONValue {
        let words = route.path.split { !$0.isLetter && !$0.isNumber }
        var fields: [String: JSONValue] = [
            "operationId": .string(
                ([route.method.rawValue.lowercased()] + words.map(String.init)).joined(separator: "-")),
            "summary": .string(route.summary),
            "responses": .object(responses(route)),
            // An empty requirement: from this machine nobody is asked.
            "security": .array(
                (route.role == .read ? [.object([:])] : []) + [.object(["token": .array([])])]),
            "x-role": .string(route.role.rawValue),
        ]
        if !route.parameters.isEmpty { fields["parameters"] = .array(route.parameters.map(parameter)) }
        if !route.bodies.isEmpty {
            fields["requestBody"] = .object([
                "required": .bool(true),
                "content": .object(
                    Dictionary(uniqueKeysWithValues: route.bodies.map { ($0.type, media($0.schema)) })),
            ])
        }
        return .object(fields)
    }

    private static func media(_ schema: String?) -> JSONValue {
        .object(["schema": .object(schema.map(reference) ?? ["type": .string("string")])])
    }

    private static func parameter(_ parameter: Route.Parameter) -> JSONValue {
        .object([
            "name": .string(parameter.name), "in": .string(parameter.place), "description": .string(parameter.text),
            "required": .bool(parameter.place == "path"), "schema": .object(parameter.schema),
        ])
    }

    private static func responses(_ route: Route) -> [String: JSONValue] {
        // What is wrong with a request as such is a problem everywhere.
        let problem = media("Problem")
        let content: JSONValue =
            FaultManagementAPI.serves(route.path)
            ? .object(["application/json": media(route.failure ?? "FaultError"), "application/problem+json": problem])
            : .object(["application/problem+json": problem])
        func refusal(_ text: String) -> JSONValue {
            .object(["description": .string(text), "content": content])
        }
        var responses: [String: JSONValue] = ["default": refusal("What keeps it from being done.")]
        for status in route.refusals + (route.role == .read ? [] : [401, 403]) {
            responses["\(status)"] = refusal(Problem(status, "").title)
        }
        for answer in route.answers {
            var fields: [String: JSONValue] = ["description": .string(answer.text)]
            if let type = answer.type {
                let isJSON = type.hasSuffix("json") && answer.schema == nil
                let any: JSONValue = .object(["schema": .object(["type": .string("object")])])
                // What comes in one of several forms has them beside each other.
                var forms: [String: JSONValue] = [:]
                if case .object(let before)? = responses["\(answer.status)"],
                    case .object(let others)? = before["content"]
                {
                    forms = others
                    fields["description"] = before["description"]
                }
                forms[type] = isJSON ? any : media(answer.schema)
                fields["content"] = .object(forms)
            }
            if answer.status == 201 {
                fields["headers"] = .object([
                    "Location": .object(["schema": .object(["type": .string("string")])])
                ])
            }
            responses["\(answer.status)"] = .object(fields)
        }
        return responses
    }
}
