/// Why an entry or an operation is stored and not counted.
public enum NotCounted: Int, Sendable, CaseIterable {
    case notMember = 1
    case beyondCut = 2
    case readerRole = 3
    case falseHead = 4
    case contextShrinks = 5
    case contextGap = 6
    case unknownTarget = 7
    case suggestion = 8
    case stewardOnly = 9
    case forked = 10
    case retiredKey = 11
    case outsideValidity = 12
    case expiredKey = 13
    case notYoursToDecide = 14

    /// One line for `quarantine` and `show`.
    public var reason: String {
        switch self {
        case .notMember: "the organisation is not a member of the dataset"
        case .beyondCut: "the entry is at or beyond the index at which the steward cut the log"
        case .readerRole: "a reader's entries do not count"
        case .falseHead: "the context cites a root that the cited log never had at that size"
        case .contextShrinks: "the context cites less of a log than an earlier entry did"
        case .contextGap: "the context lacks what an entry that it cites had merged"
        case .unknownTarget: "the target is not a counted annotation within the entry's context"
        case .suggestion:
            "a suggestion: an annotator's change to another organisation's annotation, which that "
                + "organisation or a reviewer has not accepted"
        case .stewardOnly: "only the steward's log may hold this act"
        case .forked: "the log signed two histories, and the entry lies beyond what they share"
        case .retiredKey: "the signer's key was retired at or before this entry"
        case .outsideValidity: "the entry claims a time outside its certificate's validity"
        case .expiredKey:
            "the signer's certificate has expired, and no other member had merged the entry before"
        case .notYoursToDecide:
            "only the annotation's organisation or a reviewer decides a suggestion"
        }
    }
}
