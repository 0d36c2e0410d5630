/// What `release sheet` prints, and `release prove --prov`.
public struct ReleaseSheetDocument: Document {
    /// The release.
    public let name: String
    /// Its dataset.
    public let dataset: String
    /// The file that was written.
    public let file: String
    /// Its size.
    public let bytes: Int

    /// Makes one of its members.
    public init(name: String, dataset: String, file: String, bytes: Int) {
        self.name = name
        self.dataset = dataset
        self.file = file
        self.bytes = bytes
    }
}
