/// A class in files that the schema lacks.
public struct UnfitClassDocument: Document {
    /// Its name.
    public let name: String
    /// How many labels carry it.
    public let labels: Int
    /// The class that is probably meant.
    public let suggestion: String?

    /// Makes one of its members.
    public init(name: String, labels: Int, suggestion: String?) {
        self.name = name
        self.labels = labels
        self.suggestion = suggestion
    }
}
