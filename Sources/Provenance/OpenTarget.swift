import AnnotationModel
import Signing

/// An item or annotation that a batch changes: its row and its surviving writes, loaded once, changed in memory, and
/// written back once, however often the batch touches it.
///
/// The cost of a write is thus that of the one register it concerns, and not of all that the label ever got.
final class OpenTarget {
    /// A surviving write, and whether the storage has it.
    struct Write {
        let row: RegisterRow
        var isStored: Bool
    }

    /// What is changed.
    enum Row: Equatable {
        case annotation(OperationKey, AnnotationRow)
        case item(ItemRow)
    }

    /// The target's number in the register table.
    let target: Int64
    /// The row as the storage has it.
    @exclusivity(unchecked) private(set) var before: Row
    /// The row as it will be.
    @exclusivity(unchecked) var row: Row
    /// The surviving writes.
    @exclusivity(unchecked) var registers = OpenRegisters()
    /// Writes that the storage has and that were replaced.
    @exclusivity(unchecked) var replaced: [RegisterRow] = []
    /// The fields that were written, one of them perhaps several times.
    @exclusivity(unchecked) var changed: [Int64] = []

    init(target: Int64, row: Row, registers: [RegisterRow]) {
        (self.target, before, self.row) = (target, row, row)
        for register in registers {
            self.registers.append(Write(row: register, isStored: true))
        }
    }

    /// The storage has all of it now.
    func noteStored() {
        before = row
        registers.noteStored()
        replaced = []
        changed = []
    }
}

/// An annotation that is about to be changed.
enum FoundAnnotation {
    /// The batch has changed it before.
    case open(OpenTarget)
    /// It is as the storage has it.
    case stored(AnnotationRow)
}

extension Merge {
    // MARK: Opening

    /// The annotation with a key, as far as the batch has changed it; nil if there is none.
    func found(_ key: OperationKey) throws -> FoundAnnotation? {
        if let target = open[key.packed] { return .open(target) }
        return try storage.annotation(key).map { .stored($0) }
    }

    /// Writes fields of an annotation.
    func change(
        _ key: OperationKey, _ annotation: FoundAnnotation,
        _ fields: [(field: Int64, value: [UInt8])], _ operation: OperationKey
    ) throws {
        let target: OpenTarget
        switch annotation {
        case .open(let found): target = found
        case .stored(let row):
            if fields.count == 1, !row.flags.contains(.hasRegisters) {
                // Most labels are edited once: there is nothing to resolve, and nothing to keep open.
                let (field, value) = fields[0]
                return try writeFirst(field, value, key, row, operation)
            }
            target = try openAnnotation(key, row)
        }
        for (field, value) in fields { try write(field, value, target, operation) }
    }

    private func writeFirst(
        _ field: Int64, _ value: [UInt8], _ key: OperationKey, _ before: AnnotationRow,
        _ operation: OperationKey
    ) throws {
        let register = RegisterRow(field: field, operation: operation, value: value)
        state.sum.add(try element(of: register, target: key.packed))
        try storage.insertRegister(key.packed, register)
        var row = before
        var fields: FieldMap?
        try show(value, of: field, in: &row, &fields)
        if let fields { row.fields = fields.encoded }
        row.flags = .hasRegisters
        try replace(key, before, by: row)
    }

    private func openAnnotation(_ key: OperationKey, _ row: AnnotationRow) throws -> OpenTarget {
        let registers =
            row.flags.contains(.hasRegisters) ? try storage.registers(key.packed) : []
        let target = OpenTarget(
            target: key.packed, row: .annotation(key, row), registers: registers)
        open[key.packed] = target
        openWrites += registers.count
        return target
    }

    /// True if there is an annotation with a key.
    func hasAnnotation(_ key: OperationKey) throws -> Bool {
        if open[key.packed] != nil { return true }
        return try storage.annotation(key) != nil
    }

    /// An item as far as the batch has changed it.
    func openItem(_ row: ItemRow) throws -> OpenTarget {
        if let open = open[row.target] { return open }
        let registers =
            row.base == nil && row.flags.contains(.written)
            ? try storage.registers(row.target) : []
        let target = OpenTarget(target: row.target, row: .item(row), registers: registers)
        open[row.target] = target
        openWrites += registers.count
        return target
    }

