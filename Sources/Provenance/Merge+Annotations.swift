import AnnotationModel
import CanonicalCBOR
import Signing

extension Merge {
    // MARK: Adding: the bulk path, which allocates nothing for a label without extra fields

    func addAnnotation(
        _ item: Int, _ className: Int, _ selector: UnsafeRawBufferPointer, _ fields: FieldPairs,
        _ scope: OperationScope
    ) throws {
        // The fields first: an operation that cannot be taken leaves nothing behind.
        var isRetracted = false
        var list: [UInt8] = []
        if fields.count > 0 {
            if storage.holdsAllLabels {
                let added = try AddedFields(fields) { try fieldID($0, scope) }
                (isRetracted, list) = (added.isRetracted, added.list)
            } else {
                isRetracted = try AddedFields.forEachOther(fields) { code, _ in
                    _ = try fieldID(code, scope)
                }
            }
        }
        let itemID = try itemID(item, scope.view)
        let classID = try nameID(className, scope.view)
        if storage.holdsAllLabels {
            try list.withUnsafeBytes { list in
                try storage.insertAnnotation(
                    scope.key,
                    NewAnnotation(
                        item: itemID, className: classID, selector: selector,
                        isRetracted: isRetracted, source: scope.source, author: scope.author,
                        fields: list))
            }
        }
        extendRun(item: item, to: scope.key.slot.position)
        addedLabels += 1
        state.counts.annotations += 1
        if isRetracted { state.counts.retracted += 1 }
    }

    /// Hashes fields by name, in the order of the names: local ids differ from node to node.
    func hashFields(_ list: [UInt8]) throws {
        var named: [(name: [UInt8], value: [UInt8])] = []
        // A cleared field is kept as a write, and is no value.
        for (field, value) in FieldList.decode(list) where value != [0xf6] {
            named.append((try fieldName(field), value))
        }
        named.sort { $0.name.lexicographicallyPrecedes($1.name) }
        for (name, value) in named {
            hasher.bytes(name)
            hasher.bytes(value)
        }
    }

    /// A field's name that means the same on every node: a number for the model's own fields.
    private func fieldName(_ field: Int64) throws -> [UInt8] {
        field < nameBase ? [0, UInt8(truncatingIfNeeded: field)] : try storage.name(field)
    }

    /// The element of an entry that counts and has added annotations: what it says, for which its leaf hash stands.
    ///
    /// Labels that nobody touched have no element of their own. Entries without labels have none: what else they say
    /// is in the elements of what they changed.
    public func element(ofEntry key: OperationKey, _ leafHash: Digest) throws -> Digest {
        hasher.start(.entry)
        hasher.operation(try tag(key.log), key.slot)
        hasher.bytes(leafHash.bytes)
        return hasher.finish()
    }

    /// The element of an annotation that does not count though its entry does.
    public func element(notAdded key: OperationKey) throws -> Digest {
        hasher.start(.notAdded)
        hasher.operation(try tag(key.log), key.slot)
        return hasher.finish()
    }

    /// The element of the row of an annotation that was changed since it was added; item, source and author stay as
    /// its entry says.
    public func element(of row: AnnotationRow, key: OperationKey) throws -> Digest {
        hasher.start(.annotation)
        hasher.operation(try tag(key.log), key.slot)
        hasher.byte(row.isRetracted ? 1 : 0)
        hasher.byte(row.flags.inDigest)
        hasher.bytes(try storage.name(row.className))
        hasher.bytes(row.selector)
        if !row.fields.isEmpty { try hashFields(row.fields) }
        return hasher.finish()
    }

    /// The element of a surviving write: of an annotation (`target` above zero) or an item.
    public func element(of row: RegisterRow, target: Int64) throws -> Digest {
        guard target > 0 else { return try element(of: row, item: try itemKey(-target)) }
        hasher.start(.register)
        let key = OperationKey(packed: target)
        hasher.operation(try tag(key.log), key.slot)
        return try finish(row)
    }

    /// The element of a surviving write of an item.
    public func element(of row: RegisterRow, item key: [UInt8]) throws -> Digest {
        hasher.start(.register)
        hasher.bytes(key)
        return try finish(row)
    }

