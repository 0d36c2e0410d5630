/// What `prove` prints of a proof that the label's entry stands in its log.
public struct ProofPieceDocument: Document {
    /// The label.
    public let annotation: String
    /// Its dataset.
    public let dataset: String
    /// The file.
    public let file: String
    /// Its size.
    public let bytes: Int
    /// The label's own.
    public let entries: Int = 1

    /// Makes one of its members.
    public init(annotation: String, dataset: String, file: String, bytes: Int) {
        self.annotation = annotation
        self.dataset = dataset
        self.file = file
        self.bytes = bytes
    }
}
