import SharedStore

/// How what a home says compares with what its company's nodes have agreed on.
extension CompanyDocuments {
    /// The documents that this home does not take, and why: as the last look found it, by name.
    package var troubles: [String: String] { copies.troubles() }

    /// What the home says and the store has not learnt yet.
    package func pending() throws -> [String] {
        try copies.all().values.filter(\.isPending).map(\.name).sorted()
    }

    /// A document of which this home and the store say different things.
    package struct Difference: Sendable, Equatable {
        /// The document.
        package let name: String
        /// What is different.
        package let why: String
        /// What to do.
        package let hint: String
    }

    /// Each document that is not the same here and in the store, or that no node of the company has written.
    ///
    /// - Throws: ``SharedStoreError`` where the store cannot be reached.
    package func differences(from shared: SharedLogStore) throws -> [Difference] {
        var found: [Difference] = []
        let marks = try shared.table.documents()
        let known = try copies.all()
        for mark in marks {
            do {
                guard let row = try shared.table.document(mark.name) else { continue }
                let said = try signed(row)
                guard let document = CompanyDocument(name: mark.name) else { continue }
                let copy = known[mark.name]
                let here = try present(document)
                if copy?.isPending == true { continue }
                if document.isUnion ? copy?.document.mark == mark : here == said.text { continue }
                found.append(
                    Difference(
                        name: mark.name,
                        why: copy.map { $0.version < said.version } ?? true
                            ? "version \(said.version) in the store, and \(copy?.version ?? 0) here"
                            : "its file here says something else than the company's nodes have agreed on",
                        hint: troubles[mark.name]
                            ?? "run countermark sync, or start the node; if that does not help, run again the "
                            + "command that sets it"))
            } catch let error as SharedStoreError where error.isOfOneDocument {
                found.append(Difference(name: mark.name, why: error.message, hint: error.hint))
            }
        }
        let names = Set(marks.map(\.name))
        found += known.values.filter { $0.isPending || !names.contains($0.name) }.map {
            Difference(
                name: $0.name, why: "the store has not learnt yet what this home says",
                hint: "run countermark sync, or start the node")
        }
        return found.sorted { $0.name < $1.name }
    }

    /// The home goes on without the store: what it says from now on counts when it comes back.
    package func goAlone() throws {
        try copies.locked {
            for copy in try copies.all().values where copy.version > 0 {
                try copies.keepPending(copy.name)
            }
        }
    }

    /// How many documents this home has from the store.
    package func count() throws -> Int { try copies.all().values.filter { $0.version > 0 }.count }
}
