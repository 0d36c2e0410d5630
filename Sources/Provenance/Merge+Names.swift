import AnnotationModel

/// What the strings of the entry that is being applied stand for, and where it has added annotations.
extension Merge {
    @inline(__always)
    func nameID(_ index: Int, _ view: ChangesetView) throws -> Int64 {
        if nameIDs[index] != 0 { return nameIDs[index] }
        let id = try storage.nameID(view.utf8(index))
        nameIDs[index] = id
        return id
    }

    @inline(__always)
    func itemID(_ index: Int, _ view: ChangesetView) throws -> Int64 {
        if itemIDs[index] != 0 { return itemIDs[index] }
        let key = view.utf8(index)
        let id =
            try storage.itemID(key: key) ?? addItem(key, ItemRow(id: 0, key: Array(key)))
        itemIDs[index] = id
        return id
    }

    /// The local id of a field as the changeset numbers it.
    ///
    /// - Throws: If it is an attribute beyond ``MemberLimits/attributeNamesMax``.
    func fieldID(_ code: Int, _ scope: OperationScope) throws -> Int64 {
        if code < Field.attributeBase { return Int64(code) }
        let index = code - Field.attributeBase
        let id = try nameID(index, scope.view)
        if attributes[index] == .unknown {
            attributes[index] = try mayUse(id, scope.log.number) ? .allowed : .beyond
        }
        if attributes[index] == .beyond { throw Refused(why: .tooMany) }
        return id
    }

    /// True if a log may write a register with this name: it has done so before, or has names left.
    func mayUse(_ name: Int64, _ number: Int) throws -> Bool {
        guard let log = state.logs[number] else { return false }
        if log.attributeNames >= MemberLimits.attributeNamesMax {
            return try storage.usesAttribute(name, of: number)
        }
        if try storage.noteAttribute(name, of: number) { state.logs[number]?.attributeNames += 1 }
        return true
    }

    // MARK: Runs

    @inline(__always)
    func extendRun(item: Int, to position: Int) {
        runs[item] = (runs[item]?.lowerBound ?? position)...position
    }

    func insertRuns(_ scope: OperationScope) throws {
        if addedLabels == 0 { return }
        let entry = scope.key.slot.entry
        func key(_ position: Int) -> OperationKey {
            OperationKey(log: scope.log.number, slot: Slot(entry: entry, position: position))
        }
        for (item, run) in runs.enumerated() {
            guard let run else { continue }
            try storage.insertRun(
                item: itemIDs[item], first: key(run.lowerBound), last: key(run.upperBound))
        }
    }
}