    /// Adds a write to a register and removes those that it replaces.
    func write(
        _ field: Int64, _ value: [UInt8], _ target: OpenTarget, _ operation: OperationKey
    ) throws {
        for write in target.registers.remove(
            of: field, where: { isCovered($0.operation, by: operation) })
        {
            if write.isStored { target.replaced.append(write.row) }
            try storage.touch(target.target, write.row.operation)
            state.sum.subtract(try element(of: write.row, target: target.target))
        }
        let row = RegisterRow(field: field, operation: operation, value: value)
        target.registers.append(.init(row: row, isStored: false))
        state.sum.add(try element(of: row, target: target.target))
        target.changed.append(field)
        openWrites += 1
    }

    // MARK: Writing back

    /// Writes what the batch has changed to the storage; the sum and the counts are right afterwards.
    public func flush() throws { try writeBack(keepingLarge: false) }

    /// Writes what was changed to the storage.
    ///
    /// - Parameter keepingLarge: Whether targets with many writes stay in memory.
    func writeBack(keepingLarge: Bool) throws {
        if open.isEmpty { return }
        var contexts: [Int64: CausalContext] = [:]
        for key in open.keys.sorted() {
            guard let target = open[key] else { continue }
            try resolve(target, &contexts)
            for row in target.replaced {
                try storage.deleteRegister(
                    target.target, field: row.field, operation: row.operation)
            }
            try target.registers.forEach { write in
                if !write.isStored { try storage.insertRegister(target.target, write.row) }
            }
            if target.row != target.before { try replace(target) }
        }
        let large = keepingLarge ? open.values.filter { $0.registers.areMany } : []
        open.removeAll(keepingCapacity: true)
        openWrites = 0
        for target in large {
            target.noteStored()
            open[target.target] = target
            openWrites += target.registers.count
        }
    }

    private func replace(_ target: OpenTarget) throws {
        switch (target.before, target.row) {
        case (.annotation(let key, let before), .annotation(_, let row)):
            try replace(key, before, by: row)
        case (.item(let before), .item(let row)):
            state.sum.subtract(try element(of: before))
            state.sum.add(try element(of: row))
            count(conflict: row.flags, instead: before.flags)
            try storage.updateItem(row)
        default: return
        }
    }

    private func replace(
        _ key: OperationKey, _ before: AnnotationRow, by row: AnnotationRow
    ) throws {
        // A label without registers is as its entry says, whose element stands for it.
        if before.flags.contains(.hasRegisters) {
            state.sum.subtract(try element(of: before, key: key))
        }
        state.sum.add(try element(of: row, key: key))
        state.counts.retracted += (row.isRetracted ? 1 : 0) - (before.isRetracted ? 1 : 0)
        count(conflict: row.flags, instead: before.flags)
        try storage.updateAnnotation(key, row)
    }

    private func count(conflict flags: RowFlags, instead before: RowFlags) {
        state.counts.conflicts += (flags.isConflict ? 1 : 0) - (before.isConflict ? 1 : 0)
    }

    /// Finds the values that a changed row shows.
    private func resolve(
        _ target: OpenTarget, _ contexts: inout [Int64: CausalContext]
    ) throws {
        if target.changed.isEmpty { return }
        target.changed.sort()
        switch target.row {
        case .annotation(let key, var row):
            var fields: FieldMap?
            try forEachChanged(target, owner: key.log) { field, value in
                try show(value, of: field, in: &row, &fields)
            }
            if let fields { row.fields = fields.encoded }
            row.flags = flags(target)
            if try isEditedWhileRetracted(target, &contexts) {
                row.flags.insert(.editedWhileRetracted)
            }
            target.row = .annotation(key, row)
        case .item(var row):
            var fields = FieldMap(row.fields)
            try forEachChanged(target, owner: nil) { fields[$0] = $1 }
            row.fields = fields.encoded
            row.flags = flags(target).union(.written)
            if fields[Int64(Field.Known.sameAs.rawValue)] != [0xf6] {
                row.flags.insert(.namesAnother)
            }
            target.row = .item(row)
        }
    }

