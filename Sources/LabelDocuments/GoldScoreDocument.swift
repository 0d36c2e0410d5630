/// What `gold score` prints.
public struct GoldScoreDocument: Document {
    /// The dataset.
    public let dataset: String
    /// The set's name.
    public let name: String
    /// Who has sealed it.
    public let org: String
    /// The state as it was when the set was opened.
    public let digest: String
    /// Who is one rater.
    public let by: String
    /// From which overlap on a label may be an answer.
    public let iou: Double
    /// The class that is held against all else.
    public let `class`: String?
    /// How many items have answers.
    public let items: Int
    /// How many answers there are.
    public let answers: Int
    /// The figures; `gold` stands for the answers.
    public let measures: [AgreementDocument.Measure]
    /// What raters said instead of the answer.
    public let confusion: [AgreementDocument.Confusion]
    /// Items that were left out.
    public let denseItems: [String]

    /// Makes one of its members.
    public init(
        dataset: String, name: String, org: String, digest: String, by: String, iou: Double,
        `class`: String?, items: Int, answers: Int, measures: [AgreementDocument.Measure],
        confusion: [AgreementDocument.Confusion], denseItems: [String]
    ) {
        self.dataset = dataset
        self.name = name
        self.org = org
        self.digest = digest
        self.by = by
        self.iou = iou
        self.class = `class`
        self.items = items
        self.answers = answers
        self.measures = measures
        self.confusion = confusion
        self.denseItems = denseItems
    }
}
