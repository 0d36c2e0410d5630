/// What `dataset list` prints.
public struct DatasetListDocument: Document {
    /// All datasets of the home.
    public let datasets: [DatasetDocument]

    /// Makes one of its members.
    public init(datasets: [DatasetDocument]) {
        self.datasets = datasets
    }
}
