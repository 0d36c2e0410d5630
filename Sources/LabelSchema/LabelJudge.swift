import AnnotationModel

/// A schema made ready to judge many labels: says in what each does not fit.
///
/// A label that fits costs a look-up for its class and one for each attribute, and no memory.
public struct LabelJudge: Sendable {
    /// What one class asks for.
    private struct Rule {
        package var isAbstract = false
        package var kinds = KindSet.all
        package var attributes: [String: AttributeDefinition] = [:]
        /// By name, and as the names of fields.
        package var required: [(attribute: String, field: String)] = []

        /// Lists what is required.
        package mutating func note() {
            required = attributes.values.filter(\.isRequired).map(\.name).sorted().map {
                ($0, Field.attribute($0).name)
            }
        }
    }

    private struct KindSet {
        package var bits: UInt32
        package static let all = KindSet(bits: .max)

        package init(bits: UInt32) { self.bits = bits }
        package init(_ kinds: [Selector.Kind]) {
            bits = kinds.reduce(0) { $0 | 1 << UInt32($1.code) }
        }
        package func contains(_ kind: Selector.Kind) -> Bool { bits >> UInt32(kind.code) & 1 == 1 }
    }

    /// The rules of all classes and of all names that are mapped to one.
    private var rules: [String: Rule] = [:]
    /// The rule of labels of any other class; nil where there is none.
    private var otherRule: Rule?
    private let mediaTypes: [(rule: MediaTypeRule, kinds: KindSet)]
    private let refusesOtherAttributes: Bool

    /// True if the media type of a label's item matters.
    public var asksForMediaType: Bool { !mediaTypes.isEmpty }

    /// True if a label's attributes matter.
    public let asksForAttributes: Bool

    /// A judge by a schema.
    public init(_ schema: LabelSchema) {
        mediaTypes = schema.selectors.map { ($0, KindSet($0.selectors)) }
        refusesOtherAttributes = schema.restrictsAttributes && !schema.allowsOtherAttributes
        asksForAttributes = schema.restrictsAttributes
        var common = Rule()
        for attribute in schema.attributes ?? [] where attribute.classes == nil {
            common.attributes[attribute.name] = attribute
        }
        common.note()
        if schema.classes == nil { otherRule = common }
        let byName = [String: LabelClass](
            (schema.classes ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in schema.classes ?? [] {
            rules[entry.name] = Self.rule(of: entry, byName, schema, common)
        }
        for (old, new) in schema.resolvedMappings {
            if let rule = rules[new] { rules[old] = rule }
        }
    }

    private static func rule(
        of entry: LabelClass, _ byName: [String: LabelClass], _ schema: LabelSchema, _ common: Rule
    ) -> Rule {
        var line = [entry]
        while let parent = line.last.flatMap({ byName[$0.parent] }), line.count <= byName.count {
            line.append(parent)
        }
        let names = Set(line.map(\.name))
        var rule = common
        rule.isAbstract = entry.isAbstract
        for attribute in schema.attributes ?? [] {
            guard let classes = attribute.classes, !names.isDisjoint(with: classes) else {
                continue
            }
            rule.attributes[attribute.name] = attribute
        }
        // From the widest class to the class itself, so that the nearest word counts.
        for ancestor in line.reversed() {
            if let kinds = ancestor.selectors { rule.kinds = KindSet(kinds) }
            for attribute in ancestor.attributes ?? [] {
                rule.attributes[attribute.name] = attribute
            }
        }
        rule.note()
        return rule
    }

    // MARK: Judging

    /// In what a label from a file does not fit; empty where it does.
    ///
    /// - Parameter mediaType: The item's media type; nil where it is not known, and nothing is asked then.
    public func check(_ label: LabelRecord, mediaType: String?) -> [SchemaProblem] {
        var problems: [SchemaProblem] = []
        guard
            let rule = checkParts(label.className, label.selector.kind, mediaType, &problems)
        else { return problems }
        for (name, value) in label.attributes { check(name, value, rule, &problems) }
        for (name, _) in rule.required where isAbsent(label.attributes[name]) {
            problems.append(SchemaProblem(.missingAttribute, name))
        }
        return problems.count > 1 ? Self.sorted(problems) : problems
    }

    /// In what a label of the label table does not fit; empty where it does.
    ///
    /// - Parameter fields: The label's fields by ``Field/name``; those that are no attributes are passed over.
    public func check(
        className: String, kind: Selector.Kind, fields: [String: FieldValue], mediaType: String?
    ) -> [SchemaProblem] {
        var problems: [SchemaProblem] = []
        guard let rule = checkParts(className, kind, mediaType, &problems) else { return problems }
        for (field, value) in fields {
            guard case .attribute(let name) = Field(name: field), !name.hasPrefix("\u{0}") else {
                continue
            }
            check(name, value, rule, &problems)
        }
        for (name, field) in rule.required where isAbsent(fields[field]) {
            problems.append(SchemaProblem(.missingAttribute, name))
        }
        return problems.count > 1 ? Self.sorted(problems) : problems
    }

    private func checkParts(
        _ className: String, _ kind: Selector.Kind, _ mediaType: String?,
        _ problems: inout [SchemaProblem]
    ) -> Rule? {
        if let mediaType, let (_, kinds) = mediaTypes.first(where: { $0.rule.matches(mediaType) }),
            !kinds.contains(kind)
        {
            problems.append(SchemaProblem(.selectorOfMediaType(kind), mediaType))
        }
        guard let rule = rules[className] ?? otherRule else {
            problems.append(SchemaProblem(.unknownClass, className))
            return nil
        }
        if rule.isAbstract { problems.append(SchemaProblem(.abstractClass, className)) }
        if !rule.kinds.contains(kind) {
            problems.append(SchemaProblem(.selectorOfClass(kind), className))
        }
        return rule
    }

    private func check(
        _ name: String, _ value: FieldValue, _ rule: Rule, _ problems: inout [SchemaProblem]
    ) {
        guard let attribute = rule.attributes[name] else {
            if refusesOtherAttributes, value != .null {
                problems.append(SchemaProblem(.unknownAttribute, name))
            }
            return
        }
        if let kind = attribute.problem(with: value) { problems.append(SchemaProblem(kind, name)) }
    }

    private func isAbsent(_ value: FieldValue?) -> Bool { value == nil || value == .null }

    /// Dictionaries have no order; people and scripts want one.
    private static func sorted(_ problems: [SchemaProblem]) -> [SchemaProblem] {
        problems.sorted { ($0.code, $0.subject) < ($1.code, $1.subject) }
    }

    /// The attributes of a class by name, with those that it shares: for people and for JSON Schema.
    package func attributes(of className: String) -> [String: AttributeDefinition] {
        (rules[className] ?? otherRule)?.attributes ?? [:]
    }
}