    private func finish(_ row: RegisterRow) throws -> Digest {
        hasher.bytes(try fieldName(row.field))
        hasher.operation(try tag(row.operation.log), row.operation.slot)
        hasher.bytes(row.value)
        return hasher.finish()
    }

    /// What stands for a log in elements; asked for each of them, so it is not looked up in the table of logs
    /// each time.
    private func tag(_ log: Int) throws -> LogTag {
        if tags.indices.contains(log), let known = tags[log] { return known }
        guard let tag = state.logs[log]?.tag else { throw ProvenanceError.unknownLog(log) }
        if log >= tags.count { tags += Array(repeating: nil, count: log + 1 - tags.count) }
        tags[log] = tag
        return tag
    }

    // MARK: Changing

    /// The fields of a change under local ids, with classes as texts.
    func written(
        _ fields: FieldPairs, _ scope: OperationScope
    ) throws -> [(field: Int64, value: [UInt8])] {
        var written: [(field: Int64, value: [UInt8])] = []
        try fields.forEach { code, value in
            let isClass = code == Field.Known.className.rawValue
            written.append(
                (
                    try fieldID(code, scope),
                    isClass ? try classText(value, scope.view) : Array(value)
                ))
        }
        try requireDistinct(written)
        return written
    }

    /// Throws for a field that is written twice: stored changesets hold none, and two writes of one operation to one
    /// register would not be told apart.
    func requireDistinct(_ fields: [(field: Int64, value: [UInt8])]) throws {
        let isTwice =
            fields.count <= 8
            ? fields.indices.contains { place in
                fields[..<place].contains { $0.field == fields[place].field }
            } : Set(fields.map(\.field)).count < fields.count
        if isTwice {
            throw AnnotationModelError.badOperation(
                position: 0, why: "one field is written twice")
        }
    }

    func set(
        _ target: OperationKey, _ fields: [(field: Int64, value: [UInt8])], _ scope: OperationScope
    ) throws -> NotCounted? {
        guard let label = try found(target) else { return .unknownTarget }
        try change(target, label, fields, scope.key)
        return nil
    }

    private func classText(_ value: UnsafeRawBufferPointer, _ view: ChangesetView) throws -> [UInt8]
    {
        var reader = CBORReader(value)
        return FieldValue.text(view.string(Int(try reader.unsigned()))).encoded
    }

    // MARK: Reviews

    /// Registers of verdicts are named by this and the reviewer; no attribute can hold a NUL.
    static let reviewPrefix = Array("\u{0}review/".utf8)

    /// The reviewer of a register's name: the organisation, then the author if there is one.
    public static func reviewer(ofRegister name: [UInt8]) -> String? {
        guard name.starts(with: reviewPrefix) else { return nil }
        return String(decoding: name.dropFirst(reviewPrefix.count), as: UTF8.self)
    }

    /// The register of the verdicts of an entry's author; nil if its log may have no more registers.
    private func reviewField(_ scope: OperationScope) throws -> Int64? {
        if let verdicts { return verdicts }
        var name = Self.reviewPrefix + Array(scope.log.origin.description.utf8)
        if let author = scope.view.author { name += [UInt8(ascii: "/")] + scope.view.utf8(author) }
        let field = try name.withUnsafeBytes { try storage.nameID($0) }
        guard try mayUse(field, scope.log.number) else { return nil }
        verdicts = field
        return field
    }

    func review(
        _ target: OperationKey, _ verdict: Verdict, _ reason: UnsafeRawBufferPointer?,
        _ scope: OperationScope
    ) throws -> NotCounted? {
        guard let label = try found(target) else { return .unknownTarget }
        guard let field = try reviewField(scope) else { return .tooMany }
        let text = reason.map { FieldValue.text(String(decoding: $0, as: UTF8.self)) } ?? .null
        let value = FieldValue.array([.integer(Int64(verdict.rawValue)), text]).encoded
        try change(target, label, [(field, value)], scope.key)
        return nil
    }
}
