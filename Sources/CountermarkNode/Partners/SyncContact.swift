import AnnotationModel
import CompanyHome
import Foundation
import LogStorage
import PartnerNet
import PartnerTLS
import PlainErrors
import Replication
import TransparencyLog

/// What a contact with a partner has learnt so far: what the places stand for by which a ``SyncMachine`` names logs.
struct SyncContact {
    /// The partner.
    let org: Origin
    let client: HTTPClient
    /// A dataset to take part in that is not held here yet.
    let joining: DatasetID?
    /// The dataset that alone is synced; nil for all.
    let only: DatasetID?
    /// What has come of it.
    var report: SyncReport
    /// What the partner offers, and the datasets from which it says that this organisation was cut.
    var list = LogList(logs: [])
    /// What the partner lacks of damaged logs.
    var lacking: [WantedBundles] = []
    /// The partner's evidence.
    var evidence: [String] = []
    /// What is offered to the partner.
    var ours: [LogOffer] = []
    /// What was wrong with entries that may be of another history.
    var wrong: (any Error)?

    init(_ org: Origin, _ client: HTTPClient, joining: DatasetID? = nil, only: DatasetID? = nil) {
        (self.org, self.client, self.joining, self.only) = (org, client, joining, only)
        report = SyncReport(org: org.description)
    }

    /// A partner's offer at a place, up to a size: the whole, or a piece that ends where the log's readers change.
    func offer(_ place: Int, size: UInt64) throws -> LogOffer {
        let whole = list.logs[place]
        if whole.size == size { return whole }
        for note in (whole.bounds ?? []).prefix(LogBounds.countMax)
        where (try? Node.size(of: Array(note.utf8))) == size {
            return LogOffer(origin: whole.origin, size: size, checkpoint: note)
        }
        throw NodeError(
            .badAnswer, "\(org) offers no checkpoint of \(whole.origin.prefix(600)) at \(size)",
            hint: "sync again")
    }
}

extension PartnerSync {
    /// A contact's machine.
    func machine(_ goal: SyncMachine.Goal, only: DatasetID? = nil) -> SyncMachine {
        SyncMachine(goal, own: home.origin.description, only: only?.description)
    }

    /// Does what a machine wants until the contact is over; what went wrong stands in its report.
    func run(_ machine: inout SyncMachine, _ contact: inout SyncContact) async {
        let begun = ContinuousClock.now
        try? await node.run { $0.holdNaming() }
        while let action = machine.next() {
            do {
                machine.take(try await carryOut(action, &contact))
            } catch {
                contact.report.fail(error)
                machine.take(Self.endsContact(error) ? .broken : .failed)
            }
        }
        try? await node.run { $0.endHoldingNaming() }
        contact.report.isBroken = machine.isBroken
        if Task.isCancelled { return }
        let ended = machine.isBroken ? .unreached : NodeMeter.Round(rawValue: contact.report.state)
        meter?.noteRound(with: contact.org, ended ?? .failed, .now - begun)
    }

    /// True for what concerns more than one log or dataset: the connection failed, or the task was cancelled.
    static func endsContact(_ error: any Error) -> Bool {
        switch error {
        case PartnerTLSError.responseTooLarge: false
        case is PartnerTLSError, is CancellationError: true
        case let error as NodeError: error.code == .interrupted
        default: false
        }
    }