    /// Calls `body` with each changed field and the value that wins in it.
    private func forEachChanged(
        _ target: OpenTarget, owner: Int?, _ body: (Int64, [UInt8]) throws -> Void
    ) throws {
        for (place, field) in target.changed.enumerated()
        where place == 0 || target.changed[place - 1] != field {
            if let only = target.registers.only, only.field == field {
                try body(field, only.value)
                continue
            }
            let rows = target.registers.writes(of: field).map(\.row)
            let winner = try shown(rows.map(\.operation), owner: owner)
            try body(field, rows.first { $0.operation == winner }?.value ?? [0xf6])
        }
    }

    private func flags(_ target: OpenTarget) -> RowFlags {
        if target.registers.isEmpty { return [] }
        return target.registers.isContested ? [.hasRegisters, .contested] : .hasRegisters
    }

    /// Puts a resolved value where the row shows it.
    private func show(
        _ value: [UInt8], of field: Int64, in row: inout AnnotationRow, _ fields: inout FieldMap?
    ) throws {
        switch field {
        case Int64(Field.Known.className.rawValue):
            if case .text(let name)? = try? FieldValue(decoding: value) {
                row.className = try Array(name.utf8).withUnsafeBytes { try storage.nameID($0) }
            }
        case Int64(Field.Known.selector.rawValue): row.selector = value
        case Int64(Field.Known.status.rawValue):
            row.isRetracted = value == [UInt8(AnnotationStatus.retracted.rawValue)]
        default:
            // Verdicts are shown from their registers.
            if try isReview(field) { return }
            if fields == nil { fields = FieldMap(row.fields) }
            fields?[field] = value
        }
    }

    /// True if a surviving retraction and a surviving change do not know of each other.
    private func isEditedWhileRetracted(
        _ target: OpenTarget, _ contexts: inout [Int64: CausalContext]
    ) throws -> Bool {
        // It takes a retraction and another write.
        if target.registers.only != nil { return false }
        let status = Int64(Field.Known.status.rawValue)
        let retractions = target.registers.writes(of: status).map(\.row).filter {
            $0.value == [UInt8(AnnotationStatus.retracted.rawValue)]
        }
        if retractions.isEmpty { return false }
        var isEdited = false
        try target.registers.forEach { write in
            let edit = write.row
            if try isEdited || edit.field == status || isReview(edit.field) { return }
            for retraction in retractions {
                let known = try knows(retraction.operation, edit.operation, &contexts)
                let knownBack = try knows(edit.operation, retraction.operation, &contexts)
                if !known, !knownBack { isEdited = true }
            }
        }
        return isEdited
    }

    private func isReview(_ field: Int64) throws -> Bool {
        guard field >= nameBase else { return false }
        return try storage.name(field).starts(with: Self.reviewPrefix)
    }

    /// True if the entry of one operation had merged another operation.
    private func knows(
        _ operation: OperationKey, _ other: OperationKey,
        _ contexts: inout [Int64: CausalContext]
    ) throws -> Bool {
        if operation.log == other.log { return other.packed <= operation.packed }
        let known = contexts[operation.entryKey]
        let context = try known ?? storage.context(operation.entryKey)
        if known == nil { contexts[operation.entryKey] = context }
        return context[other.log] > other.slot.entry
    }

    // MARK: Resolving

    func rank(_ operation: OperationKey, owner: Int?) -> Int {
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
}

/// The fields of one row while they change.
private struct FieldMap {
    private var values: [Int64: [UInt8]] = [:]

    init(_ list: [UInt8]) {
        for (field, value) in FieldList.decode(list) { values[field] = value }
    }

    /// A field's value; null removes it.
    subscript(field: Int64) -> [UInt8] {
        get { values[field] ?? [0xf6] }
        set { values[field] = newValue == [0xf6] ? nil : newValue }
    }

    var encoded: [UInt8] {
        FieldList.encode(values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
}
