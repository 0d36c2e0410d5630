import AnnotationModel
import LabelText

extension LabelSchema {
    /// Reads a schema's text.
    ///
    /// - Parameter file: The file's name, for errors; empty for a text from a log.
    /// - Throws: ``SchemaError`` with the place of the first thing that is wrong.
    public init(parsing bytes: [UInt8], file: String = "") throws(SchemaError) {
        var reader = try SchemaReader(bytes, file: file)
        self = try reader.schema()
    }

    /// Reads a schema's text.
    public init(parsing text: String, file: String = "") throws(SchemaError) {
        try self.init(parsing: Array(text.utf8), file: file)
    }
}

/// Reads the tree of a schema's text member by member and notes where each value stands.
package struct SchemaReader {
    private let bytes: [UInt8]
    private let file: String
    private let tree: SchemaTree
    private var offsets: [String: Int] = [:]

    package typealias Member = (name: String, path: String, value: SchemaTree)

    package init(_ bytes: [UInt8], file: String) throws(SchemaError) {
        (self.bytes, self.file) = (bytes, file)
        if bytes.count > LabelSchema.textBytesMax {
            throw Self.error(
                .limit(
                    what: "the size of the text in bytes", found: bytes.count,
                    max: LabelSchema.textBytesMax), at: 0, "", bytes, file)
        }
        let parsed: Result<SchemaTree, JSONError> = bytes.withUnsafeBytes { buffer in
            do throws(JSONError) {
                return .success(try SchemaTree(parsing: buffer))
            } catch {
                return .failure(error)
            }
        }
        switch parsed {
        case .success(let tree): self.tree = tree
        case .failure(let error):
            throw Self.error(.json(error.reason), at: error.offset, "", bytes, file)
        }
    }

    private static func error(
        _ reason: SchemaError.Reason, at offset: Int, _ path: String, _ bytes: [UInt8],
        _ file: String
    ) -> SchemaError {
        SchemaError(
            reason, file: file,
            position: bytes.withUnsafeBytes { TextPosition(of: offset, in: $0) }, path: path)
    }

    /// An error at a value that was read, or at what holds it where that is written in short.
    package func error(_ reason: SchemaError.Reason, _ path: String) -> SchemaError {
        var place = path
        while offsets[place] == nil, let end = place.lastIndex(where: { $0 == "." || $0 == "[" }) {
            place = String(place[..<end])
        }
        return Self.error(reason, at: offsets[place] ?? tree.offset, place, bytes, file)
    }

    /// The members of the whole.
    package mutating func rootMembers() throws(SchemaError) -> [Member] { try members(tree, "") }

    // MARK: The schema

    package mutating func schema() throws(SchemaError) -> LabelSchema {
        let members = try rootMembers()
        var schema = LabelSchema()
        if members.isEmpty { return schema }
        guard let member = members.first(where: { $0.name == "schemaVersion" }) else {
            throw error(.missingMember("schemaVersion"), "")
        }
        let version = try integer(member)
        guard version == LabelSchema.version else {
            throw error(.unknownVersion(version, known: LabelSchema.version), member.path)
        }
        for member in members {
            switch member.name {
            case "schemaVersion": continue
            case "title": schema.title = try description(member)
            case "classes": schema.classes = try classes(member)
            case "attributes": schema.attributes = try attributes(member, isOfClass: false)
            case "additionalAttributes": schema.allowsOtherAttributes = try bool(member)
            case "selectors": schema.selectors = try mediaTypeRules(member)
            case "mappings": schema.mappings = try mappings(member)
            default:
                throw unknown(
                    member,
                    [
                        "schemaVersion", "title", "classes", "attributes", "additionalAttributes",
                        "selectors", "mappings",
                    ])
            }
        }
        if let (reason, path) = schema.inconsistency() { throw error(reason, path) }
        return schema
    }

    private mutating func classes(_ list: Member) throws(SchemaError) -> [LabelClass] {
        var classes: [LabelClass] = []
        for element in try elements(list, max: LabelSchema.entriesMax) {
            classes.append(try labelClass(element))
        }
        return classes
    }

    private mutating func labelClass(_ element: Member) throws(SchemaError) -> LabelClass {
        if case .string = element.value.value { return LabelClass(name: try name(element)) }
        var found = LabelClass(name: "")
        for member in try members(element.value, element.path) {
            switch member.name {
            case "name": found.name = try name(member)
            case "parent": found.parent = try name(member)
            case "abstract": found.isAbstract = try bool(member)
            case "synonyms": found.synonyms = try names(member)
            case "color": found.color = try color(member)
            case "description": found.description = try description(member)
            case "keypoints": found.keypoints = try names(member)
            case "skeleton": found.skeleton = try skeleton(member)
            case "selectors": found.selectors = try kinds(member)
            case "attributes": found.attributes = try attributes(member, isOfClass: true)
            default:
                throw unknown(
                    member,
                    [
                        "name", "parent", "abstract", "synonyms", "color", "description",
                        "keypoints", "skeleton", "selectors", "attributes",
                    ])
            }
        }
        if found.name.isEmpty { throw error(.missingMember("name"), element.path) }
        return found
    }

    private mutating func attributes(
        _ list: Member, isOfClass: Bool
    ) throws(SchemaError) -> [AttributeDefinition] {
        var attributes: [AttributeDefinition] = []
        for element in try elements(list, max: LabelSchema.entriesMax) {
            attributes.append(try attribute(element, isOfClass: isOfClass))
        }
        return attributes
    }

    private mutating func attribute(
        _ element: Member, isOfClass: Bool
    ) throws(SchemaError) -> AttributeDefinition {
        var found = AttributeDefinition(name: "", type: .text)
        var hasType = false
        for member in try members(element.value, element.path) {
            switch member.name {
            case "name": found.name = try name(member)
            case "type":
                found.type = try word(member, "type of attribute")
                hasType = true
            case "unit": found.unit = try name(member)
            case "minimum": found.minimum = try number(member)
            case "maximum": found.maximum = try number(member)
            case "enum": found.permitted = try values(member)
            case "required": found.isRequired = try bool(member)
            case "description": found.description = try description(member)
            case "classes" where !isOfClass: found.classes = try names(member)
            default:
                throw unknown(
                    member,
                    [
                        "name", "type", "unit", "minimum", "maximum", "enum", "required",
                        "description",
                    ] + (isOfClass ? [] : ["classes"]))
            }
        }
        if found.name.isEmpty { throw error(.missingMember("name"), element.path) }
        if !hasType { throw error(.missingMember("type"), element.path) }
        return found
    }

    private mutating func mediaTypeRules(_ object: Member) throws(SchemaError) -> [MediaTypeRule] {
        var rules: [MediaTypeRule] = []
        for member in try members(object.value, object.path) {
            guard LabelSchema.isMediaType(member.name) else {
                throw error(.badMediaType(member.name), member.path)
            }
            rules.append(
                MediaTypeRule(
                    mediaType: member.name.lowercased(), selectors: try kinds(member)))
        }
        return rules.sorted(by: MediaTypeRule.precedes)
    }

    private mutating func mappings(_ object: Member) throws(SchemaError) -> [String: String] {
        var mappings: [String: String] = [:]
        for member in try members(object.value, object.path) {
            guard LabelSchema.isName(member.name) else {
                throw error(.badName(member.name), member.path)
            }
            mappings[member.name] = try name(member)
        }
        return mappings
    }
}

