import AnnotationModel
import Foundation
import LabelText
import Testing

@testable import OperatorPage

/// The API's description is made of its routes and of the examples of its documents.
@Suite("The description of the API")
struct OpenAPITests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let file = root.appendingPathComponent("Sources/CPageFiles/openapi.json")
    private static let golden = root.appendingPathComponent("Tests/LabelDocumentsTests/Golden")
    /// Whether members may be null or absent, as their types say.
    private static let members = root.appendingPathComponent(
        "Tests/LabelDocumentsTests/Members/members.txt")

    @Test("is that of the program")
    func renewed() async throws {
        let text = try Self.description().text + "\n"
        if ProcessInfo.processInfo.environment["COUNTERMARK_RENEW_DOCS"] == "1" {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
            return
        }
        let found = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(
            found == text,
            "COUNTERMARK_RENEW_DOCS=1 swift test --filter OpenAPITests writes it anew")
        try await PageFixture.serving { page in
            let served = try await page.send("GET", "/openapi.json", nil, ["Cookie": ""])
            #expect(served.status == 200 && served.body == found)
        }
    }

    // MARK: Making it

    private static func description() throws -> JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        var documents: Set<String> = ["ProblemDocument"]
        for route in PageServer.allRoutes {
            if let document = route.document { documents.insert(document) }
            paths[route.path, default: [:]][route.method.rawValue] = operation(route)
        }
        var schemas: [String: JSONValue] = [:]
        for name in documents { schemas[name] = try schema(ofDocument: name) }
        return object([
            "openapi": .string("3.1.0"),
            "info": object([
                "title": .string("Countermark: the operator's API"),
                "version": .string(PageSession.version),
                "description": .string("Docs/Page.md explains it."),
            ]),
            "servers": .array([object(["url": .string("/api/v1")])]),
            "security": .array([object(["session": .array([])])]),
            "paths": object(paths.mapValues { object($0) }),
            "components": object([
                "securitySchemes": object([
                    "session": object([
                        "type": .string("apiKey"), "in": .string("cookie"),
                        "name": .string(PageSessions.cookieName),
                    ])
                ]),
                "schemas": object(schemas),
            ]),
        ])
    }

    private static func operation(_ route: PageRoute) -> JSONValue {
        let words = route.path.split(separator: "/").map {
            $0.filter { $0.isLetter || $0.isNumber }
        }
        var parameters = route.parts.map { part in
            object([
                "name": .string(part), "in": .string("path"), "required": .bool(true),
                "schema": object(["type": .string("string"), "minLength": .integer(1)]),
            ])
        }
        for query in route.queries {
            parameters.append(
                object([
                    "name": .string(query.name), "in": .string("query"),
                    "required": .bool(query.isNeeded), "schema": schema(query.kind),
                ]))
        }
        var members: [String: JSONValue] = [
            "operationId": .string(([route.method.rawValue] + words).joined(separator: "-")),
            "summary": .string(route.summary),
            "description": .string("For the role \(route.role.rawValue)."),
            "parameters": .array(parameters),
            "responses": object(responses(route)),
        ]
        if route.isOpen { members["security"] = .array([]) }
        if let type = route.bodyType {
            members["requestBody"] = object([
                "required": .bool(true), "content": object([type: object(["schema": body(route)])]),
            ])
        }
        return object(members)
    }

    private static func responses(_ route: PageRoute) -> [String: JSONValue] {
        var responses: [String: JSONValue] = [
            "default": object([
                "description": .string("Why it was not done (RFC 9457)."),
                "content": object([
                    "application/problem+json": object(["schema": reference("ProblemDocument")])
                ]),
            ])
        ]
        if let document = route.document {
            responses["200"] = object([
                "description": .string("The document."),
                "content": object(["application/json": object(["schema": reference(document)])]),
            ])
        } else if let type = route.answerType {
            let schema = object(["schema": object(["type": .string("string")])])
            responses["200"] = object([
                "description": .string("The bytes."), "content": object([type: schema]),
            ])
        } else {
            responses["204"] = object(["description": .string("Done.")])
        }
        if case .tagged = route.work {
            responses["304"] = object([
                "description": .string("The dataset is as If-None-Match says.")
            ])
        }
        return responses
    }

    private static func schema(_ kind: PageRoute.Query.Kind) -> JSONValue {
        switch kind {
        case .text: object(["type": .string("string"), "maxLength": .integer(1_000)])
        case .flag: object(["type": .string("boolean")])
        case .number(let range):
            object([
                "type": .string("integer"), "minimum": .integer(Int64(range.lowerBound)),
                "maximum": .integer(Int64(range.upperBound)),
            ])
        case .choice(let names):
            object(["type": .string("string"), "enum": .array(names.map { .string($0) })])
        }
    }

    private static func body(_ route: PageRoute) -> JSONValue {
        if route.body.isEmpty { return object(["type": .string("string")]) }
        let properties = route.body.map { member -> (String, JSONValue) in
            let text = object(["type": .string("string")])
            let schema: JSONValue =
                switch member.kind {
                case .text: text
                case .flag: object(["type": .string("boolean")])
                case .number: object(["type": .string("number")])
                case .object: object(["type": .string("object")])
                case .any: object([:])
                case .texts: object(["type": .string("array"), "items": text])
                case .objects:
                    object([
                        "type": .string("array"), "items": object(["type": .string("object")]),
                    ])
                case .choice(let names):
                    object(["type": .string("string"), "enum": .array(names.map { .string($0) })])
                }
            return (member.name, schema)
        }
        return object([
            "type": .string("object"), "additionalProperties": .bool(false),
            "properties": object(
                Dictionary(properties, uniquingKeysWith: { first, _ in first })),
            "required": .array(
                route.body.filter(\.isNeeded).map { .string($0.name) }),
        ])
    }

    private static func reference(_ name: String) -> JSONValue {
        object(["$ref": .string("#/components/schemas/\(name)")])
    }

    // MARK: Documents

    /// Members whose own members are names of fields, states or organisations, or whatever somebody has written.
    private static let open: Set<String> = [
        "alarms", "fields", "value", "schema", "selector", "ofItems", "ofAnnotations", "groups",
        "states",
    ]

    private static func schema(ofDocument name: String) throws -> JSONValue {
        var words = ""
        for letter in name.dropLast("Document".count) {
            words += letter.isUppercase && !words.isEmpty ? "-" : ""
            words += letter.lowercased()
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: golden.path).filter {
            $0 == "\(words).json" || $0 == "\(words).least.json"
        }
        #expect(!files.isEmpty, "\(name) has no example called \(words)")
        var states: [String: Substring] = [:]
        for line in try String(contentsOf: members, encoding: .utf8).split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 3, parts[0] == name { states[String(parts[1])] = parts[2] }
        }
        #expect(!states.isEmpty, "\(name) has no members in \(members.path)")
        return schema(
            of: try files.sorted().map {
                try JSONValue(
                    parsing: String(
                        contentsOf: golden.appendingPathComponent($0), encoding: .utf8))
            }, "", states)
    }

    /// What all of these values are.
    ///
    /// - Parameters:
    ///   - path: Where they stand in the document; `[]` is in a list.
    ///   - states: What types say of the members at paths. Of others, which a document writes itself, one example in a
    ///     list does not say whether they may be null.
    private static func schema(
        of values: [JSONValue], _ path: String, _ states: [String: Substring]
    ) -> JSONValue {
        var types: Set<String> = []
        var objects: [[String: JSONValue]] = []
        var elements: [JSONValue] = []
        for value in values {
            switch value {
            case .null: types.insert("null")
            case .bool: types.insert("boolean")
            case .integer: types.insert("integer")
            case .double: types.insert("number")
            case .string: types.insert("string")
            case .array(let list):
                types.insert("array")
                elements += list
            case .object(let members):
                types.insert("object")
                objects.append(
                    Dictionary(
                        members.sortedByKey().map { ($0, $1) },
                        uniquingKeysWith: { first, _ in first })
                )
            }
        }
        if types.contains("number") { types.remove("integer") }
        var schema: [String: JSONValue] = [:]
        let names = types.sorted().map { JSONValue.string($0) }
        schema["type"] = names.count == 1 ? names[0] : .array(names)
        if types.contains("array"), !elements.isEmpty {
            schema["items"] = self.schema(of: elements, path + "[]", states)
        }
        if let first = objects.first {
            let all = Set(objects.flatMap(\.keys))
            schema["properties"] = object(
                Dictionary(
                    all.map { key in
                        let values = objects.compactMap { $0[key] }
                        if open.contains(key) { return (key, object([:])) }
                        let member = path.isEmpty ? key : "\(path).\(key)"
                        let mayBeNull =
                            states[member].map { $0 == "null" }
                            ?? (path.contains("[]") && objects.count == 1)
                        return (
                            key,
                            self.schema(
                                of: mayBeNull ? values + [.null] : values, member, states)
                        )
                    }, uniquingKeysWith: { first, _ in first }))
            let needed = objects.reduce(Set(first.keys)) { $0.intersection($1.keys) }
                .filter { states[path.isEmpty ? $0 : "\(path).\($0)"] != "absent" }
            schema["required"] = .array(needed.sorted().map { .string($0) })
        }
        return object(schema)
    }

    private static func object(_ members: [String: JSONValue]) -> JSONValue {
        var map: ByteMap<JSONValue> = [:]
        for (name, value) in members { map[name] = value }
        return .object(map)
    }
}
