import AnnotationModel
import AnnotationStore
import CompanyHome
import Foundation
import PlainErrors
import Provenance
import Replication
import Signing

/// Entries of this organisation that are stored and do not count, of one dataset and for one reason.
public struct UncountedWrites: Sendable, Equatable {
    /// The dataset.
    public let dataset: DatasetID
    /// This organisation.
    public let org: Origin
    /// Why they do not count.
    public let why: NotCounted
    /// How many entries as a whole.
    public var entries = 0
    /// How many single operations of entries that count.
    public var operations = 0
    /// The first of them.
    public let first: UInt64
    /// The last of them.
    public var last: UInt64
    /// Whether what this organisation wrote last is among them: what it writes now would not count either.
    public var isLatest = false

    /// What can be done so that the next writes count.
    public var hint: String {
        switch why {
        case .readerRole:
            "ask \(dataset.owner) for `countermark member set \(dataset) \(org) --role annotator` and write "
                + "it again, or run countermark dataset leave \(dataset)"
        case .beyondCut:
            "ask \(dataset.owner) for `countermark member set \(dataset) \(org) --role annotator`, or run "
                + "countermark dataset leave \(dataset)"
        case .notMember:
            "run countermark sync, in case \(dataset.owner) has made it a member; else ask it to, or run "
                + "countermark dataset leave \(dataset)"
        case .forked:
            "see countermark evidence, and in Docs/Operations.md \"After a fork of your own log\""
        case .retiredKey, .outsideValidity: "run countermark key rotate, then write it again"
        case .falseHead, .unknownTarget: "run countermark sync, then write it again"
        case .stewardOnly, .notYoursToDecide: "ask \(dataset.owner)"
        case .tooMany, .unreadable, .suggestion: "see countermark quarantine \(dataset)"
        }
    }

    /// One line for people.
    public var line: String {
        let what =
            [
                entries == 0 ? nil : entries == 1 ? "1 entry" : "\(entries) entries",
                operations == 0
                    ? nil
                    : operations == 1 ? "1 single operation" : "\(operations) single operations",
            ].compactMap { $0 }.joined(separator: " and ")
        let place = first == last ? "at \(first)" : "from \(first) to \(last)"
        return
            "\(dataset): \(what) of this organisation do\(entries + operations == 1 ? "es" : "") "
            + "not count (\(place)): \(why.reason); \(hint)"
    }
}

extension Node {
    /// Why the next entry that this node writes would not count, as far as it can know; nil if it would.
    ///
    /// - Parameter isAct: Whether it holds nothing but acts about the own log, which a reader may make.
    public func whyNotCounted(
        _ dataset: DatasetID, at index: UInt64? = nil, isAct: Bool = false
    ) throws -> NotCounted? {
        let signer = try signersCertificate().fingerprint
        let time = now()
        let forkedAt = try forks().prefix(of: "\(home.origin)/\(dataset)")
        let toldCut = try home.toldCut(dataset)
        let state = try mergedState(dataset)
        var log = state.progress(home.origin) ?? LogProgress(number: 0, origin: home.origin)
        if let forkedAt { log.forkedAt = forkedAt }
        let index = index ?? max(log.stored, log.applied)
        if let toldCut, index >= toldCut { return .beyondCut }
        return state.governance.standing(
            of: log, index: index, signer: signer, time: time, isAct: isAct)
    }

    /// Throws if an operation would be signed for nothing: whoever checks the log would list it as not counted.
    func requireCounted(_ dataset: DatasetID, at index: UInt64, isAct: Bool) throws {
        if try home.hasRevoked(signersCertificate()) {
            throw NodeError(
                .keyRevoked,
                "the certificate that would sign is on this organisation's own revocation list; nothing was "
                    + "written",
                hint: !isForSomebody
                    ? "run countermark key rotate, then write again"
                    : "sign with another certificate (--sign-cert, --sign-key, a new key in the page)"
            )
        }
        if try home.hasLeft(dataset) {
            throw NodeError(
                .datasetLeft, "\(home.origin) has left \(dataset); nothing was written",
                hint: "run countermark dataset join \(dataset) to take part again")
        }
        guard let why = try whyNotCounted(dataset, at: index, isAct: isAct) else { return }
        throw try refusal(why, dataset)
    }

