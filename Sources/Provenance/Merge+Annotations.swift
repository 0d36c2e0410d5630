import AnnotationModel
import CanonicalCBOR
import Signing

extension Merge {
    // MARK: Adding: the bulk path, which allocates nothing for a label without extra fields

    func addAnnotation(
        _ item: Int, _ className: Int, _ selector: UnsafeRawBufferPointer, _ fields: FieldPairs,
        _ scope: OperationScope
    ) throws {
        let itemID = try itemID(item, scope.view)
        let classID = try nameID(className, scope.view)
        var list: [UInt8] = []
        var isRetracted = false
        if fields.count > 0 {
            list = try fieldList(fields, scope.view, status: &isRetracted)
        }
        try list.withUnsafeBytes { list in
            try storage.insertAnnotation(
                scope.key,
                NewAnnotation(
                    item: itemID, className: classID, selector: selector, isRetracted: isRetracted,
                    source: scope.source, author: scope.author, fields: list))
        }
        try extendRun(item: itemID, key: scope.key)
        state.counts.annotations += 1
        if isRetracted { state.counts.retracted += 1 }

        hasher.start(.annotation)
        hasher.operation(scope.log.tag, scope.key.slot)
        hasher.byte(isRetracted ? 1 : 0)
        hasher.byte(0)
        hasher.bytes(scope.view.utf8(item))
        hasher.bytes(scope.view.utf8(className))
        hasher.bytes(selector)
        hasher.bytes(scope.sourceName)
        hasher.bytes(scope.authorName)
        if !list.isEmpty { try hashFields(list) }
        state.sum.add(hasher.finish())
    }

    /// The fields under local ids, ascending; the status goes to its own column.
    private func fieldList(
        _ fields: FieldPairs, _ view: ChangesetView, status: inout Bool
    ) throws -> [UInt8] {
        var pairs: [(field: Int64, value: [UInt8])] = []
        try fields.forEach { code, value in
            if code == Field.Known.status.rawValue {
                status = value.elementsEqual([UInt8(AnnotationStatus.retracted.rawValue)])
            } else if !value.elementsEqual([0xf6]) {
                pairs.append((try fieldID(code, view), Array(value)))
            }
        }
        pairs.sort { $0.field < $1.field }
        return FieldList.encode(pairs)
    }

    private func hashName(_ id: Int64) throws {
        if id == 0 {
            hasher.bytes([])
        } else {
            hasher.bytes(try storage.name(id))
        }
    }

