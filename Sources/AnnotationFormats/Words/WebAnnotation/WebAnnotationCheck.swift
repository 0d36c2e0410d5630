import AnnotationModel
import LabelText

/// What the Web Annotation Data Model demands of a document (Recommendation of 2017, its MUSTs).
enum WebAnnotationCheck {
    private static let composites = ["Choice", "Composite", "List", "Independents"]

    /// The types of an object; a single one may stand without a list.
    static func types(_ json: JSONValue) -> [String] {
        json["type"]?.array?.compactMap(\.string) ?? [json["type"]?.string].compactMap { $0 }
    }

    static func hasContext(_ json: JSONValue) -> Bool {
        let contexts = json["@context"]?.array ?? [json["@context"]].compactMap { $0 }
        return contexts.contains(.string(WebAnnotationFormat.context))
    }

    /// Throws what breaks the model in one annotation.
    static func check(_ json: JSONValue) throws(Refusal) {
        guard types(json).contains("Annotation") else {
            throw Refusal("the type is not Annotation")
        }
        if let id = json["id"] { try iri(id, "id") }
        for name in ["created", "modified", "generated"] {
            guard let value = json[name] else { continue }
            guard let text = value.string, isDateTime(text) else {
                throw Refusal("\"\(name)\" must be one time like 2015-01-28T12:00:00Z")
            }
        }
        for name in ["creator", "generator"] {
            for agent in list(json[name]) {
                if case .object = agent { continue }
                try iri(agent, name)
            }
        }
        for name in ["rights", "via"] {
            for value in list(json[name]) { try iri(value, name) }
        }
        if let canonical = json["canonical"] { try iri(canonical, "canonical") }
        if let value = json["bodyValue"] {
            guard value.string != nil else { throw Refusal("\"bodyValue\" must be one text") }
            guard json["body"] == nil else {
                throw Refusal("body and bodyValue exclude each other")
            }
        }
        for body in list(json["body"]) { try resource(body, "body") }
        let targets = list(json["target"])
        guard !targets.isEmpty else { throw Refusal("\"target\" is missing") }
        for target in targets { try resource(target, "target") }
    }

    static func list(_ json: JSONValue?) -> [JSONValue] {
        json?.array ?? [json].compactMap { $0 }
    }

    private static func iri(_ json: JSONValue, _ name: String) throws(Refusal) {
        guard let text = json.string, WebResource.isIRI(text) else {
            throw Refusal("\"\(name)\" must be one IRI")
        }
    }

    private static func resource(_ json: JSONValue, _ name: String) throws(Refusal) {
        guard case .object(let members) = json else { return try iri(json, name) }
        let types = types(json)
        for (member, value) in members.sortedByKey() {
            switch member {
            case "id", "source": if value.string != nil || member == "id" { try iri(value, member) }
            case "format", "language":
                guard list(value).allSatisfy({ $0.string != nil }) else {
                    throw Refusal("\"\(member)\" of the \(name) must be text")
                }
            case "processingLanguage", "textDirection":
                guard value.string != nil else {
                    throw Refusal("\"\(member)\" of the \(name) must be one text")
                }
            case "selector": for one in list(value) { try selector(one) }
            default: break
            }
        }
        if types.contains("TextualBody"), members["value"]?.string == nil {
            throw Refusal("the value of a TextualBody must be one text")
        }
        let kinds = types.filter(composites.contains)
        if kinds.count > 1 { throw Refusal("the \(name) has several kinds of list") }
        if !kinds.isEmpty {
            guard let items = members["items"]?.array, !items.isEmpty else {
                throw Refusal("a \(kinds[0]) must have items")
            }
            for item in items { try resource(item, name) }
        } else if types.contains("SpecificResource") || members["selector"] != nil
            || members["state"] != nil
        {
            guard members["source"] != nil else {
                throw Refusal("\"source\" of the \(name) is missing")
            }
        } else if name == "target", members["id"] == nil, members["source"] == nil {
            throw Refusal("the target has neither id nor source")
        }
    }

    private static func selector(_ json: JSONValue) throws(Refusal) {
        guard case .object(let members) = json else { return try iri(json, "selector") }
        for type in types(json) {
            switch type {
            case "FragmentSelector", "CssSelector", "XPathSelector":
                guard members["value"]?.string != nil else {
                    throw Refusal("a \(type) must have one value")
                }
            case "TextQuoteSelector":
                guard members["exact"]?.string != nil else {
                    throw Refusal("a TextQuoteSelector must have \"exact\"")
                }
            case "TextPositionSelector", "DataPositionSelector":
                guard let start = members["start"]?.integer, let end = members["end"]?.integer,
                    start >= 0, end >= start
                else { throw Refusal("start and end of a \(type) must be whole and ascending") }
            default: break
            }
        }
        if let refined = members["refinedBy"] {
            for one in list(refined) { try selector(one) }
        }
    }

    /// xsd:dateTime with or without a zone.
    private static func isDateTime(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes.count <= 40, bytes[10] == UInt8(ascii: "T"),
            NaiveTime.microseconds(String(decoding: bytes[..<19], as: UTF8.self)) != nil
        else { return false }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            if digits.isEmpty { return false }
            rest = rest.dropFirst(1 + digits.count)
        }
        if rest.isEmpty || rest.elementsEqual("Z".utf8) { return true }
        let zone = Array(rest)
        return zone.count == 6 && (zone[0] == 0x2b || zone[0] == 0x2d) && zone[3] == 0x3a
            && [1, 2, 4, 5].allSatisfy { (0x30...0x39).contains(zone[$0]) }
    }
}
