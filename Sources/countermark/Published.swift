import Synchronization

/// What this process has put into the organisation's logs.
///
/// A command may fail after that, at the label table for instance. Whoever reads of the failure must not
/// take it for one in which nothing happened, and say the same again.
enum Published {
    private static let entries = Mutex<[(what: String, isOne: Bool)]>([])

    /// Notes the entries under a new checkpoint.
    @Sendable static func note(_ log: String, _ first: UInt64, _ size: UInt64) {
        let isOne = first + 1 == size
        let what = isOne ? "entry \(first)" : "entries \(first) to \(size - 1)"
        entries.withLock { $0.append(("\(what) of \(log)", isOne)) }
    }

    /// What to add to a failure; empty if nothing was written.
    static var hint: String {
        let entries = entries.withLock { $0 }
        guard !entries.isEmpty else { return "" }
        let what = entries.map(\.what).joined(separator: ", ")
        let isOne = entries.count == 1 && entries[0].isOne
        return "\(what) \(isOne ? "is" : "are") written all the same: look with "
            + "countermark history before you run the command again"
    }
}
