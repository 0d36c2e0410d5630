/// A contact with a partner: in which order things are done, and what follows from what came.
///
/// It does nothing itself. A node carries its actions out over HTTPS, the simulation over messages that get lost,
/// doubled and damaged; both tell it what came of each. So what is simulated is what ships.
///
/// Logs go by their place in the list that a partner gave (``Outcome/listed(_:ended:)``), or in the own one
/// (``Outcome/offered(_:)``).
public struct SyncMachine: Sendable {
    /// A log as one side has it.
    public struct Offer: Sendable, Equatable {
        /// The log's name, `member/owner/dataset`.
        public let log: String
        /// The number of entries.
        public let size: UInt64
        /// Smaller sizes at which a transfer stops, ascending: the log's readers change behind them.
        public let bounds: [UInt64]
        /// The smallest proven common prefix, of an own offer of a log that is known to have forked.
        public let forkedAt: UInt64?

        /// A log of a size.
        public init(log: String, size: UInt64, bounds: [UInt64] = [], forkedAt: UInt64? = nil) {
            (self.log, self.size) = (log, size)
            self.bounds = bounds.filter { $0 < size }.sorted()
            self.forkedAt = forkedAt
        }

        /// The dataset that it is of: all of the name behind the member.
        var dataset: Substring { log.drop { $0 != "/" }.dropFirst() }

        func isOf(_ member: String) -> Bool { log.hasPrefix(member + "/") }
    }

    /// What a partner's checkpoint of a log is to what is held of it.
    public struct Comparison: Sendable {
        /// What it is to the held tree.
        public let standing: LogStanding
        /// The number of entries held.
        public let held: UInt64
        /// The smallest proven common prefix, if the log is known to have forked.
        public let forkedAt: UInt64?

        /// A comparison.
        public init(standing: LogStanding, held: UInt64, forkedAt: UInt64?) {
            (self.standing, self.held, self.forkedAt) = (standing, held, forkedAt)
        }

        /// What the partner's log calls for.
        ///
        /// - Parameter isOwn: Whether it is this organisation's own.
        public func step(isOwn: Bool) -> LogStep {
            LogStep.decide(standing, isOwn: isOwn, held: held, forkedAt: forkedAt)
        }
    }

    /// What is to be done next.
    public enum Action: Sendable, Equatable {
        /// Ask the partner for its logs.
        case list
        /// Tell the partner what is held of its own logs.
        case tellHeld
        /// Ask for what damaged logs lack here.
        case fetchWanted
        /// Bring what damaged logs lack there.
        case bringWanted
        /// Exchange revocation lists.
        case exchangeRevocations
        /// Ask for the partner's evidence, and take what holds.
        case takeEvidence
        /// Compare the partner's log at a place, up to a size, with what is held.
        case compare(Int, size: UInt64)
        /// Fetch a log's entries from an index on, up to a size, and merge them.
        case fetch(Int, size: UInt64, from: UInt64, isTakingBack: Bool)
        /// Prove where the partner's history of a log and the held one part.
        case investigate(Int, size: UInt64)
        /// Take the evidence once more: some of it may be about logs that have only come now.
        case takeEvidenceAgain
        /// Give the partner what evidence it lacks.
        case giveEvidence
        /// Look what may be given to the partner.
        case offer
        /// Give the partner entries of the own offer at a place, under the checkpoint at `to`.
        case push(Int, from: UInt64, to: UInt64)
        /// Where the partner says that this organisation was cut: bring what it wrote before.
        case bringRest(Int)
        /// Compare state digests.
        case exchangeDigests
        /// Note that the partner was there.
        case noteContact
        /// Note that all that the partner has of the own logs is here.
        case noteHeard
        /// Cosign what was verified, and have the own checkpoints cosigned.
        case exchangeCosignatures
    }

    /// What came of an action.
    public enum Outcome: Sendable {
        /// It was done.
        case done
        /// The partner's logs, and of how many datasets it says that this organisation was cut.
        case listed([Offer], ended: Int)
        /// How much the partner has of its own logs, and whether it needs nothing more; nil where it does not say.
        case told(sizes: [Offer], isComplete: Bool)
        /// What the partner's log is to the held one; nil where nothing of it is wanted.
        case compared(Comparison?)
        /// What may be given to the partner.
        case offered([Offer])
        /// The partner takes no more of this log: it has other entries meanwhile, or may not read it.
        case stopped
        /// What came does not hold: it may be another history.
        case wrong
        /// It went wrong, which keeps nothing else back.
        case failed
        /// The connection is over.
        case broken
    }

    /// What a contact is for.
    public enum Goal: Sendable {
        /// All that there is to do with a partner.
        case everything
        /// To take one log that the partner offers by itself.
        case take(Offer)
        /// To give what is longer here; how much the partner has of which log.
        case give(beyond: [String: UInt64])
    }

    private let own: String
    private let only: String?
    /// What is still to be done, the next one last: a partner may list very many logs, and each step is to cost the
    /// same.
    private var pending: [Action] = []
    /// Places of logs of which nothing more is taken, and of those of which nothing more is given.
    private var untaken: Set<Int> = []
    private var ungiven: Set<Int> = []
    private var current: Action?
    private var theirs: [Offer] = []
    private var ours: [Offer] = []
    /// Whether all own logs that the partner has shown are here.
    private var isOwnHere = true
    private var isToldComplete = true

    /// How much the partner has of each log, with what it was given.
    public private(set) var sizes: [String: UInt64] = [:]
    /// Whether the contact broke off.
    public private(set) var isBroken = false

