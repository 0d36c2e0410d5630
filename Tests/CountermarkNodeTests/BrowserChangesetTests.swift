import AnnotationFormats
import AnnotationModel
import Foundation
import LabelText
import Signing
import Testing

@testable import CountermarkNode

/// What the page's JavaScript makes of operations is what this program makes of them, byte for byte: both are compared
/// with one file (`Tests/BrowserProof/changesets.json`).
///
/// `COUNTERMARK_RENEW_VECTORS=1` writes the expected bytes anew.
@Suite("Changesets that a browser makes")
struct BrowserChangesetTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("BrowserProof/changesets.json")

    /// The key that signs all of them: known to everybody, and to nothing else.
    private static let seed = [UInt8](0..<32)

    @Test("are those of the builder, and their entries are signed over the same bytes")
    func equal() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        var cases = try #require(JSONValue(parsing: text).array)
        let renews = ProcessInfo.processInfo.environment["COUNTERMARK_RENEW_VECTORS"] == "1"
        #expect(cases.count > 70)
        for place in cases.indices {
            guard case .object(var one) = cases[place] else { continue }
            let name = one["name"]?.string ?? ""
            let entry = try Self.made(cases[place])
            if renews {
                one["entry"] = .string(Hex.encode(entry))
                cases[place] = .object(one)
            } else {
                #expect(one["entry"]?.string == Hex.encode(entry), "\(name)")
            }
        }
        if renews {
            let lines = cases.map { $0.text }.joined(separator: ",\n")
            try Data("[\n\(lines)\n]\n".utf8).write(to: Self.file)
        }
    }

    private static func made(_ one: JSONValue) throws -> [UInt8] {
        let offer = try #require(one["offer"])
        let heads = try (offer["heads"]?.array ?? []).map { head in
            Head(
                origin: try Origin(text(head, "org")),
                merged: UInt64(try #require(head["merged"]?.integer)),
                size: UInt64(try #require(head["size"]?.integer)),
                root: try #require(Hex.decode(text(head, "root"))),
                signature: try #require(Base64.decode(text(head, "signature"))))
        }
        var builder = try ChangesetBuilder(
            author: text(offer, "author"), message: one["message"]?.string, heads: heads)
        if let introduction = offer["introduction"], introduction != .null {
            let chain = try (introduction["chain"]?.array ?? []).map {
                try #require(Base64.decode($0.string ?? "-"))
            }
            let logKey = introduction["logKey"]?.string.flatMap { Base64.decode($0) }
            #expect(try builder.append(.governance(.addKey(chain: chain, logKey: logKey))))
        }
        for operation in one["operations"]?.array ?? [] {
            #expect(try builder.append(try self.operation(operation)))
        }
        let payload = try builder.payload(heads: heads)
        let root = try #require(Digest(hex: text(offer, "root")))
        let index = UInt64(try #require(offer["index"]?.integer))
        let header = COSEHeader(
            contentType: Changeset.contentType, issuer: try text(offer, "org"),
            subject: try text(offer, "dataset"), issuedAt: offer["time"]?.integer,
            place: EntryPlace(index: index, root: root),
            certificateThumbprint: Digest(hex: try text(offer, "certificate")))
        // PKCS #8 (RFC 8410, section 7).
        let der: [UInt8] =
            [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20] + seed
        let key = try SigningKey(
            pem: "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(der))\n-----END PRIVATE KEY-----\n")
        return try COSESign1.sign(payload: payload, header: header, key: key)
    }

    private static func text(_ json: JSONValue, _ name: String) throws -> String {
        try #require(json[name]?.string)
    }

    private static func operation(_ json: JSONValue) throws -> AnnotationModel.Operation {
        func label() throws -> OperationID { try OperationID.parse(text(json, "label")).0 }
        switch try text(json, "op") {
        case "annotate":
            var fields: [Field: FieldValue] = [:]
            if case .object(let members)? = json["fields"] {
                for (name, value) in members { fields[.attribute(name)] = try plain(value) }
            }
            if let confidence = json["confidence"]?.double {
                fields[.known(.confidence)] = .float(confidence)
            }
            return .addAnnotation(
                item: try text(json, "item"), className: try text(json, "class"),
                selector: try json["selector"].map { try SelectorJSON.selector($0) } ?? .wholeItem,
                fields: fields)
        case "set":
            // In the order in which the case names them.
            let order = ["alpha", "class", "confidence", "selector", "zeta"]
            let fields = try #require(json["fields"])
            return .set(
                try label(),
                try order.compactMap { name in
                    try fields[name].map { try write(name, $0) }
                })
        case "resolve":
            return .set(
                try label(), [try write(text(json, "field"), try #require(json["value"]))])
        case "retract": return .set(try label(), [.field(.known(.status), .integer(1))])
        case "restore": return .set(try label(), [.field(.known(.status), .integer(0))])
        case "review":
            return .review(
                try label(), try #require(Verdict(name: text(json, "verdict"))),
                reason: json["reason"]?.string)
        case "comment":
            if let item = json["item"]?.string {
                return .commentItem(key: item, text: try text(json, "text"))
            }
            return .comment(try label(), text: try text(json, "text"))
        case "examined":
            let value: FieldValue = json["withdrawn"] == .bool(true) ? .null : .bool(true)
            return .setItem(key: try text(json, "item"), fields: [.known(.examined): value])
        default:
            let stage = try #require(ProcessingStage(name: text(json, "stage")))
            let value =
                try json["state"]?.string.map {
                    try StageState(
                        stage, $0, why: json["why"]?.string, from: json["from"]?.string,
                        how: json["how"]?.string, to: json["to"]?.string
                    ).value
                } ?? .null
            if json["label"] != nil {
                return .set(try label(), [.field(.known(stage.field), value)])
            }
            return .setItem(
                key: try text(json, "item"), fields: [.known(stage.field): value])
        }
    }

    private static func write(
        _ name: String, _ value: JSONValue
    ) throws -> AnnotationModel.Operation.Write {
        switch name {
        case "class": .className(try #require(value.string))
        case "selector": .selector(try SelectorJSON.selector(value))
        case "confidence": .field(.known(.confidence), .float(try #require(value.double)))
        default: .field(Field(name: name), try plain(value))
        }
    }

    private static func plain(_ value: JSONValue) throws -> FieldValue {
        switch value {
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .string(let text): return .text(text)
        case .array(let list): return .array(try list.map { try plain($0) })
        case .object(let members):
            var map: [String: FieldValue] = [:]
            for (name, value) in members { map[name] = try plain(value) }
            return .map(map)
        case .integer(let integer): return .integer(integer)
        case .double(let number): return .float(number)
        }
    }
}
