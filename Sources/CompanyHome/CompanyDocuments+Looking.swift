import Foundation
import PlainErrors
import SharedStore
import Signing
import Synchronization

extension CompanyDocuments {
    /// Brings this home up to what the store says, and the store to what this home alone knows.
    ///
    /// What is wrong with one document keeps no other back: it stands in ``troubles``, and what the home says of it
    /// stays.
    ///
    /// - Throws: ``SharedStoreError`` where the store cannot be reached.
    package func look(_ taking: Taking) throws -> Look {
        guard let company = home.company, let shared = try home.sharedLogs() else { return Look() }
        let there: [DocumentMark]
        do {
            there = try shared.table.documents()
        } catch let error as SharedStoreError where error.isOfDocuments {
            // Logs go on without them, as they did before there were any.
            try copies.keep(troubles: ["documents": PlainError.line(error)])
            return Look()
        }
        let seen = KnownDocuments(marks: there, folder: copies.mark)
        if company.knownDocuments.withLock({ $0 }) == seen { return Look() }
        var round = try copies.locked { try settleAll(shared) }
        // What follows from proof takes as long as a dataset is large: nobody waits for that.
        for proof in round.proofs {
            do {
                try take(proof, taking, &round.look, shared)
            } catch let error as SharedStoreError where !error.isOfOneDocument {
                throw error
            } catch {
                round.troubles[proof.document.name] = PlainError.line(error)
            }
        }
        try copies.keep(troubles: round.troubles)
        // What waits, and what this look has written, is looked at again.
        let settled =
            round.isWaiting ? nil : KnownDocuments(marks: round.marks, folder: copies.mark)
        company.knownDocuments.withLock { $0 = settled }
        return round.look
    }

    /// One look, up to what takes long.
    private struct Round {
        let marks: [DocumentMark]
        var look = Look()
        var troubles: [String: String] = [:]
        var proofs: [Proof] = []
        var isWaiting = false
    }

    /// Evidence that this home has not seen yet.
    private struct Proof {
        let log: String
        let said: SignedDocument
        let row: SharedDocument
        var document: CompanyDocument { .evidence(log: log) }
    }

