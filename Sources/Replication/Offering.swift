import AnnotationModel
import Provenance

/// Which logs of a dataset an organisation may have from this node, and may bring to it.
public enum Offering {
    /// The logs to offer, the steward's first: what counts is decided there.
    ///
    /// - Parameters:
    ///   - reader: who asks.
    ///   - held: the organisations whose log of the dataset is held.
    ///   - own: this node's organisation, which reads what it holds.
    ///   - state: knows members and audiences.
    public static func logs(
        to reader: Origin, held: [Origin], own: Origin, state: MergeState
    ) -> [Origin] {
        let owner = state.dataset.owner
        return held.filter { mayRead($0, by: reader, own: own, state: state) }.sorted {
            $0 == owner || ($1 != owner && $0 < $1)
        }
    }

    /// Whether an organisation may read a log: a member within the log's audience.
    public static func mayRead(
        _ log: Origin, by reader: Origin, own: Origin, state: MergeState
    ) -> Bool {
        reader == own
            || state.membership.isMember(reader) && state.mayRead(log, by: reader)
    }

    /// Whether an organisation may bring entries of a log: any member, whoever may read the log, and the log's own
    /// company even after a cut, since what it wrote before the cut counts.
    public static func mayBring(_ log: Origin, by caller: Origin, state: MergeState) -> Bool {
        let membership = state.membership
        guard log == membership.steward || membership.members[log] != nil else { return false }
        return caller == log || membership.isMember(caller)
    }
}
