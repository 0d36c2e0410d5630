import AnnotationModel

/// What the companies of a dataset have agreed to call things: classes, attributes, selectors, mappings.
///
/// A part that is left out restricts nothing, so an empty schema fits every label. The merge does not
/// depend on it: a label outside the schema is kept, and shown as such.
public struct LabelSchema: Hashable, Sendable {
    /// The title.
    public var title = ""
    /// The classes in the order in which exports number them; nil lets every class be.
    public var classes: [LabelClass]?
    /// Attributes of all classes or of those that they name; nil lets every attribute be.
    public var attributes: [AttributeDefinition]?
    /// True if labels may have attributes besides those defined.
    public var allowsOtherAttributes = false
    /// Which kinds of selector labels of items of a media type may have, the narrowest pattern first.
    public var selectors: [MediaTypeRule] = []
    /// What classes were called before: the old name, and the class or the mapping that took its place.
    public var mappings: [String: String] = [:]

    /// The version of the format that this program reads and writes.
    public static let version: Int64 = 1
    /// The largest text in bytes, white space and all; what goes into the log is limited by
    /// `GovernanceAct.schemaBytesMax`.
    public static let textBytesMax = 1 << 20
    /// The longest name, unit or media type in bytes.
    public static let nameBytesMax = 256
    /// The longest title or description in bytes.
    public static let descriptionBytesMax = 4_096
    /// The most classes, mappings, or attributes of all classes together.
    public static let entriesMax = 4_096
    /// The most synonyms, keypoints, joints or permitted values of one thing.
    public static let membersMax = 1_024

    /// A schema that restricts nothing.
    public init() {}

    /// True if every label fits.
    public var isUnrestricted: Bool {
        classes == nil && selectors.isEmpty && !restrictsAttributes
    }

    /// True if it says which attributes labels have.
    public var restrictsAttributes: Bool {
        attributes != nil || (classes ?? []).contains { $0.attributes != nil }
    }
}

/// A class of labels.
public struct LabelClass: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The class above; empty for none.
    public var parent = ""
    /// True if labels carry a class below it, never this one.
    public var isAbstract = false
    /// Other names by which files call it; an import proposes the class for them.
    public var synonyms: [String] = []
    /// `#rrggbb`; empty for none.
    public var color = ""
    /// What belongs to it.
    public var description = ""
    /// The names of its keypoints in their order.
    public var keypoints: [String] = []
    /// The pairs of keypoints that are joined, counted from 1.
    public var skeleton: [[Int64]] = []
    /// The kinds of selector that it may have; nil for what the classes above say.
    public var selectors: [Selector.Kind]?
    /// Attributes of this class and those below; one stands for a wider one of the same name.
    public var attributes: [AttributeDefinition]?

    /// A class.
    public init(name: String) { self.name = name }
}

/// An attribute of labels.
public struct AttributeDefinition: Hashable, Sendable {
    /// The types of value; the raw value is the name in schemas.
    public enum ValueType: String, Sendable, CaseIterable {
        case bool, integer, float, text
    }

    /// The name.
    public var name: String
    /// The type; a whole number fits a float, nothing else fits another type.
    public var type: ValueType
    /// What the numbers count, such as `mm`; empty for none.
    public var unit = ""
    /// The least number.
    public var minimum: FieldValue?
    /// The greatest number.
    public var maximum: FieldValue?
    /// The values that are permitted; nil for all.
    public var permitted: [FieldValue]?
    /// True if every label must have it.
    public var isRequired = false
    /// What it says.
    public var description = ""
    /// The classes that have it, with those below them; nil for all.
    ///
    /// Only for attributes that stand beside the classes, not in one.
    public var classes: [String]?

    /// An attribute.
    public init(name: String, type: ValueType) { (self.name, self.type) = (name, type) }
}

/// Which kinds of selector labels of items of a media type may have.
public struct MediaTypeRule: Hashable, Sendable {
    /// `image/png`, `image/*` or `*/*`, in lower case.
    public var mediaType: String
    /// The kinds.
    public var selectors: [Selector.Kind]

    /// A rule.
    public init(mediaType: String, selectors: [Selector.Kind]) {
        (self.mediaType, self.selectors) = (mediaType, selectors)
    }

    /// True if the rule speaks of items of a media type, parameters and case aside.
    public func matches(_ type: String) -> Bool {
        let bare = type.prefix { $0 != ";" && $0 != " " }
        if mediaType == "*/*" { return true }
        if mediaType.hasSuffix("/*") {
            return bare.lowercased().hasPrefix(mediaType.dropLast())
        }
        return bare.lowercased() == mediaType
    }

    /// The order in which rules are tried: the narrowest first, then by name.
    package static func precedes(_ left: MediaTypeRule, _ right: MediaTypeRule) -> Bool {
        (left.width, left.mediaType) < (right.width, right.mediaType)
    }

    private var width: Int { mediaType == "*/*" ? 2 : mediaType.hasSuffix("/*") ? 1 : 0 }
}

extension LabelSchema {
    /// The class that stands for a name now: where mappings lead, or the name itself.
    public func resolved(_ name: String) -> String {
        var name = name
        // A schema that was read has no circle; one that was made by hand may.
        for _ in 0...mappings.count {
            guard let next = mappings[name] else { return name }
            name = next
        }
        return name
    }

    /// Every old name with the class that stands for it now.
    public var resolvedMappings: [String: String] {
        [String: String](uniqueKeysWithValues: mappings.keys.map { ($0, resolved($0)) })
    }

    /// A class by its name.
    public func labelClass(named name: String) -> LabelClass? {
        classes?.first { $0.name == name }
    }
}