// MARK: Values

extension SchemaReader {
    /// An object's members with their paths; at most ``LabelSchema/entriesMax``.
    package mutating func members(_ tree: SchemaTree, _ path: String) throws(SchemaError)
        -> [Member]
    {
        offsets[path] = tree.offset
        guard case .object(let found) = tree.value else {
            throw error(.wrongKind(expected: "an object", found: tree.kindName), path)
        }
        try limit(found.count, LabelSchema.entriesMax, "the number of members", path)
        return found.map { member in
            let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
            offsets[inner] = member.offset - 1
            return (member.key, inner, member.value)
        }
    }

    private mutating func elements(_ list: Member, max: Int) throws(SchemaError) -> [Member] {
        guard case .array(let found) = list.value.value else { throw wrong(list, "a list") }
        try limit(found.count, max, "the number of \(list.name)", list.path)
        return found.enumerated().map { index, value in
            let path = "\(list.path)[\(index)]"
            offsets[path] = value.offset
            return (list.name, path, value)
        }
    }

    private func limit(
        _ found: Int, _ max: Int, _ what: String, _ path: String
    ) throws(SchemaError) {
        if found > max { throw error(.limit(what: what, found: found, max: max), path) }
    }

    private func wrong(_ member: Member, _ expected: String) -> SchemaError {
        error(.wrongKind(expected: expected, found: member.value.kindName), member.path)
    }

