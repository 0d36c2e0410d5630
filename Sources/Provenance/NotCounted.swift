/// Why an entry or an operation is stored and not counted.
public enum NotCounted: Int, Sendable, CaseIterable {
    case notMember = 1
    case beyondCut = 2
    case readerRole = 3
    case falseHead = 4
    case unknownTarget = 7
    case suggestion = 8
    case stewardOnly = 9
    case forked = 10
    case retiredKey = 11
    case outsideValidity = 12
    case notYoursToDecide = 14
    case tooMany = 15
    case unreadable = 16

    /// The word for programs, as `--json` shows it.
    public var name: String { "\(self)" }

    /// One line for `quarantine` and `show`.
    public var reason: String {
        switch self {
        case .notMember: "the organisation is not a member of the dataset at this entry"
        case .beyondCut: "the entry is at or beyond the index at which the steward cut the log"
        case .readerRole: "a reader's entries do not count"
        case .falseHead:
            "it cites a log that the steward had not named by then, or a size and root that the "
                + "cited log's key did not sign"
        case .unknownTarget: "the target is not a counted annotation within the entry's context"
        case .suggestion:
            "a suggestion: an annotator's change to another organisation's annotation, which that "
                + "organisation or a reviewer has not accepted"
        case .stewardOnly: "only the steward's log may hold this act"
        case .forked: "the log signed two histories, and the entry lies beyond what they share"
        case .retiredKey: "the signer's key was retired at or before this entry"
        case .outsideValidity: "the entry claims a time outside its certificate's validity"
        case .notYoursToDecide:
            "only the annotation's organisation or a reviewer decides a suggestion"
        case .tooMany: "it is beyond what one member may put into its log of one dataset"
        case .unreadable: "it cannot be read as what the protocol says, and changes nothing"
        }
    }
}
