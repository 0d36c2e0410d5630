/// One annotation outside a log: what readers of label files produce and writers take.
public struct LabelRecord: Hashable, Sendable {
    /// The item's key.
    public var item: String
    /// The class; empty where the format has none.
    public var className: String
    /// Which part of the item.
    public var selector: Selector
    /// Attributes by name.
    public var attributes: [String: FieldValue]
    /// 0...1, if known.
    public var confidence: Double?
    /// The id in the file it came from, so that a second import of the file changes nothing.
    public var externalID: String?
    /// The person or tool that labelled, as the file or the log names it.
    public var author: String?
    /// `human`, `model:NAME@VERSION`, `rule`, `import`.
    public var source: String?
    /// True if the label was taken back.
    public var isRetracted: Bool
    /// Only on the way out: where the annotation stands in the logs.
    public var provenance: Provenance?

    /// Where an annotation comes from.
    public struct Provenance: Hashable, Sendable {
        /// The display id, `origin:entry.position`.
        public var id: String
        /// The organisation that added it.
        public var org: String
        /// The dataset that the id is of, as entries are counted in each by themselves; nil where a file does not say.
        public var dataset: String?
        /// True while companies disagree about one of its fields.
        public var isContested: Bool
        /// True where the record's external id is a number that an export made up, since its format wants one.
        public var isNumbered = false

        /// The provenance of one annotation.
        public init(id: String, org: String, dataset: String? = nil, isContested: Bool) {
            (self.id, self.org, self.isContested) = (id, org, isContested)
            self.dataset = dataset
        }
    }

    /// A record.
    public init(
        item: String, className: String, selector: Selector,
        attributes: [String: FieldValue] = [:], confidence: Double? = nil,
        externalID: String? = nil, author: String? = nil, source: String? = nil,
        isRetracted: Bool = false, provenance: Provenance? = nil
    ) {
        self.item = item
        self.className = className
        self.selector = selector
        self.attributes = attributes
        self.confidence = confidence
        self.externalID = externalID
        self.author = author
        self.source = source
        self.isRetracted = isRetracted
        self.provenance = provenance
    }
}

/// One item outside a log.
public struct ItemRecord: Hashable, Sendable {
    /// The key: a relative path or another text that is unique in the dataset.
    public var key: String
    /// Named fields: `mediaType`, `sha256`, `bytes`, `width`, `height`, `duration`, `channels`,
    /// `frameRate`, `unit`, `group`, `split`, `stage.filter`… and any other property.
    public var fields: [String: FieldValue]

    /// A record.
    public init(key: String, fields: [String: FieldValue] = [:]) {
        (self.key, self.fields) = (key, fields)
    }
}