    /// What a write that would not count is refused with: the reason, and the way out.
    private func refusal(_ why: NotCounted, _ dataset: DatasetID) throws -> NodeError {
        let org = home.origin
        func error(_ code: ErrorCode, _ message: String, _ hint: String) -> NodeError {
            NodeError(code, message + "; nothing was written", hint: hint)
        }
        switch why {
        case .readerRole:
            return error(
                .readerRole, "\(org) is a reader of \(dataset): what it writes does not count",
                "ask \(dataset.owner) for `countermark member set \(dataset) \(org) --role annotator`"
            )
        case .beyondCut:
            return error(
                .cutOff,
                "\(dataset.owner) has cut \(org) off from \(dataset): what it writes "
                    + "does not count",
                "ask \(dataset.owner) for `countermark member set \(dataset) \(org) --role annotator`, "
                    + "or run countermark dataset leave \(dataset)")
        case .notMember:
            return error(
                .notMember, "\(org) is not a member of \(dataset): what it writes does not count",
                "run countermark sync, in case \(dataset.owner) has made it one; else ask it to")
        case .forked:
            return error(
                .ownLogForked,
                "the log of \(org) in \(dataset) has signed two histories: what it writes does not count",
                "see countermark evidence, and in Docs/Operations.md \"After a fork of your own log\": "
                    + "a new home goes on for this one")
        case .retiredKey:
            return error(
                .keyRetired,
                "the key that would sign was retired in \(dataset): its entries do not "
                    + "count",
                !isForSomebody
                    ? "run countermark key rotate, then write again"
                    : "sign with another certificate (--sign-cert, --sign-key, a new key in the page)"
            )
        case .outsideValidity: return try outsideValidity()
        default:
            return error(
                .notCounted, "it would not count: \(why.reason)", "see countermark status")
        }
    }

    /// The signer's certificate is not valid now.
    func outsideValidity() throws -> NodeError {
        let certificate = try signersCertificate()
        let time = now()
        let isOver = time > certificate.notAfter
        return NodeError(
            .certificateExpired,
            "the certificate of \(NodeIdentity.name(of: certificate)) "
                + (isOver
                    ? "ended on \(ReadableTime.text(certificate.notAfter))"
                    : "begins on \(ReadableTime.text(certificate.notBefore))")
                + ", and it is \(ReadableTime.text(time)) by this computer's clock; nothing was written",
            hint: isOver
                ? "run countermark key rotate, or set the clock if it is wrong" : "set the clock")
    }

    // MARK: What does not count although it was written

    /// What this organisation has written into a dataset and does not count, by reason; suggestions that wait for
    /// others are not among it.
    public func uncountedWrites(
        _ dataset: DatasetID, from index: UInt64 = 0
    ) throws -> [UncountedWrites] {
        let state = try mergedState(dataset)
        guard let own = state.progress(home.origin) else { return [] }
        var found: [NotCounted: UncountedWrites] = [:]
        let last = own.applied == 0 ? 0 : own.applied - 1
        for row in try store.uncounted(log: own.number, from: index) where row.why != .suggestion {
            let entry = row.slot.entry
            var one =
                found[row.why]
                ?? UncountedWrites(
                    dataset: dataset, org: home.origin, why: row.why, first: entry, last: entry)
            if row.isEntry { one.entries += 1 } else { one.operations += 1 }
            one.last = entry
            if row.isEntry, entry == last { one.isLatest = true }
            found[row.why] = one
        }
        if found[.beyondCut] == nil, let cut = try writtenBeyondToldCut(dataset, from: index) {
            found[.beyondCut] = cut
        }
        return found.values.sorted { $0.first < $1.first }
    }

    /// What this organisation has written beyond the index at which it was cut, where only the steward's word
    /// says so: here these entries are merged, and nowhere else do they count.
    func writtenBeyondToldCut(
        _ dataset: DatasetID, from index: UInt64 = 0
    ) throws -> UncountedWrites? {
        guard let cut = try home.toldCut(dataset),
            let own = try read(dataset, { $0.state.progress(home.origin) })
        else { return nil }
        let first = max(cut, index)
        guard own.stored > first else { return nil }
        // What does not count for another reason is told of already.
        let told = Set(
            try store.uncounted(log: own.number, from: first).filter(\.isEntry).map(\.slot.entry))
        guard let start = (first..<own.stored).first(where: { !told.contains($0) }) else {
            return nil
        }
        var one = UncountedWrites(
            dataset: dataset, org: home.origin, why: .beyondCut, first: start, last: own.stored - 1)
        (one.entries, one.isLatest) = (Int(clamping: own.stored - first) - told.count, true)
        return one
    }
}
