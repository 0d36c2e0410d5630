/// What `label-errors` prints.
public struct LabelErrorsDocument: Document {
    /// A label that is probably wrong.
    public struct Label: Encodable, Sendable {
        /// The label.
        public let id: String
        /// Its item.
        public let item: String
        /// The class that it has.
        public let `class`: String
        /// The class that it most probably has.
        public let suggested: String
        /// How probable the model holds the label's class.
        public let selfConfidence: Double

        /// Makes one of its members.
        public init(
            id: String, item: String, `class`: String, suggested: String, selfConfidence: Double
        ) {
            self.id = id
            self.item = item
            self.class = `class`
            self.suggested = suggested
            self.selfConfidence = selfConfidence
        }
    }

    /// The dataset.
    public let dataset: String
    /// The model.
    public let model: String
    /// What it was computed of.
    public let digest: String
    /// Labels with a prediction.
    public let compared: Int
    /// Labels without one.
    public let withoutPrediction: Int
    /// The candidates, the least probable labels first.
    public let labels: [Label]
    /// Candidates beyond the limit.
    public let more: Int
    /// Candidates that are not shown, since the dataset is blind.
    public let hidden: Int

    /// Makes one of its members.
    public init(
        dataset: String, model: String, digest: String, compared: Int, withoutPrediction: Int,
        labels: [Label], more: Int, hidden: Int
    ) {
        self.dataset = dataset
        self.model = model
        self.digest = digest
        self.compared = compared
        self.withoutPrediction = withoutPrediction
        self.labels = labels
        self.more = more
        self.hidden = hidden
    }
}