    /// A contact that begins.
    ///
    /// - Parameters:
    ///   - own: This node's organisation.
    ///   - only: The dataset that alone is synced; nil for all.
    public init(_ goal: Goal, own: String, only: String? = nil) {
        (self.own, self.only) = (own, only)
        switch goal {
        case .everything: first([.list])
        case .take(let offer):
            theirs = [offer]
            first(comparisons())
        case .give(let sizes):
            self.sizes = sizes
            first([.offer])
        }
    }

    /// What is to be done now; nil where the contact is over.
    public mutating func next() -> Action? {
        repeat { current = pending.popLast() } while current.map(isGivenUp) == true
        return current
    }

    private func isGivenUp(_ action: Action) -> Bool {
        switch action {
        case .compare(let place, _): untaken.contains(place)
        case .push(let place, _, _): ungiven.contains(place)
        default: false
        }
    }

    /// Does these before all else that waits.
    private mutating func first(_ actions: [Action]) { pending += actions.reversed() }

    /// Takes what came of the last action.
    public mutating func take(_ outcome: Outcome) {
        guard let action = current else { return }
        current = nil
        if case .broken = outcome {
            (isBroken, pending) = (true, [])
            return
        }
        switch (action, outcome) {
        case (.list, .listed(let offers, let ended)): plan(offers, ended)
        // Who does not say what there is cannot be synced with.
        case (.list, _): (isBroken, pending) = (true, [])
        case (.tellHeld, .told(let told, let isComplete)):
            isToldComplete = isComplete
            // What a partner has lost of its own logs it does not list: it gets that back.
            for log in told where sizes[log.log] == nil { sizes[log.log] = log.size }
        case (.compare(let place, let size), .compared(let found)):
            guard let found else { return }
            if let next = step(place, size, found) { first([next]) }
        case (.fetch(let place, let size, let from, _), .wrong):
            giveUp(place)
            // Of another history everything may be wrong, even where its entries begin in their bundle.
            if from > 0 { first([.investigate(place, size: size)]) }
        case (.compare(let place, _), .failed), (.investigate(let place, _), .failed),
            (.fetch(let place, _, _, _), .failed):
            giveUp(place)
        case (.offer, .offered(let offers)): give(offers)
        case (.push(let place, _, let to), .done): sizes[ours[place].log] = to
        // Whether the partner takes them or has them from elsewhere, it holds them afterwards.
        case (.push(let place, _, _), .stopped):
            sizes[ours[place].log] = ours[place].size
            ungiven.insert(place)
        case (.push(let place, _, _), _): ungiven.insert(place)
        case (.noteContact, _): end()
        default: break
        }
    }

    // MARK: What follows

    /// All that is done once the partner's logs are known.
    private mutating func plan(_ offers: [Offer], _ ended: Int) {
        theirs = offers
        sizes = Dictionary(
            offers.map { ($0.log, $0.size) }, uniquingKeysWith: { first, _ in first })
        var all: [Action] = [.tellHeld]
        // What lies beyond a damaged place comes in its own way, once the place is whole.
        all += [.fetchWanted, .bringWanted, .exchangeRevocations, .takeEvidence]
        all += comparisons()
        all += [.takeEvidenceAgain, .giveEvidence, .offer]
        all += (0..<ended).map { .bringRest($0) }
        all += [.exchangeDigests, .noteContact, .exchangeCosignatures]
        first(all)
    }

    /// Each log in the pieces in which it may be passed on.
    private func comparisons() -> [Action] {
        theirs.enumerated().flatMap { place, offer -> [Action] in
            guard offer.size > 0, isWanted(offer) else { return [] }
            return (offer.bounds + [offer.size]).map { .compare(place, size: $0) }
        }
    }

    private func isWanted(_ offer: Offer) -> Bool { only.map { $0 == offer.dataset } ?? true }

    private func step(_ place: Int, _ size: UInt64, _ found: Comparison) -> Action? {
        switch found.step(isOwn: theirs[place].isOf(own)) {
        case .rest, .give: return nil
        case .fetch(let from):
            return .fetch(place, size: size, from: from, isTakingBack: false)
        case .takeBack(let from):
            return .fetch(place, size: size, from: from, isTakingBack: true)
        case .investigate: return .investigate(place, size: size)
        }
    }

    /// Takes nothing more of a log in this contact.
    private mutating func giveUp(_ place: Int) {
        if theirs[place].isOf(own) { isOwnHere = false }
        untaken.insert(place)
    }

    /// What is longer here of the datasets that the partner shares.
    private mutating func give(_ offers: [Offer]) {
        ours = offers
        let shared = Set(sizes.keys.map { Offer(log: $0, size: 0).dataset })
        var pushes: [Action] = []
        for (place, offer) in offers.enumerated() {
            var from = sizes[offer.log] ?? 0
            guard offer.size > from, isWanted(offer), shared.contains(offer.dataset) else {
                continue
            }
            // What is common to both histories of a forked log is the most that anybody takes.
            if let forkedAt = offer.forkedAt, from >= forkedAt { continue }
            for to in offer.bounds.filter({ $0 > from }) + [offer.size] {
                pushes.append(.push(place, from: from, to: to))
                from = to
            }
        }
        first(pushes)
    }

    private mutating func end() {
        var last: [Action] = []
        // What it lacked of its own logs it may have now.
        if !isToldComplete { last.append(.tellHeld) }
        // Whatever the partner has of the own logs is here; others' may have failed.
        if isOwnHere, only == nil { last.append(.noteHeard) }
        first(last)
    }
}