    /// Hashes fields by name, in the order of the names: local ids differ from node to node.
    func hashFields(_ list: [UInt8]) throws {
        var named: [(name: [UInt8], value: [UInt8])] = []
        for (field, value) in FieldList.decode(list) { named.append((try fieldName(field), value)) }
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

    /// The element of an annotation's row.
    public func element(of row: AnnotationRow, key: OperationKey) throws -> Digest {
        hasher.start(.annotation)
        hasher.operation(try tag(key.log), key.slot)
        hasher.byte(row.isRetracted ? 1 : 0)
        hasher.byte(UInt8(truncatingIfNeeded: row.flags.rawValue))
        hasher.bytes(try itemKey(row.item))
        hasher.bytes(try storage.name(row.className))
        hasher.bytes(row.selector)
        try hashName(row.source)
        try hashName(row.author)
        if !row.fields.isEmpty { try hashFields(row.fields) }
        return hasher.finish()
    }

    /// The element of a surviving write: of an annotation (`target` above zero) or an item.
    public func element(of row: RegisterRow, target: Int64) throws -> Digest {
        hasher.start(.register)
        if target > 0 {
            let key = OperationKey(packed: target)
            hasher.operation(try tag(key.log), key.slot)
        } else {
            hasher.bytes(try itemKey(-target))
        }
        hasher.bytes(try fieldName(row.field))
        hasher.operation(try tag(row.operation.log), row.operation.slot)
        hasher.bytes(row.value)
        return hasher.finish()
    }

    private func tag(_ log: Int) throws -> LogTag {
        guard let progress = state.logs[log] else { throw ProvenanceError.unknownLog(log) }
        return progress.tag
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
                    try fieldID(code, scope.view),
                    isClass ? try classText(value, scope.view) : Array(value)
                ))
        }
        return written
    }

    func set(
        _ target: OperationKey, _ fields: [(field: Int64, value: [UInt8])], _ scope: OperationScope
    ) throws -> NotCounted? {
        guard var row = try storage.annotation(target) else { return .unknownTarget }
        let before = row
        let oldElement = try element(of: row, key: target)
        var registers = try registers(of: row, target)
        for (field, value) in fields {
            try write(field, value, target.packed, scope.key, &registers)
        }
        try storage.touch(target.packed, scope.key)
        for (field, _) in fields {
            let winner = try resolve(registers.filter { $0.field == field }, owner: target.log)
            try show(winner?.value ?? [0xf6], of: field, in: &row)
        }
        row.flags = try flags(registers, base: nil)
        try replace(before, by: row, target, oldElement)
        return nil
    }

    /// The surviving writes beyond the base; most annotations have none, and their rows say so.
    private func registers(of row: AnnotationRow, _ key: OperationKey) throws -> [RegisterRow] {
        try row.flags.contains(.hasRegisters) ? storage.registers(key.packed) : []
    }

    private func classText(_ value: UnsafeRawBufferPointer, _ view: ChangesetView) throws -> [UInt8]
    {
        var reader = CBORReader(value)
        return FieldValue.text(view.string(Int(try reader.unsigned()))).encoded
    }

    private func replace(
        _ before: AnnotationRow, by row: AnnotationRow, _ key: OperationKey, _ oldElement: Digest
    ) throws {
        if row == before { return }
        state.sum.subtract(oldElement)
        state.sum.add(try element(of: row, key: key))
        state.counts.retracted += (row.isRetracted ? 1 : 0) - (before.isRetracted ? 1 : 0)
        count(conflict: row.flags, instead: before.flags)
        try storage.updateAnnotation(key, row)
    }

    func count(conflict flags: RowFlags, instead before: RowFlags) {
        state.counts.conflicts += (flags.isConflict ? 1 : 0) - (before.isConflict ? 1 : 0)
    }

    /// Puts a resolved value where the row shows it.
    private func show(_ value: [UInt8], of field: Int64, in row: inout AnnotationRow) throws {
        switch field {
        case Int64(Field.Known.className.rawValue):
            if case .text(let name) = try FieldValue(decoding: value) {
                row.className = try Array(name.utf8).withUnsafeBytes { try storage.nameID($0) }
            }
        case Int64(Field.Known.selector.rawValue): row.selector = value
        case Int64(Field.Known.status.rawValue):
            row.isRetracted = value == [UInt8(AnnotationStatus.retracted.rawValue)]
        default:
            var pairs = FieldList.decode(row.fields)
            FieldList.set(field, value, in: &pairs)
            row.fields = FieldList.encode(pairs)
        }
    }

    /// Adds a write to a register and removes those that it replaces.
    func write(
        _ field: Int64, _ value: [UInt8], _ target: Int64, _ operation: OperationKey,
        _ registers: inout [RegisterRow]
    ) throws {
        for row in registers where row.field == field && isCovered(row.operation, by: operation) {
            try storage.deleteRegister(target, field: field, operation: row.operation)
            state.sum.subtract(try element(of: row, target: target))
        }
        registers.removeAll { $0.field == field && isCovered($0.operation, by: operation) }
        let row = RegisterRow(field: field, operation: operation, value: value)
        registers.append(row)
        try storage.insertRegister(target, row)
        state.sum.add(try element(of: row, target: target))
    }

    // MARK: Resolving

    /// The write whose value is shown: the policy's choice, then the larger causal height, then the
    /// smaller leaf hash.
    ///
    /// Wall clocks never decide.
    func resolve(_ candidates: [RegisterRow], owner: Int?) throws -> RegisterRow? {
        guard candidates.count > 1 else { return candidates.first }
        var best: (row: RegisterRow, rank: Int, entry: EntryRow)?
        for row in candidates {
            guard let entry = try storage.entry(row.operation.entryKey) else { continue }
            let rank = rank(row.operation, owner: owner)
            if let current = best {
                let isBetter =
                    rank != current.rank
                    ? rank > current.rank
                    : entry.height != current.entry.height
                        ? entry.height > current.entry.height
                        : entry.leafHash < current.entry.leafHash
                if !isBetter { continue }
            }
            best = (row, rank, entry)
        }
        return best?.row
    }

    private func rank(_ operation: OperationKey, owner: Int?) -> Int {
        switch state.membership.policy {
        case .causalHeight: 0
        case .ownerDecides: isOwner(operation.log, of: owner) ? 1 : 0
        case .roleRank:
            state.logs[operation.log].flatMap {
                state.membership.role(of: $0.origin, at: operation.slot.entry)
            }.map { Int($0.rawValue) } ?? 0
        }
    }

    private func isOwner(_ log: Int, of owner: Int?) -> Bool {
        guard let owner, log != owner else { return log == owner }
        guard let origin = state.logs[log]?.origin, let added = state.logs[owner]?.origin else {
            return false
        }
        return state.membership.isOwner(origin, of: added)
    }

    /// The flags that the surviving writes of a target call for.
    func flags(_ registers: [RegisterRow], base: OperationKey?) throws -> RowFlags {
        var flags: RowFlags = registers.isEmpty ? [] : .hasRegisters
        var values: [Int64: [UInt8]] = [:]
        for row in registers {
            if let other = values[row.field], other != row.value { flags.insert(.contested) }
            values[row.field] = row.value
        }
        if base == nil, try isEditedWhileRetracted(registers) {
            flags.insert(.editedWhileRetracted)
        }
        return flags
    }

    /// True if a surviving retraction and a surviving change do not know of each other.
    private func isEditedWhileRetracted(_ registers: [RegisterRow]) throws -> Bool {
        let status = Int64(Field.Known.status.rawValue)
        let retractions = registers.filter {
            $0.field == status && $0.value == [UInt8(AnnotationStatus.retracted.rawValue)]
        }
        if retractions.isEmpty { return false }
        for retraction in retractions {
            for edit in registers where edit.field != status && !isReview(edit) {
                let known = try knows(retraction.operation, edit.operation)
                let knownBack = try knows(edit.operation, retraction.operation)
                if !known, !knownBack { return true }
            }
        }
        return false
    }

    private func isReview(_ row: RegisterRow) -> Bool {
        row.field >= nameBase
            && (try? storage.name(row.field).starts(with: Self.reviewPrefix)) == true
    }

    /// True if the entry of one operation had merged another operation.
    private func knows(_ operation: OperationKey, _ other: OperationKey) throws -> Bool {
        if operation.log == other.log { return other.packed <= operation.packed }
        return try storage.context(operation.entryKey)[other.log] > other.slot.entry
    }

    // MARK: Reviews

    /// Registers of verdicts are named by this and the reviewer; no attribute can hold a NUL.
    static let reviewPrefix = Array("\u{0}review/".utf8)

    /// The reviewer of a register's name: the organisation, then the author if there is one.
    public static func reviewer(ofRegister name: [UInt8]) -> String? {
        guard name.starts(with: reviewPrefix) else { return nil }
        return String(decoding: name.dropFirst(reviewPrefix.count), as: UTF8.self)
    }

    func review(
        _ target: OperationKey, _ verdict: Verdict, _ reason: UnsafeRawBufferPointer?,
        _ scope: OperationScope
    ) throws -> NotCounted? {
        guard var row = try storage.annotation(target) else { return .unknownTarget }
        var name = Self.reviewPrefix + Array(scope.log.origin.description.utf8)
        if let author = scope.view.author { name += [UInt8(ascii: "/")] + scope.view.utf8(author) }
        let field = try name.withUnsafeBytes { try storage.nameID($0) }
        let text = reason.map { FieldValue.text(String(decoding: $0, as: UTF8.self)) } ?? .null
        let value = FieldValue.array([.integer(Int64(verdict.rawValue)), text]).encoded
        let before = row
        let oldElement = try element(of: row, key: target)
        var registers = try registers(of: row, target)
        try write(field, value, target.packed, scope.key, &registers)
        try storage.touch(target.packed, scope.key)
        row.flags = try flags(registers, base: nil)
        try replace(before, by: row, target, oldElement)
        return nil
    }
}
