/// What `gold list` prints.
public struct GoldListDocument: Document {
    /// The sets, by company.
    public let gold: [GoldDocument]

    /// Makes one of its members.
    public init(gold: [GoldDocument]) { self.gold = gold }
}
