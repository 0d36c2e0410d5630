/// The words of a key that a person's browser has made, as this node computes them.
public struct KeyWordsDocument: Document {
    /// Six words, to be read out to the operator if the browser has computed the same ones.
    public let words: String

    /// Makes one of its members.
    public init(words: String) { self.words = words }
}
