import LabelText

/// What the classes of a file are called in a dataset: one object, from name to name, or to null for a
/// name that stays as it is.
public struct ClassMapping: Hashable, Sendable {
    /// The new names by the old; nil keeps the old one.
    public var names: [String: String?]

    /// A mapping.
    public init(names: [String: String?] = [:]) { self.names = names }

    /// Reads a mapping's text.
    ///
    /// - Parameter schema: The schema whose classes the new names have to be; nil lets every name be.
    /// - Throws: ``SchemaError`` with the place of the first thing that is wrong.
    public init(
        parsing bytes: [UInt8], file: String, for schema: LabelSchema?
    ) throws(SchemaError) {
        var reader = try SchemaReader(bytes, file: file)
        names = try reader.classMapping(for: schema)
    }

    /// The mapping as text, one name a line.
    public var text: String {
        var writer = JSONWriter()
        writer.beginObject()
        for (old, new) in names.sorted(by: { $0.key < $1.key }) {
            writer.lineBreak()
            writer.key(name: old)
            if let new { writer.string(new) } else { writer.null() }
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }
}

extension SchemaReader {
    fileprivate mutating func classMapping(
        for schema: LabelSchema?
    ) throws(SchemaError) -> [String: String?] {
        let known = schema?.classes.map { Set($0.map(\.name)) }
        var names: [String: String?] = [:]
        for member in try rootMembers() {
            if case .null = member.value.value {
                names[member.name] = .some(nil)
                continue
            }
            let new = try name(member)
            if let known, !known.contains(schema?.resolved(new) ?? new) {
                let nearest = NearestName.nearest(to: new, in: known)
                throw error(.unknownClass(new, nearest: nearest), member.path)
            }
            names[member.name] = new
        }
        return names
    }
}

/// Finds the class of a schema that a file's name for one means.
public struct ClassFinder: Sendable {
    private let classes: [NearestName.Candidate]
    private var others: [NearestName.Candidate] = []
    private var byFoldedName: [String: String?] = [:]

    /// A finder of a schema's classes.
    public init(_ schema: LabelSchema) {
        let usable = (schema.classes ?? []).filter { !$0.isAbstract }
        classes = usable.map { NearestName.Candidate($0.name) }
        let names = Set(usable.map(\.name))
        var meanings: [String: Set<String>] = [:]
        for entry in usable {
            for name in [entry.name] + entry.synonyms {
                meanings[NearestName.folded(name), default: []].insert(entry.name)
            }
        }
        for (old, new) in schema.resolvedMappings where names.contains(new) {
            meanings[NearestName.folded(old), default: []].insert(new)
        }
        for (name, found) in meanings where !name.isEmpty {
            byFoldedName[name] = .some(found.count == 1 ? found.first : nil)
        }
        others = byFoldedName.keys.map(NearestName.Candidate.init)
    }

    /// The class with this name, synonym or earlier name but for case and punctuation, or with one that
    /// differs by a few letters; nil where none does, or two do.
    public func suggestion(for name: String) -> String? {
        if let exact = byFoldedName[NearestName.folded(name)] { return exact }
        if let near = NearestName.nearest(to: name, in: classes) { return near }
        let other = NearestName.nearest(to: name, in: others)
        return other.flatMap { byFoldedName[$0] ?? nil }
    }
}
