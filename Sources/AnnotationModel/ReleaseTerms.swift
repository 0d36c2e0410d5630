import CanonicalCBOR

/// Which labels a release holds where it is not all that counts, and what it asks for.
public struct ReleaseTerms: Hashable, Sendable {
    /// A state of a stage, as lists filter by it; nil stands for no state.
    public struct Stage: Hashable, Sendable {
        /// The stage.
        public var stage: ProcessingStage
        /// The state of the label, or of its item where it has none.
        public var state: String?

        /// A state of a stage.
        public init(stage: ProcessingStage, state: String?) {
            (self.stage, self.state) = (stage, state)
        }
    }

    /// The organisations whose labels it holds, ascending; none for all.
    public var companies: [Origin] = []
    /// Only labels in this state of a stage.
    public var stage: Stage?
    /// Only labels that were reviewed, and of which all standing verdicts accept.
    public var isAcceptedOnly = false
    /// Only labels that nobody contests.
    public var isSettledOnly = false
    /// Nothing of items that the stage `filter` excludes.
    public var isWithoutExcluded = false
    /// Retracted labels too.
    public var holdsRetracted = false
    /// How many members have to countersign before the release holds.
    public var quorum = 0
    /// Why the release is withdrawn; such an act ends an earlier one and holds nothing.
    public var withdrawal: String?

    /// The longest reason of a withdrawal in bytes.
    public static let reasonBytesMax = 1_024
    /// The longest name of a state in bytes.
    public static let stateBytesMax = 64

    /// All that counts.
    public init() {}

    /// The terms as they stand in the act, a map; what is left at its default is left out.
    public var cbor: CBORValue {
        var members: [CBORValue: CBORValue] = [:]
        func put(_ key: Key, _ value: CBORValue?) { members[.integer(key.rawValue)] = value }
        if !companies.isEmpty {
            put(.companies, .array(companies.map { .text($0.description) }))
        }
        put(
            .stage,
            stage.map {
                .array([.text($0.stage.rawValue), $0.state.map { .text($0) } ?? .null])
            })
        if isAcceptedOnly { put(.acceptedOnly, .bool(true)) }
        if isSettledOnly { put(.settledOnly, .bool(true)) }
        if isWithoutExcluded { put(.withoutExcluded, .bool(true)) }
        if holdsRetracted { put(.retracted, .bool(true)) }
        if quorum > 0 { put(.quorum, .integer(Int64(quorum))) }
        put(.withdrawal, withdrawal.map { .text($0) })
        return .map(members)
    }

    private enum Key: Int64, CaseIterable {
        case companies = 1
        case stage = 2
        case acceptedOnly = 3
        case settledOnly = 4
        case withoutExcluded = 5
        case retracted = 6
        case quorum = 7
        case withdrawal = 8
    }

    /// Reads terms; nil for anything that ``cbor`` would not have made.
    public init?(cbor: CBORValue) {
        guard case .map(let members) = cbor, members.count <= Key.allCases.count else {
            return nil
        }
        for (key, value) in members {
            guard let key = key.integerValue.flatMap(Key.init), take(key, value) else {
                return nil
            }
        }
        // One meaning has one form: two forms of it would have two digests.
        guard self.cbor == cbor else { return nil }
    }

    private mutating func take(_ key: Key, _ value: CBORValue) -> Bool {
        switch key {
        case .companies:
            guard let items = value.arrayValue, items.count <= Changeset.headsMax else {
                return false
            }
            companies = items.compactMap { $0.textValue.flatMap { try? Origin($0) } }
            return companies.count == items.count
                && zip(companies, companies.dropFirst()).allSatisfy { $0 < $1 }
        case .stage:
            guard let parts = value.arrayValue, parts.count == 2,
                let stage = parts[0].textValue.flatMap(ProcessingStage.init(rawValue:))
            else { return false }
            if case .null = parts[1] {
                self.stage = Stage(stage: stage, state: nil)
                return true
            }
            guard let state = parts[1].textValue, state.utf8.count <= Self.stateBytesMax else {
                return false
            }
            self.stage = Stage(stage: stage, state: state)
            return true
        case .acceptedOnly: return flag(value, &isAcceptedOnly)
        case .settledOnly: return flag(value, &isSettledOnly)
        case .withoutExcluded: return flag(value, &isWithoutExcluded)
        case .retracted: return flag(value, &holdsRetracted)
        case .quorum:
            guard let count = value.integerValue, (1...Int64(Changeset.headsMax)) ~= count else {
                return false
            }
            quorum = Int(count)
            return true
        case .withdrawal:
            guard let text = value.textValue, text.utf8.count <= Self.reasonBytesMax else {
                return false
            }
            withdrawal = text
            return true
        }
    }

    private func flag(_ value: CBORValue, _ flag: inout Bool) -> Bool {
        guard case .bool(true) = value else { return false }
        flag = true
        return true
    }
}
