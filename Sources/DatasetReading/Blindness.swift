import AnnotationModel
import AnnotationStore
import Provenance

/// What an organisation's people are not shown of a blind dataset: others' labels of items that it has not examined.
///
/// The logs lie in the home as ever, and are served and verified: this is about what the program shows.
public final class Blindness {
    private let store: LabelStore
    private let dataset: DatasetID
    private let own: Origin
    private let membership: Membership
    private let same: SameItems
    private var known: ByteMap<Bool> = [:]
    /// How many labels were asked for and not shown; an export asks for each several times.
    public private(set) var hidden = 0
    private var counted = KeySet()

    package init(_ store: LabelStore, _ dataset: DatasetID, own: Origin, _ membership: Membership) {
        (self.store, self.dataset, self.own) = (store, dataset, own)
        (self.membership, same) = (membership, SameItems(store, dataset))
    }

    /// True for a label that is not shown yet; it is counted.
    public func hides(_ label: LabelView) throws -> Bool {
        guard isOthers(label.id.origin), try !isExamined(try same.shown(label)) else {
            return false
        }
        if !counted.contains(label.key.packed) {
            counted.insert(label.key.packed)
            hidden += 1
        }
        return true
    }

    /// True for another organisation, one whose log this one goes on for not among them.
    public func isOthers(_ origin: Origin) -> Bool { !membership.isOwner(own, of: origin) }

    /// Whether this organisation has said of an item, under any of its keys, that it has examined it.
    public func isExamined(_ key: String) throws -> Bool {
        if let known = known[key] { return known }
        let field = Field.examined(by: own)
        let isExamined = try same.names(of: key).contains {
            try store.item(dataset, key: $0)?.record.fields[field] == .bool(true)
        }
        known[key] = isExamined
        return isExamined
    }

    /// What people are told who miss something.
    public var note: String? {
        hidden == 0
            ? nil
            : "\(hidden) labels of others are not shown: the dataset is blind, and \(own) has not examined "
                + "their items"
    }
}
