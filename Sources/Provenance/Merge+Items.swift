import AnnotationModel
import Signing

extension Merge {
    /// Adds an item that nobody spoke of before.
    func addItem(_ key: UnsafeRawBufferPointer, _ row: ItemRow) throws -> Int64 {
        state.counts.items += 1
        state.sum.add(try element(of: row))
        return try storage.insertItem(key: key, row)
    }

    func itemKey(_ id: Int64) throws -> [UInt8] {
        if lastItemKey.id == id { return lastItemKey.key }
        lastItemKey = (id, try storage.item(id: id)?.key ?? [])
        return lastItemKey.key
    }

    /// Writes fields of an item: what `addItem` and `setItem` both do, since an item is known by its
    /// key and exists as soon as anybody speaks of it.
    ///
    /// While one operation alone has written to an item, its row says so and the register table holds
    /// nothing of it: most items are registered once. The second write moves the first into registers,
    /// whichever of the two arrived first, so the rows do not depend on the order of arrival.
    func writeItem(_ index: Int, _ fields: FieldPairs, _ scope: OperationScope) throws {
        var pairs: [(field: Int64, value: [UInt8])] = []
        try fields.forEach { code, value in
            pairs.append((try itemField(code, scope), Array(value)))
        }
        pairs.sort { $0.field < $1.field }
        try requireDistinct(pairs)
        let key = scope.view.utf8(index)
        let known = itemIDs[index]
        let found = try known == 0 ? storage.item(key: key) : storage.item(id: known)
        guard let row = found else {
            let row = Self.written(ItemRow(id: 0, key: Array(key)), pairs, scope)
            let id = try addItem(key, row)
            itemIDs[index] = id
            try addWrites(of: row)
            return
        }
        itemIDs[index] = row.id
        let target = try openItem(row)
        guard case .item(var row) = target.row else { return }
        guard row.flags.contains(.written) else {
            row = Self.written(row, pairs, scope)
            target.row = .item(row)
            try addWrites(of: row)
            return
        }
        try spread(&row, into: target)
        if pairs.isEmpty { try storage.touch(row.target, scope.key) }
        target.row = .item(row)
        for (field, value) in pairs { try write(field, value, target, scope.key) }
    }

    /// An item after its first write.
    ///
    /// Cleared fields are kept too: a later write may be concurrent with the clearing.
    private static func written(
        _ row: ItemRow, _ pairs: [(field: Int64, value: [UInt8])], _ scope: OperationScope
    ) -> ItemRow {
        var row = row
        row.base = scope.key
        row.flags.insert(.written)
        if let word = pairs.first(where: { $0.field == Field.Known.sameAs.rawValue }) {
            if word.value != [0xf6] { row.flags.insert(.namesAnother) }
        }
        row.fields = FieldList.encode(pairs)
        return row
    }

    /// `examined` is one register a company; all other fields are shared.
    ///
    /// The NUL keeps attributes out of it, as with reviews: nobody can examine in another's name.
    private func itemField(_ code: Int, _ scope: OperationScope) throws -> Int64 {
        guard code == Field.Known.examined.rawValue else { return try fieldID(code, scope) }
        return try Array("\u{0}\(Field.examined(by: scope.log.origin))".utf8).withUnsafeBytes {
            try storage.nameID($0)
        }
    }

    /// Moves the only operation's fields into registers.
    private func spread(_ row: inout ItemRow, into target: OpenTarget) throws {
        guard let base = row.base else { return }
        if row.fields.isEmpty { try storage.touch(row.target, base) }
        for register in Self.writes(ofBase: row) {
            target.registers.append(.init(row: register, isStored: false))
            target.changed.append(register.field)
        }
        row.base = nil
    }

    /// Adds the writes of an item's only operation to the sum.
    private func addWrites(of row: ItemRow) throws {
        for register in Self.writes(ofBase: row) {
            state.sum.add(try element(of: register, item: row.key))
        }
    }

    /// The surviving writes of an item that one operation alone has written, which has no rows of them.
    public static func writes(ofBase row: ItemRow) -> [RegisterRow] {
        guard let base = row.base else { return [] }
        return FieldList.decode(row.fields).map {
            RegisterRow(field: $0.field, operation: base, value: $0.value)
        }
    }

    /// The element of an item's row: the same for one that one operation wrote and one that several wrote.
    public func element(of row: ItemRow) throws -> Digest {
        hasher.start(.item)
        hasher.bytes(row.key)
        hasher.byte(row.flags.inDigest)
        if !row.fields.isEmpty { try hashFields(row.fields) }
        return hasher.finish()
    }
}
