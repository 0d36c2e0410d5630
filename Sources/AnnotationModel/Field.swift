/// The name of a register: one of the model's own fields, or an attribute.
public enum Field: Hashable, Sendable {
    /// A field that the model itself knows.
    case known(Known)
    /// An attribute or a property under a name of the dataset's own.
    case attribute(String)

    /// The model's own fields; the raw value is the number on the wire.
    public enum Known: Int, Sendable, CaseIterable {
        case className = 0
        case selector = 1
        case confidence = 2
        case status = 3
        case source = 4
        case externalID = 5
        case author = 6
        /// Of an item: the key of another one that has the same bytes and under which it is shown.
        case sameAs = 7
        case mediaType = 8
        case sha256 = 9
        case bytes = 10
        case width = 11
        case height = 12
        case duration = 13
        case channels = 14
        case frameRate = 15
        case unit = 16
        case group = 17
        case split = 18
        case stageFilter = 19
        case stageClean = 20
        case stageQuality = 21
        /// "I have looked, and this is all there is": one register a company.
        case examined = 22
        case stageClassify = 23
        case stageAnnotate = 24
        case stageMark = 25
        case stageReview = 26

        /// The name in files, on the command line and in messages.
        public var name: String {
            switch self {
            case .className: "class"
            case .selector: "selector"
            case .confidence: "confidence"
            case .status: "status"
            case .source: "source"
            case .externalID: "externalID"
            case .author: "author"
            case .sameAs: "sameAs"
            case .mediaType: "mediaType"
            case .sha256: "sha256"
            case .bytes: "bytes"
            case .width: "width"
            case .height: "height"
            case .duration: "duration"
            case .channels: "channels"
            case .frameRate: "frameRate"
            case .unit: "unit"
            case .group: "group"
            case .split: "split"
            case .stageFilter: "stage.filter"
            case .stageClean: "stage.clean"
            case .stageQuality: "stage.quality"
            case .examined: "examined"
            case .stageClassify: "stage.classify"
            case .stageAnnotate: "stage.annotate"
            case .stageMark: "stage.mark"
            case .stageReview: "stage.review"
            }
        }
    }

    /// On the wire, numbers from here on are attribute names in the changeset's string table.
    public static let attributeBase = 32
    /// Stands before the name of an attribute that is called like a field of the model.
    static let attributePrefix = "attr."

    private static let byName = [String: Known](
        uniqueKeysWithValues: Known.allCases.map { ($0.name, $0) })

    /// The field with a name as ``name`` writes it.
    public init(name: String) {
        if let known = Self.byName[name] {
            self = .known(known)
        } else if name.hasPrefix(Self.attributePrefix) {
            self = .attribute(String(name.dropFirst(Self.attributePrefix.count)))
        } else {
            self = .attribute(name)
        }
    }

    /// The name in messages, on the command line and in tables.
    public var name: String {
        switch self {
        case .known(let known): known.name
        case .attribute(let name):
            Self.byName[name] != nil || name.hasPrefix(Self.attributePrefix)
                ? Self.attributePrefix + name : name
        }
    }

    /// What stands before an organisation in the name under which its `examined` of an item is shown.
    public static let examinedPrefix = "examined/"

    /// The name under which an organisation's `examined` of an item is shown.
    public static func examined(by origin: Origin) -> String { examinedPrefix + origin.description }

    /// An attribute's field.
    public static func named(_ attribute: String) -> Field { .attribute(attribute) }
}

/// Whether an annotation counts as present.
public enum AnnotationStatus: Int64, Sendable {
    case active = 0
    case retracted = 1
}

/// A reviewer's verdict on an annotation.
public enum Verdict: UInt8, Sendable, CaseIterable {
    case accept = 0
    case reject = 1
    case needsWork = 2

    /// The name on the command line.
    public var name: String {
        switch self {
        case .accept: "accept"
        case .reject: "reject"
        case .needsWork: "needs-work"
        }
    }

    /// The verdict with a name.
    public init?(name: String) {
        guard let verdict = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = verdict
    }
}