    private func settleAll(_ shared: SharedLogStore) throws -> Round {
        // Another process may just have changed something.
        var round = Round(marks: try shared.table.documents())
        let known = try copies.all()
        let named = Dictionary(round.marks.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        var all = Set(try CompanyDocument.all(in: home))
        for name in Set(named.keys).union(known.keys) {
            if let document = CompanyDocument(name: name) { all.insert(document) }
        }
        for document in all.sorted(by: { ($0.rank, $0.name) < ($1.rank, $1.name) }) {
            let name = document.name
            do {
                var step = Step(document, named[name], known[name], shared)
                try settle(&step)
                if let note = step.note { round.look.notes.append(note) }
                if step.isTaken { round.look.taken.append(name) }
                if let proof = step.proof { round.proofs.append(proof) }
                if step.hasMoved { round.look.hasMoved = true }
                if step.isWaiting || step.proof != nil { round.isWaiting = true }
            } catch let error as SharedStoreError {
                guard error.isOfOneDocument else { throw error }
                round.troubles[name] = PlainError.line(error)
            } catch {
                // It may be over the next time.
                round.isWaiting = true
                round.troubles[name] = PlainError.line(error)
            }
        }
        return round
    }

    /// What one document needs.
    private struct Step {
        let document: CompanyDocument
        let mark: DocumentMark?
        let copy: DocumentCopy?
        let shared: SharedLogStore
        var note: String?
        var proof: Proof?
        var hasMoved = false
        var isTaken = false
        var isWaiting = false

        init(
            _ document: CompanyDocument, _ mark: DocumentMark?, _ copy: DocumentCopy?,
            _ shared: SharedLogStore
        ) {
            (self.document, self.mark, self.copy, self.shared) = (document, mark, copy, shared)
        }
    }

    private func settle(_ step: inout Step) throws {
        let (document, copy) = (step.document, step.copy)
        if let copy, let mark = step.mark, mark == copy.document.mark {
            if copy.isPending { try bring(&step, from: copy.document) }
            return
        }
        guard let mark = step.mark else {
            guard let copy, copy.version > 0 else { return try bring(&step, from: nil) }
            return try giveBack(copy, &step, from: nil)
        }
        if let copy, copy.version > mark.version {
            // Whoever has forged an older one is told of by those who have no newer one.
            return try giveBack(copy, &step, from: mark.version)
        }
        guard let row = try step.shared.table.document(document.name) else {
            return step.isWaiting = true
        }
        let said = try signed(row)
        if let copy, copy.version == said.version, copy.version > 0 {
            // The store went back, and another node has written this version, too.
            let mine = try signed(copy.document)
            let both = try document.merged(mine.text, said.text)
            step.note =
                "\(document.name) was changed by two nodes at once, after the store had gone back"
            return try bring(&step, saying: both, from: row, said)
        }
        if case .evidence(let log) = document {
            return step.proof = Proof(log: log, said: said, row: row)
        }
        let here = try present(document)
        if copy?.isPending == true || (copy == nil && here != nil && document.isUnion) {
            return try bring(&step, from: row)
        }
        if copy == nil, let here, here != said.text {
            step.note = try firstMeeting(document, here: here, said)
        }
        step.hasMoved = here != said.text
        step.isTaken = step.hasMoved
        try take(said, row, document)
    }

    /// Brings to the store what this home says.
    private func bring(_ step: inout Step, from row: SharedDocument?) throws {
        let document = step.document
        let said = try row.map { try signed($0) }
        var text = try document.text(in: home)
        // What was known to somebody stays known.
        if text != nil, document.isUnion { text = try document.merged(text, said?.text) }
        if text == nil, row == nil, step.copy?.isPending != true { return }
        if row == nil { step.note = "\(document.name) was brought to the store" }
        if step.copy?.isPending == true {
            step.note =
                "\(document.name) was changed here while the store was away: it has learnt of it"
        }
        try bring(&step, saying: text, from: row, said)
    }

    private func bring(
        _ step: inout Step, saying text: String?, from row: SharedDocument?, _ said: SignedDocument?
    ) throws {
        if let row, let said, said.text == text { return try take(said, row, step.document) }
        let next = SignedDocument(
            name: step.document.name, version: (said?.version ?? 0) + 1, text: text)
        step.isWaiting = true
        if try put(next, step.document, in: step.shared, from: row?.version) {
            step.hasMoved = true
        } else {
            step.note = nil
        }
    }

    /// Gives a document back that the store has lost.
    private func giveBack(
        _ copy: DocumentCopy, _ step: inout Step, from version: Int64?
    ) throws {
        _ = try signed(copy.document)
        step.isWaiting = true
        if try step.shared.table.moveDocument(copy.document, from: version) {
            step.note =
                "the store had lost a change of \(copy.name): this node has given version \(copy.version) back"
        }
    }

    /// Has a node take evidence, and tells the others where this home can prove more.
    private func take(
        _ proof: Proof, _ taking: Taking, _ look: inout Look, _ shared: SharedLogStore
    ) throws {
        let before = try proof.document.text(in: home)
        guard try taking(proof.log, try Home.evidence(in: proof.said.text)) else { return }
        try copies.locked {
            let now = try proof.document.text(in: home)
            if before != now {
                look.hasMoved = true
                look.taken.append(proof.document.name)
            }
            guard try Home.provenPrefix(in: now) < Home.provenPrefix(in: proof.said.text) else {
                return try copies.keep(DocumentCopy(proof.row))
            }
            var step = Step(proof.document, proof.row.mark, nil, shared)
            try bring(
                &step, saying: try proof.document.merged(now, proof.said.text), from: proof.row,
                proof.said)
        }
    }

    /// What becomes of what a home said before it met the store.
    ///
    /// - Throws: ``NodeError`` where both cannot hold.
    private func firstMeeting(
        _ document: CompanyDocument, here: String, _ said: SignedDocument
    ) throws -> String {
        guard case .partner(let org) = document, let text = said.text else {
            return said.text == nil
                ? "\(document.name) was removed on another node of this company, and is here, too"
                : "\(document.name) is now what the company's other nodes say"
        }
        let decoder = JSONDecoder()
        let (mine, theirs) = (
            try decoder.decode(Home.Partner.self, from: Data(here.utf8)),
            try decoder.decode(Home.Partner.self, from: Data(text.utf8))
        )
        guard
            Set(try Certificate.all(pem: mine.roots)) == Set(try Certificate.all(pem: theirs.roots))
        else {
            throw NodeError(
                .originTaken,
                "\(org) has another root here than on the company's other nodes",
                hint:
                    "ask \(org) which is its own, and run countermark partner add \(org) --root FILE with that one on "
                    + "this node: it holds on all of them then. Until then each goes by its own")
        }
        return "\(org) has the address and the log key that the company's other nodes know"
    }
}

/// What a look has seen: as long as it is the same, there is nothing to do.
struct KnownDocuments: Equatable, Sendable {
    let marks: [DocumentMark]
    let folder: FileMark?
}

extension SharedStoreError {
    /// Whether it is about the documents' table: it could not be made in a store from before, or is too full.
    fileprivate var isOfDocuments: Bool {
        switch self {
        case .notAllowed, .readOnly, .tooManyDocuments: true
        default: false
        }
    }

    /// Whether it is about one document, and the store is well otherwise.
    var isOfOneDocument: Bool {
        switch self {
        case .forged, .tooLarge, .left: true
        default: false
        }
    }
}
