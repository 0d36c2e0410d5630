import AnnotationModel
import Foundation
import PlainErrors
import SharedStore
import Signing

/// What the nodes of one company have in common beside logs, as one home takes part in it.
///
/// The files of the home stay what everything here goes by, so a node works on when the store is gone. A change is put
/// into the store first, by compare-and-swap on the document's version, and into the home's file then. What comes from
/// the store counts only if a node of this company has signed it.
package struct CompanyDocuments {
    /// What became of a change.
    package enum Outcome: Sendable, Equatable {
        /// It was so already.
        case unchanged
        /// It holds, on all nodes.
        case done
        /// It holds here; the store learns of it as soon as it can be reached.
        case kept
    }

    /// What becomes of a change that cannot reach the store.
    package enum Offline {
        /// It is refused, and nothing has changed: whom it lets in, others could not keep out.
        case refuse
        /// It holds here and is brought up later: what keeps somebody out may not wait.
        case keep
    }

    /// What a look at the store has found.
    package struct Look {
        /// What was brought to the store, taken from it, or given back: for the operator.
        package var notes: [String] = []
        /// The documents that other nodes have changed, by name.
        package var taken: [String] = []
        /// Whether anything has changed here.
        package var hasMoved = false
    }

    /// Takes evidence of a log; false where the log is not here yet.
    package typealias Taking = (_ log: String, _ texts: [String]) throws -> Bool

    let home: Home
    let copies: DocumentCopies
    /// How often a document that others change meanwhile is tried.
    private static let triesMax = 50

    init(_ home: Home) { (self.home, copies) = (home, DocumentCopies(home)) }

    // MARK: Changing

    /// Changes a document, in the store first where the company has one.
    ///
    /// - Parameter body: Is given what the document says, and returns what it is to say; nil for nothing. It may be
    ///   called several times: another node may have been faster.
    /// - Throws: ``SharedStoreError`` where the store cannot be reached and the change has to be, and what `body`
    ///   throws: then nothing has changed.
    package func change(
        _ document: CompanyDocument, offline: Offline, _ body: (String?) throws -> String?
    ) throws -> Outcome {
        guard home.company != nil else {
            return try copies.locked(mayBeReadOnly: true) { try changeHere(document, body) }
        }
        return try copies.locked {
            do {
                return try changeShared(document, body)
            } catch let error as SharedStoreError {
                guard offline == .keep else { throw error }
                if case .evidence = document {
                    // Its files are there already.
                    try copies.keepPending(document.name)
                    return .kept
                }
                let here = try present(document)
                if try body(here) == here { return .unchanged }
                // The mark first: a file that has changed without it would be overwritten by the store's.
                try copies.keepPending(document.name)
                _ = try changeHere(document, body)
                return .kept
            }
        }
    }

    /// Tells the company's other nodes of evidence that this home has kept; later, where the store is away.
    package func tellEvidence(_ log: String) throws {
        if home.company == nil { return }
        let document = CompanyDocument.evidence(log: log)
        _ = try change(document, offline: .keep) { known in
            try document.merged(document.text(in: home), known)
        }
    }

    func changeHere(
        _ document: CompanyDocument, _ body: (String?) throws -> String?
    ) throws -> Outcome {
        // What is damaged is written anew.
        let before = try present(document)
        let after = try body(before)
        if before == after { return .unchanged }
        try document.put(after, in: home)
        return .done
    }

    /// What the home says; nil where it says nothing, or what is damaged.
    func present(_ document: CompanyDocument) throws -> String? {
        try NodeError.unlessDamaged { try document.text(in: home) } ?? nil
    }

    private func changeShared(
        _ document: CompanyDocument, _ body: (String?) throws -> String?
    ) throws -> Outcome {
        guard let shared = try home.sharedLogs() else { return try changeHere(document, body) }
        for _ in 0..<Self.triesMax {
            try home.requireSameStore()
            let row = try shared.table.document(document.name)
            var said = try row.flatMap { try open($0) }
            let copy = copies.copy(of: document.name)
            if let copy, copy.version > said?.version ?? 0 {
                // The store has lost what this home has, or somebody has forged it.
                said = try open(copy.document)
            }
            let after = try body(try now(document, said, copy))
            if let row, let said, row.version == said.version, said.text == after {
                try take(said, row, document)
                return .unchanged
            }
            let next = SignedDocument(
                name: document.name, version: max(said?.version ?? 0, Self.version(of: row)) + 1,
                text: after)
            if try put(next, document, in: shared, from: row?.version) { return .done }
        }
        throw SharedStoreError.busy(log: document.name, seconds: 0)
    }

    /// What a document says now: what this home was told while the store was away is among it.
    private func now(
        _ document: CompanyDocument, _ said: SignedDocument?, _ copy: DocumentCopy?
    ) throws -> String? {
        guard let said, copy?.isPending != true else {
            let here = try present(document)
            return document.isUnion ? try document.merged(here, said?.text) : here
        }
        return said.text
    }

    /// The version of a row, as far as it can be one.
    private static func version(of row: SharedDocument?) -> Int64 {
        guard let row, (1..<SharedDocument.versionMax).contains(row.version) else { return 0 }
        return row.version
    }

    /// What a row says; of one that is forged what this home has, which takes its place.
    private func open(_ row: SharedDocument) throws -> SignedDocument? {
        do {
            return try signed(row)
        } catch SharedStoreError.forged {
            guard let copy = copies.copy(of: row.name), copy.version > 0 else { return nil }
            return try signed(copy.document)
        }
    }

    func signed(_ document: SharedDocument) throws -> SignedDocument {
        try SignedDocument(
            document, of: home.origin.description, key: try home.logKey().verificationKey)
    }

    /// Puts a version into the store, and keeps it here; false where another node was faster.
    func put(
        _ said: SignedDocument, _ document: CompanyDocument, in shared: SharedLogStore,
        from old: Int64?
    ) throws -> Bool {
        let row = try said.signed(for: home.origin.description, with: try home.logKey())
        guard try shared.table.moveDocument(row, from: old) else { return false }
        try take(said, row, document)
        return true
    }

    /// Has the home say what a row says.
    func take(
        _ said: SignedDocument, _ row: SharedDocument, _ document: CompanyDocument
    ) throws {
        if case .evidence = document {
            // What only the store has is taken by a node, which checks it; until then the row was not seen.
            let here = try Home.provenPrefix(in: document.text(in: home))
            guard try here <= Home.provenPrefix(in: said.text) else { return }
        } else if try present(document) != said.text {
            try document.put(said.text, in: home)
        }
        try copies.keep(DocumentCopy(row))
    }
}

extension Home {
    /// What this home says and its company's other nodes do not know yet, by the documents' names.
    public var untoldDocuments: [String] {
        company == nil ? [] : (try? documents.pending()) ?? []
    }

    /// What this home does not take from the company's store, and why, by the documents' names.
    public var untakenDocuments: [String: String] { company == nil ? [:] : documents.troubles }

    /// What this company's nodes have in common beside logs.
    package var documents: CompanyDocuments { CompanyDocuments(self) }
}
