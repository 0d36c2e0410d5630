/// A stage that items, or labels, pass through on their way into a data set that others can train on.
///
/// A stage's state is a register of the item or of the annotation, as every other field is: what two
/// companies say of one item concurrently is contested until somebody decides.
public enum ProcessingStage: String, CaseIterable, Sendable {
    /// Does the item belong in the set at all.
    case filter
    /// Was it repaired, filtered, resampled: the result is another item that says from which it comes.
    case clean
    /// Was the whole of it put into a class.
    case classify
    /// Were the things in it labelled.
    case annotate
    /// Were places marked: landmarks, windows, points of change.
    case mark
    /// Is somebody to look again at what companies said of it, who, and has he.
    case review
    /// Did somebody inspect the labels.
    case quality

    /// The stage with a name; a field's name is taken too.
    public init?(name: String) {
        let prefix = Self.fieldPrefix
        self.init(rawValue: name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name)
    }

    /// The stage that a field keeps; nil if it keeps none.
    public init?(_ field: Field) {
        guard case .known(let known) = field,
            let stage = Self.allCases.first(where: { $0.field == known })
        else { return nil }
        self = stage
    }

    static let fieldPrefix = "stage."

    /// The register that keeps the state.
    public var field: Field.Known {
        switch self {
        case .filter: .stageFilter
        case .clean: .stageClean
        case .classify: .stageClassify
        case .annotate: .stageAnnotate
        case .mark: .stageMark
        case .review: .stageReview
        case .quality: .stageQuality
        }
    }

    /// The states that the stage knows.
    public var states: [String] {
        switch self {
        case .filter: ["kept", "excluded"]
        case .clean, .classify, .annotate, .mark, .review: ["todo", "doing", "done", "not-needed"]
        case .quality: ["accepted", "rejected", "needs-work"]
        }
    }

    /// Whether an annotation can be in this stage too, and not only an item.
    public var isOfAnnotations: Bool {
        switch self {
        case .filter, .clean, .annotate, .review: false
        case .classify, .mark, .quality: true
        }
    }
}

/// How far an item or an annotation is in a stage, and why.
public struct StageState: Hashable, Sendable {
    /// One of the stage's states.
    public let state: String
    /// The reason, in words.
    public let why: String?
    /// Of a cleaned item: the key of the item from which it was made.
    public let from: String?
    /// Of a cleaned item: what was done.
    public let how: String?
    /// Of an item to be reviewed: who is to do it, an organisation or `ORG/PERSON`.
    public let to: String?

    /// The state that stands for a cleaned item, made from another.
    public static let done = "done"
    /// The state of an item that does not belong in the set.
    public static let excluded = "excluded"

    private enum Key {
        static let (state, why, from, how, to) = ("state", "why", "from", "how", "to")
    }

    /// A state.
    ///
    /// - Throws: ``AnnotationModelError`` for a state that the stage does not know, for a source at another
    ///   stage than `clean`, and for a cleaned item without one: only with it can it be found again.
    public init(
        _ stage: ProcessingStage, _ state: String, why: String? = nil, from: String? = nil,
        how: String? = nil, to: String? = nil
    ) throws(AnnotationModelError) {
        func refuse(_ text: String, _ rule: String) -> AnnotationModelError {
            .badIdentifier(kind: "state of the stage \(stage.rawValue)", text: text, rule: rule)
        }
        guard stage.states.contains(state) else {
            throw refuse(
                String(state.prefix(40)), "it is one of \(stage.states.joined(separator: ", "))")
        }
        let isDerived = stage == .clean && state == Self.done
        guard isDerived || from == nil && how == nil else {
            throw refuse(state, "only an item that clean has done comes from another, and somehow")
        }
        guard !isDerived || from != nil else {
            throw refuse(state, "an item that clean has done names the item that it comes from")
        }
        guard stage == .review || to == nil else {
            throw refuse(state, "only a review is assigned to somebody")
        }
        if let from { try ChangesetBuilder.checkName(from) }
        if let to { try ChangesetBuilder.checkName(to) }
        for text in [why, how] {
            let count = text?.utf8.count ?? 0
            guard count <= Self.textBytesMax else {
                throw .limit(
                    what: "the length of a reason in bytes", value: count, max: Self.textBytesMax)
            }
        }
        (self.state, self.why, self.from, self.how, self.to) = (state, why, from, how, to)
    }

    /// The longest reason, in bytes: with both texts and a key a value stays below ``FieldValue/bytesMax``.
    public static let textBytesMax = 4_096

    /// The state that a register holds, whoever wrote it: a map as ``value`` writes it, or only the state's
    /// name as other tools do; nil if it is neither, or of a state that the stage does not know.
    public init?(of stage: ProcessingStage, _ value: FieldValue) {
        let name: String?
        var texts: [String: String] = [:]
        if case .map(let pairs) = value {
            texts = pairs.compactMapValues(\.textValue)
            name = texts[Key.state]
        } else {
            name = value.textValue
        }
        guard let name, stage.states.contains(name) else { return nil }
        (state, why) = (name, texts[Key.why])
        (from, how) = stage == .clean ? (texts[Key.from], texts[Key.how]) : (nil, nil)
        to = stage == .review ? texts[Key.to] : nil
    }

    /// The register's value.
    public var value: FieldValue {
        var pairs: [String: FieldValue] = [Key.state: .text(state)]
        pairs[Key.why] = why.map { .text($0) }
        pairs[Key.from] = from.map { .text($0) }
        pairs[Key.how] = how.map { .text($0) }
        pairs[Key.to] = to.map { .text($0) }
        return .map(pairs)
    }
}
