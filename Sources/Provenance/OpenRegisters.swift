/// The surviving writes of one target while a batch changes it.
///
/// Most labels have one or two, and lie in one list. A label with more gets a table by field, so that a write
/// costs that of its own register, however many the label has.
struct OpenRegisters {
    /// Writes that are looked through one by one.
    private static let fewMax = 16

    /// All of them, while they are few.
    private var few: [OpenTarget.Write] = []
    /// All of them by field, once they are many; else empty.
    private var many: [Int64: [OpenTarget.Write]] = [:]

    /// True if there are none.
    var isEmpty: Bool { few.isEmpty && many.isEmpty }

    /// The write, if there is one alone: the usual case.
    var only: RegisterRow? { few.count == 1 && many.isEmpty ? few[0].row : nil }

    /// True if it takes a table to hold them.
    var areMany: Bool { !many.isEmpty }

    /// How many there are.
    var count: Int { many.values.reduce(few.count) { $0 + $1.count } }

    /// The storage has all of them.
    mutating func noteStored() {
        for place in few.indices { few[place].isStored = true }
        many = many.mapValues { writes in
            writes.map { OpenTarget.Write(row: $0.row, isStored: true) }
        }
    }

    /// Adds a write.
    mutating func append(_ write: OpenTarget.Write) {
        if !many.isEmpty {
            many[write.row.field, default: []].append(write)
            return
        }
        few.append(write)
        guard few.count > Self.fewMax else { return }
        many = Dictionary(grouping: few, by: \.row.field)
        few = []
    }

    /// The writes of a field.
    func writes(of field: Int64) -> [OpenTarget.Write] {
        guard many.isEmpty else { return many[field] ?? [] }
        return few.filter { $0.row.field == field }
    }

    /// Takes out writes of a field.
    mutating func remove(
        of field: Int64, where isRemoved: (RegisterRow) -> Bool
    ) -> [OpenTarget.Write] {
        if isEmpty { return [] }
        let found = writes(of: field).filter { isRemoved($0.row) }
        if found.isEmpty { return [] }
        if many.isEmpty {
            few.removeAll { $0.row.field == field && isRemoved($0.row) }
        } else {
            // An empty list would count as a register.
            many[field]?.removeAll { isRemoved($0.row) }
            if many[field]?.isEmpty == true { many[field] = nil }
        }
        return found
    }

    /// Calls `body` with each write.
    func forEach(_ body: (OpenTarget.Write) throws -> Void) rethrows {
        try few.forEach(body)
        for writes in many.values { try writes.forEach(body) }
    }

    /// True if two writes of one field have different values.
    var isContested: Bool {
        if many.isEmpty {
            return few.indices.contains { place in
                few[..<place].contains {
                    $0.row.field == few[place].row.field && $0.row.value != few[place].row.value
                }
            }
        }
        return many.values.contains { writes in
            writes.contains { $0.row.value != writes[0].row.value }
        }
    }
}