    private func carryOut(
        _ action: SyncMachine.Action, _ contact: inout SyncContact
    ) async throws -> SyncMachine.Outcome {
        let (org, client) = (contact.org, contact.client)
        switch action {
        case .list: return try await listed(&contact)
        case .tellHeld: return try await told(&contact)
        case .fetchWanted: try await fetchWanted(from: org, client, &contact.report)
        case .bringWanted: try await bring(contact.lacking, to: org, client, &contact.report)
        case .exchangeRevocations: try await exchangeRevocations(org, client, &contact.report)
        case .takeEvidence:
            contact.evidence = try await evidence(of: client)
            try await take(contact.evidence, from: org)
        case .compare(let place, let size):
            return .compared(try await compare(try contact.offer(place, size: size), contact))
        case .fetch(let place, let size, let from, let isTakingBack):
            return try await fetch(
                try contact.offer(place, size: size), from, isTakingBack, &contact)
        case .investigate(let place, let size):
            let offer = try contact.offer(place, size: size)
            let wrong = contact.wrong
            contact.wrong = nil
            if try await investigate(offer, client) { throw Node.forked(offer.origin) }
            if let wrong { throw wrong }
        case .takeEvidenceAgain: try await take(contact.evidence, from: org)
        case .giveEvidence:
            try await give(evidenceTo: org, beyond: contact.evidence, client)
        case .offer:
            // What it says about the logs that came goes along with the rest.
            try await node.run { $0.endHoldingNaming() }
            return try await offered(&contact)
        case .push(let place, let from, let to):
            return try await push(contact.ours[place], from, to, &contact)
        case .bringRest(let number):
            try await bringRest((contact.list.ended ?? [])[number], &contact)
        case .exchangeDigests:
            try await exchangeDigests(org, client, &contact.report)
        case .noteContact:
            PartnerContacts(home).note(org)
            contact.report.notes += try await node.run { try $0.clockNotes() }
        case .noteHeard:
            let ended = contact.list.ended ?? []
            try await node.run { node in
                if try node.hasAll(ended) { try node.noteHeard(org) }
            }
        case .exchangeCosignatures:
            await exchangeCosignatures(node, org, client, &contact.report)
        }
        return .done
    }

    private func listed(_ contact: inout SyncContact) async throws -> SyncMachine.Outcome {
        contact.list = try await list(contact.client)
        let (ended, org) = (contact.list.ended ?? [], contact.org)
        try await node.run { try $0.home.noteCuts(ended, by: org) }
        return .listed(
            contact.list.logs.map { SyncMachine.Offer($0) },
            ended: contact.list.ended?.count ?? 0)
    }

    private func told(_ contact: inout SyncContact) async throws -> SyncMachine.Outcome {
        // A node of an earlier version does not ask.
        guard let answer = try await tellHeld(contact.org, contact.client) else { return .done }
        contact.lacking = answer.wanted ?? []
        return .told(
            sizes: answer.logs.map { SyncMachine.Offer(log: $0.origin, size: $0.size) },
            isComplete: answer.complete)
    }

    // MARK: Evidence

    /// The evidence that a partner has: an alarm travels with every contact, in both directions.
    private func evidence(of client: HTTPClient) async throws -> [String] {
        let response = try await call(
            client, "GET", "/v1/evidence", bytesMax: PartnerLimits.evidenceBytes)
        guard response.status == 200,
            let document = try? JSONDecoder().decode(EvidenceList.self, from: Data(response.body))
        else { throw Self.badAnswer(client, response, "/v1/evidence") }
        return document.evidence
    }

    private func take(_ evidence: [String], from org: Origin) async throws {
        for text in evidence {
            try await node.run { node in
                do {
                    try node.take(evidence: text, from: org)
                } catch is TransparencyLogError {
                    // It proves nothing, so it accuses nobody.
                }
            }
        }
    }

    private func give(
        evidenceTo org: Origin, beyond known: [String], _ client: HTTPClient
    ) async throws {
        let files = try await node.run { try $0.evidence(for: org, beyond: known) }
        for start in stride(from: 0, to: files.count, by: EvidenceList.filesMax) {
            let part = EvidenceList(
                evidence: Array(files[start..<min(files.count, start + EvidenceList.filesMax)]))
            let response = try await call(
                client, "POST", "/v1/evidence", body: Array(try JSONEncoder().encode(part)))
            guard response.status == 200 else {
                throw Self.badAnswer(client, response, "/v1/evidence")
            }
        }
    }
}

extension SyncMachine.Offer {
    /// A log as a partner offers it.
    init(_ offer: LogOffer, forkedAt: UInt64? = nil) {
        self.init(
            log: offer.origin, size: offer.size,
            bounds: (offer.bounds ?? []).prefix(LogBounds.countMax).compactMap {
                try? Node.size(of: Array($0.utf8))
            }, forkedAt: forkedAt)
    }
}
