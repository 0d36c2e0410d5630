/// What a merge or a verification could not go on with.
public enum ProvenanceError: Error, Equatable, Sendable {
    /// A row names a log that the state does not know: the derived tables are damaged.
    case unknownLog(Int)
    /// A row names an item that the table does not have: the derived tables are damaged.
    case unknownItem(Int64)
}

extension ProvenanceError: CustomStringConvertible {
    /// One line: what happened and what to do.
    public var description: String {
        switch self {
        case .unknownLog(let number):
            "the label table names log \(number), which is not known; run countermark rebuild"
        case .unknownItem(let id):
            "the label table names item \(id), which is not there; run countermark rebuild"
        }
    }
}