    private func unknown(_ member: Member, _ known: [String]) -> SchemaError {
        error(
            .unknownMember(
                member.name, nearest: NearestName.nearest(to: member.name, in: known)),
            member.path)
    }

    private func text(_ member: Member) throws(SchemaError) -> String {
        guard case .string(let text) = member.value.value else { throw wrong(member, "text") }
        return text
    }

    package func name(_ member: Member) throws(SchemaError) -> String {
        let name = try text(member)
        guard LabelSchema.isName(name) else { throw error(.badName(name), member.path) }
        return name
    }

    private mutating func names(_ list: Member) throws(SchemaError) -> [String] {
        var names: [String] = []
        for element in try elements(list, max: LabelSchema.membersMax) {
            names.append(try name(element))
        }
        return names
    }

    private func description(_ member: Member) throws(SchemaError) -> String {
        let text = try text(member)
        try limit(
            text.utf8.count, LabelSchema.descriptionBytesMax, "the length of the text in bytes",
            member.path)
        return text
    }

    private func bool(_ member: Member) throws(SchemaError) -> Bool {
        guard case .bool(let value) = member.value.value else {
            throw wrong(member, "true or false")
        }
        return value
    }

    private func integer(_ member: Member) throws(SchemaError) -> Int64 {
        guard case .integer(let value) = member.value.value else {
            throw wrong(member, "a whole number")
        }
        return value
    }

    private func number(_ member: Member) throws(SchemaError) -> FieldValue {
        switch member.value.value {
        case .integer(let value): return .integer(value)
        case .double(let value): return .float(value)
        default: throw wrong(member, "a number")
        }
    }

    private mutating func values(_ list: Member) throws(SchemaError) -> [FieldValue] {
        var values: [FieldValue] = []
        for element in try elements(list, max: LabelSchema.membersMax) {
            if case .string(let text) = element.value.value {
                values.append(.text(text))
            } else {
                guard let number = try? number(element) else {
                    throw wrong(element, "text or a number")
                }
                values.append(number)
            }
        }
        return values
    }

    private func word<Word: RawRepresentable & CaseIterable>(
        _ member: Member, _ what: String
    ) throws(SchemaError) -> Word where Word.RawValue == String {
        let text = try text(member)
        if let word = Word(rawValue: text) { return word }
        let nearest = NearestName.nearest(to: text, in: Word.allCases.map(\.rawValue))
        throw error(.unknownWord(text, what: what, nearest: nearest), member.path)
    }

    private mutating func kinds(_ list: Member) throws(SchemaError) -> [Selector.Kind] {
        var kinds: [Selector.Kind] = []
        for element in try elements(list, max: LabelSchema.membersMax) {
            kinds.append(try word(element, "kind of selector"))
        }
        return kinds
    }

    private func color(_ member: Member) throws(SchemaError) -> String {
        let text = try text(member)
        guard LabelSchema.isColor(text) else { throw error(.badColor(text), member.path) }
        return text.lowercased()
    }

    private mutating func skeleton(_ list: Member) throws(SchemaError) -> [[Int64]] {
        var skeleton: [[Int64]] = []
        for element in try elements(list, max: LabelSchema.membersMax) {
            var joint: [Int64] = []
            for end in try elements(element, max: 2) { joint.append(try integer(end)) }
            skeleton.append(joint)
        }
        return skeleton
    }
}
