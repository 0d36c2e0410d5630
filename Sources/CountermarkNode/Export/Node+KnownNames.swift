import AnnotationModel
import AnnotationStore
import DatasetReading
import LabelExchange
import LabelSchema
import Provenance

extension Node {
    /// A name by which a part of a dataset is asked for and that nothing in it has: most likely it is misspelt.
    ///
    /// A class is known that the schema has, or that a label has or had, and an author who has labelled; an
    /// organisation that is or was a member. What this organisation is not shown yet is not looked at.
    ///
    /// - Returns: A sentence that names it; nil where all are known.
    public func unknownName(
        _ part: ExportPart, org: Origin? = nil, in dataset: DatasetID
    ) throws -> String? {
        try require(dataset)
        try catchUp(dataset)
        if let org, let why = try unknownMember(org, of: dataset) { return why }
        let logs = try logNames(dataset)
        let schema = try schema(of: dataset)
        let names = schema.mappings
        var known = ByteSet(
            (schema.schema?.classes ?? []).map(\.name) + names.keys + names.values)
        var authors: ByteSet = []
        let isOpen = {
            !known.isSuperset(of: part.classes) || !authors.isSuperset(of: part.authors)
        }
        guard isOpen() else { return nil }
        let blindness = try blindness(dataset)
        do {
            try store.forEachLabel(logs) { label in
                guard try blindness?.hides(label) != true else { return }
                let author = label.fields[Field.Known.author.name]?.textValue ?? label.author
                let isNewClass = known.insert(label.className).inserted
                let isNewAuthor = author.map { authors.insert($0).inserted } ?? false
                if isNewClass || isNewAuthor, !isOpen() { throw AllKnown() }
            }
        } catch is AllKnown {
            return nil
        }
        if let name = part.classes.filter({ !known.contains($0) }).sortedByBytes().first {
            return "no label of \(dataset) is a \"\(name)\", and its schema has no such class"
                + (NearestName.nearest(to: name, in: Array(known.makeIterator()))
                    .map { "; did you mean \"\($0)\"?" } ?? "")
        }
        return part.authors.filter { !authors.contains($0) }.sortedByBytes().first.map { name in
            "\"\(name)\" is the author of no label of \(dataset)"
                + (NearestName.nearest(to: name, in: Array(authors.makeIterator()))
                    .map { "; did you mean \"\($0)\"?" } ?? "")
        }
    }

    /// A sentence that names an organisation which has no part in a dataset and never had one; nil for others.
    func unknownMember(_ org: Origin, of dataset: DatasetID) throws -> String? {
        let (logs, membership) = try read(dataset) { ($0.state.logs, $0.state.membership) }
        let isKnown =
            org == membership.steward || membership.members[org] != nil
            || logs.values.contains { $0.origin == org }
        return isKnown ? nil : "\(org) is no member of \(dataset)"
    }
}

/// What ends the search for names.
private struct AllKnown: Error {}
