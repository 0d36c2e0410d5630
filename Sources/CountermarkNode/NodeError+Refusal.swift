import AnnotationModel
import PlainErrors
import Replication

extension NodeError {
    /// Says why entries of a log were refused, and what to do.
    init(_ refusal: Admission.Refusal, log: String, member: Origin) {
        switch refusal {
        case .ownLog:
            self.init(
                .ownLog, "\(log) is this node's own log",
                hint: "only this node appends to it")
        case .forked: self = Node.forked(log)
        case .position(let held):
            self.init(
                .wrongPosition, "\(log) has \(held) entries here",
                hint: "send from \(held)")
        case .wrongCheckpoint(let covers, let here):
            self.init(
                .wrongCheckpoint,
                "the checkpoint covers \(covers) entries, \(here) are here",
                hint: "send exactly the entries that the checkpoint covers")
        case .noLogKey:
            self.init(
                .noLogKey, "no entry of \(log) introduces the log's key",
                hint: "the first entry must")
        case .otherLogKey:
            self.init(
                .logKeyMismatch,
                "\(log) introduces another log key than the one pinned for \(member)",
                hint: "compare `countermark key show` with the partner by phone")
        case .doesNotExtend(let held, let size):
            self.init(
                .doesNotExtend,
                "the entries do not lead from the \(held) of \(log) that are held to its "
                    + "checkpoint of \(size)",
                hint: "the next sync with a partner that is dialled finds out why")
        }
    }
}
