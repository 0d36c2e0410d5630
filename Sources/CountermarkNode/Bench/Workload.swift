import AnnotationModel
import Signing

/// The deterministic workload of the benchmarks: N labels by three companies on N/10 pictures.
///
/// A tenth of the labels is revised by two companies that do not know of each other's change, three in
/// a hundred are retracted by their owner, a tenth is reviewed or commented by another company.
/// Coordinates have two decimals, as pixel formats write them.
struct Workload {
    /// One changeset: its author, its payload, its operations.
    struct Entry {
        let author: Origin
        let payload: [UInt8]
        let operations: Int
        /// True for changesets that change labels, false for those that add.
        let isEdit: Bool
    }

    /// Calls `emit` with each changeset in an order in which it could have been written.
    ///
    /// - Parameters:
    ///   - logKeys: The keys of the companies' checkpoints.
    ///   - headOf: The head of an author's log as far as it was emitted.
    static func generate(
        labels: Int, operationsPerEntry: Int = Changeset.operationsMax,
        logKeys: [Origin: [UInt8]], headOf: (Origin) throws -> Head,
        emit: (Entry) throws -> Void
    ) throws {
        var workload = Workload(
            labels: labels, limit: operationsPerEntry, companies: try companies())
        try workload.define(logKeys, emit)
        try workload.add(headOf, emit)
        try workload.change(headOf, emit)
    }

    static func companies() throws -> [Origin] {
        try ["oem.example", "tier1.example", "tier2.example"].map { try Origin($0) }
    }

    private let labels: Int
    private let limit: Int
    private let companies: [Origin]
    /// Where each company's labels stand, in order.
    private var slots: [[Slot]] = [[], [], []]
    private var isEditing = false
    /// The logs' sizes: each begins with the entry that introduces its keys.
    private var sizes: [UInt64] = [1, 1, 1]

    private init(labels: Int, limit: Int, companies: [Origin]) {
        (self.labels, self.limit, self.companies) = (labels, limit, companies)
    }

    private mutating func write(
        _ company: Int, heads: [Head] = [], _ emit: (Entry) throws -> Void,
        _ operations: some Sequence<Operation>
    ) throws {
        var heads = heads
        var builder = try ChangesetBuilder(author: "anna", source: "human", heads: heads)
        for operation in operations {
            var isIn = builder.count < limit
            if isIn { isIn = try builder.append(operation) }
            if !isIn {
                try close(builder, company, heads, emit)
                heads = []
                builder = try ChangesetBuilder(author: "anna", source: "human")
                _ = try builder.append(operation)
            }
            if case .addAnnotation = operation {
                slots[company].append(
                    Slot(entry: sizes[company], position: builder.count - 1))
            }
        }
        if builder.count > 0 { try close(builder, company, heads, emit) }
    }

    private mutating func close(
        _ builder: ChangesetBuilder, _ company: Int, _ heads: [Head], _ emit: (Entry) throws -> Void
    ) throws {
        let count = builder.count
        try emit(
            Entry(
                author: companies[company], payload: try builder.payload(heads: heads),
                operations: count, isEdit: isEditing))
        sizes[company] += 1
    }

    private mutating func define(
        _ logKeys: [Origin: [UInt8]], _ emit: (Entry) throws -> Void
    ) throws {
        var acts: [Operation] = [.governance(.defineDataset(title: "Boards", schema: "{}"))]
        for origin in companies.dropFirst() {
            acts.append(
                .governance(
                    .setMember(
                        origin, role: .reviewer, roots: [], logKey: logKeys[origin], fromIndex: 0)))
        }
        try write(0, emit, acts)
    }

    private static func itemKey(_ index: Int) -> String {
        let digits = String(index)
        return "boards/" + String(repeating: "0", count: 7 - digits.count) + digits + ".jpg"
    }

    private mutating func add(
        _ headOf: (Origin) throws -> Head, _ emit: (Entry) throws -> Void
    ) throws {
        let items = (0..<max(1, labels / 10)).lazy.map { index in
            Operation.addItem(
                key: Self.itemKey(index),
                fields: [.known(.width): 640, .known(.height): 640])
        }
        try write(0, emit, items)
        for company in 0..<3 {
            let heads = company == 0 ? [] : [try headOf(companies[0])]
            let mine = stride(from: company, to: labels, by: 3).lazy.map { Self.label($0) }
            try write(company, heads: heads, emit, mine)
        }
    }

    private static let classes = ["open", "short", "mousebite", "spur", "copper", "pin-hole"]

    private static func label(_ index: Int) -> Operation {
        // A few multiplicative steps give numbers without a visible pattern, the same each time.
        let mixed = UInt64(index) &* 0x9e37_79b9_7f4a_7c15
        func part(_ shift: UInt64, _ range: UInt64) -> Double {
            Double((mixed >> shift) % range) / 100
        }
        return .addAnnotation(
            item: itemKey(index / 10), className: classes[index % 6],
            selector: .box(
                .init(
                    x: part(8, 60_000), y: part(20, 60_000), width: part(32, 6_000) + 0.01,
                    height: part(44, 6_000) + 0.01)),
            fields: [:])
    }

    /// The label with a number: who owns it, and where it stands.
    private func target(_ index: Int) -> OperationID {
        OperationID(origin: companies[index % 3], slot: slots[index % 3][index / 3])
    }

    private mutating func change(
        _ headOf: (Origin) throws -> Head, _ emit: (Entry) throws -> Void
    ) throws {
        let heads = try companies.map { try headOf($0) }
        isEditing = true
        for company in 0..<3 {
            let others = heads.filter { $0.origin != companies[company] }
            let operations = (0..<labels).lazy.compactMap { [self] index in
                changes(of: index, by: company)
            }.joined()
            try write(company, heads: others, emit, operations)
        }
    }

    private func changes(of index: Int, by company: Int) -> [Operation]? {
        let owner = index % 3
        var operations: [Operation] = []
        if index % 10 == 4, company != (index / 10) % 3 {
            let name = Self.classes[(index + company + 1) % 6]
            operations.append(.set(target(index), [.className(name)]))
        }
        if index % 100 < 3, company == owner {
            operations.append(.set(target(index), [.field(.known(.status), 1)]))
        }
        if index % 10 == 7, company == (owner + 1) % 3 {
            operations.append(
                index % 20 == 7
                    ? .review(target(index), .accept, reason: nil)
                    : .comment(target(index), text: "see the template"))
        }
        return operations.isEmpty ? nil : operations
    }
}
