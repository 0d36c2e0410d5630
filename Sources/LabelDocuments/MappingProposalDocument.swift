/// What `import --propose-mapping` prints.
public struct MappingProposalDocument: Document {
    /// Nothing was imported.
    public let imported: Bool = false
    /// The classes that do not fit.
    public let classes: [UnfitClassDocument]
    /// The file that has the mapping.
    public let mapping: String

    /// Makes one of its members.
    public init(classes: [UnfitClassDocument], mapping: String) {
        self.classes = classes
        self.mapping = mapping
    }
}
