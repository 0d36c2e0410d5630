import AnnotationModel
import Signing
import TransparencyLog

/// What the acts in some entries of a proof come to.
struct LabelProofFold {
    private var state: MergeState

    /// Folds the acts of entries: the steward's log first, then the others by origin, each in its order.
    init(_ dataset: DatasetID, _ entries: [LabelProofCheck.Entry]) {
        state = MergeState(dataset: dataset)
        for entry in entries {
            if state.logs[entry.log] == nil {
                state.add(LogProgress(number: entry.log, origin: entry.origin))
            }
            for act in entry.acts { state.introduce(act, log: entry.log) }
            guard standing(entry, isAct: true) == nil else { continue }
            for act in entry.acts { state.keep(act, log: entry.log) }
            if entry.origin == dataset.owner { state.govern(entry.acts, entry: entry.index) }
        }
    }

    var membership: Membership { state.membership }

    /// Why an entry does not count; nil if it does.
    func standing(_ entry: LabelProofCheck.Entry, isAct: Bool = false) -> NotCounted? {
        guard let log = state.logs[entry.log] else { return .notMember }
        return state.standing(
            of: log, index: entry.index, signer: entry.signer, time: entry.time, isAct: isAct)
    }

    /// Whose cosignatures of a log the entries explain.
    func witnesses(of log: Origin) -> WitnessRoster {
        WitnessRoster(
            state.witnessKeys.compactMap { number, keys -> WitnessRoster.Organisation? in
                guard let origin = state.logs[number]?.origin, origin != log else { return nil }
                return .init(name: origin.description, keys: keys)
            }.sorted { $0.name < $1.name })
    }
}
