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
    package func look(_ taking: @escaping Taking) throws -> Look {
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
        return try copies.locked {
            var look = Look()
            // Another process may just have changed something.
            let marks = try shared.table.documents()
            let known = try copies.all()
            var troubles: [String: String] = [:]
            let named = Dictionary(marks.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
            var all = Set(try CompanyDocument.all(in: home))
            for name in Set(named.keys).union(known.keys) {
                if let document = CompanyDocument(name: name) { all.insert(document) }
            }
            var isWaiting = false
            for document in all.sorted(by: { ($0.rank, $0.name) < ($1.rank, $1.name) }) {
                let name = document.name
                do {
                    var step = Step(document, named[name], known[name], shared, taking)
                    try settle(&step)
                    if let note = step.note { look.notes.append(note) }
                    if step.hasMoved { look.hasMoved = true }
                    if step.isTaken { look.taken.append(name) }
                    if step.isWaiting { isWaiting = true }
                } catch let error as SharedStoreError where !error.isOfOneDocument {
                    throw error
                } catch {
                    troubles[name] = PlainError.line(error)
                }
            }
            try copies.keep(troubles: troubles)
            // What waits, and what was written by this look, is looked at again.
            let settled = isWaiting ? nil : KnownDocuments(marks: marks, folder: copies.mark)
            company.knownDocuments.withLock { $0 = settled }
            return look
        }
    }

    /// What one document needs.
    private struct Step {
        let document: CompanyDocument
        let mark: DocumentMark?
        let copy: DocumentCopy?
        let shared: SharedLogStore
        let taking: Taking
        var note: String?
        var hasMoved = false
        var isTaken = false
        var isWaiting = false

        init(
            _ document: CompanyDocument, _ mark: DocumentMark?, _ copy: DocumentCopy?,
            _ shared: SharedLogStore, _ taking: @escaping Taking
        ) {
            (self.document, self.mark, self.copy) = (document, mark, copy)
            (self.shared, self.taking) = (shared, taking)
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
        let here = try? document.text(in: home)
        if case .evidence(let log) = document {
            return try takeEvidence(log, said, row, here, &step)
        }
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

    private func takeEvidence(
        _ log: String, _ said: SignedDocument, _ row: SharedDocument, _ here: String?,
        _ step: inout Step
    ) throws {
        let texts = try Home.evidence(in: said.text)
        guard try step.taking(log, texts) else { return step.isWaiting = true }
        let now = try step.document.text(in: home)
        step.hasMoved = here != now
        step.isTaken = step.hasMoved
        if try Home.provenPrefix(in: now) < Home.provenPrefix(in: said.text) {
            return try bring(
                &step, saying: try step.document.merged(now, said.text), from: row, said)
        }
        try copies.keep(DocumentCopy(row))
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
