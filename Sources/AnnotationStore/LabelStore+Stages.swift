import AnnotationModel
import CanonicalCBOR
import Foundation
import GRDB
import Provenance

extension LabelStore {
    /// How far a dataset is in each stage, and by group of items if asked for; items without a group are
    /// then under the empty name.
    ///
    /// One pass over the items and one over the annotations, in the order of their tables.
    ///
    /// - Parameter logs: The dataset's logs by local number.
    /// - Parameter members: Companies that are asked for though they have no log yet.
    public func stages(
        _ dataset: DatasetID, _ logs: [Int: Origin], members: [Origin] = [], byGroup: Bool = false
    ) throws -> (all: StageSummary, groups: [String: StageSummary]) {
        try reading("counting stages") { rows in
            let head = try rows.statement("SELECT id, retracted FROM dataset WHERE name=?")
            head.bind([.bytes(Array("\(dataset)".utf8))])
            guard try head.step() else { return (StageSummary(), [:]) }
            let (row, retracted) = (head.integer(0), head.integer(1))
            head.reset()
            let count = try StageCount(
                rows.connection, dataset: row, hasRetracted: retracted > 0, logs: logs,
                members: members, byGroup: byGroup)
            try count.countItems()
            try count.countSources()
            try count.countAnnotations()
            return count.result
        }
    }

    /// How many items of a dataset the stage `filter` excludes.
    public func excludedItems(_ dataset: DatasetID) throws -> Int {
        try Self.translating("counting items") {
            try queue.unsafeReentrantWrite { db in
                try Int.fetchOne(
                    db,
                    sql: "SELECT count(*) FROM item i JOIN dataset d ON d.id=i.dataset "
                        + "WHERE d.name=? AND \(StageFunction.isExcluded)",
                    arguments: [dataset.description.databaseBytes]) ?? 0
            }
        }
    }

    /// The keys of the items that `clean` made from an item, in their order.
    public func items(cleanedFrom key: String, _ dataset: DatasetID, limit: Int) throws -> [String]
    {
        try Self.translating("reading items") {
            try queue.unsafeReentrantWrite { db in
                // The rows that hold the key's bytes at all are few, and only they are decoded.
                let rows = try Row.fetchCursor(
                    db,
                    sql: "SELECT i.key, i.fields FROM item i JOIN dataset d ON d.id=i.dataset "
                        + "WHERE d.name=? AND instr(i.fields, ?)>0 ORDER BY i.key",
                    arguments: [dataset.description.databaseBytes, key.databaseBytes])
                var scan = StageScan()
                var found: [String] = []
                while found.count < limit, let row = try rows.next() {
                    try Array(row["fields"] as Data).withUnsafeBytes { try scan.read($0) }
                    guard let source = scan.source, source.elementsEqual(key.utf8) else { continue }
                    found.append(String(decoding: row["key"] as Data, as: UTF8.self))
                }
                return found
            }
        }
    }
}

/// The counting of one dataset's stages.
private final class StageCount {
    private let connection: OpaquePointer
    private let dataset: Int64
    private let hasRetracted: Bool
    private let logs: [Int: Origin]
    /// The companies in the order of their places.
    private let origins: [Origin]
    private let byGroup: Bool
    /// The place of each company by the local id of its `examined`.
    private var companies: [Int64: Int] = [:]
    /// The first tally counts all, the others a group each.
    private var tallies: [StageTally]
    private var groups: [[UInt8]: Int] = [:]
    /// The tally of each item's group; kept only if groups are asked for.
    private var groupOfItem: [Int64: Int] = [:]
    /// The keys of items from which others were made.
    private var sources: Set<[UInt8]> = []

    init(
        _ connection: OpaquePointer, dataset: Int64, hasRetracted: Bool, logs: [Int: Origin],
        members: [Origin], byGroup: Bool
    ) throws {
        (self.connection, self.dataset) = (connection, dataset)
        (self.hasRetracted, self.byGroup) = (hasRetracted, byGroup)
        self.logs = logs
        origins = Set(logs.values).union(members).sorted()
        tallies = [StageTally(companies: origins.count)]
        let find = try Statement(connection, "SELECT id FROM name WHERE text=?")
        for (place, origin) in origins.enumerated() {
            find.bind(1, Array("\u{0}\(Field.examined(by: origin))".utf8))
            if try find.step() { companies[find.integer(0)] = place }
            find.reset()
        }
    }

    var result: (all: StageSummary, groups: [String: StageSummary]) {
        let named = groups.map {
            (String(decoding: $0, as: UTF8.self), tallies[$1].summary(origins))
        }
        return (
            tallies[0].summary(origins),
            [String: StageSummary](named, uniquingKeysWith: { first, _ in first })
        )
    }

    // MARK: Items

    func countItems() throws {
        let contested = try contested(
            "item i JOIN register r ON r.target=-i.id WHERE i.flags & 3 AND i.dataset=\(dataset)")
        // Not by the index of keys: the rows lie in the order of their ids, as the runs do.
        let items = try Statement(
            connection, "SELECT id, fields FROM item NOT INDEXED WHERE dataset=? ORDER BY id")
        items.bind(1, dataset)
        var labelled = try LabelledItems(
            connection, logs.compactMapValues(origins.firstIndex(of:)), hasRetracted: hasRetracted)
        var scan = StageScan(companies: companies)
        while try items.step() {
            let id = items.integer(0)
            try scan.read(items.blob(1))
            if let source = scan.source { sources.insert(source) }
            let companies = try labelled.companies(of: id)
            let disputed = contested.isEmpty ? nil : contested[-id]
            tallies[0].add(item: scan, contested: disputed, labelled: companies)
            guard byGroup else { continue }
            let group = tally(of: scan.group)
            groupOfItem[id] = group
            tallies[group].add(item: scan, contested: disputed, labelled: companies)
        }
    }

    private func tally(of group: [UInt8]) -> Int {
        if let known = groups[group] { return known }
        groups[group] = tallies.count
        tallies.append(StageTally(companies: origins.count))
        return tallies.count - 1
    }

    /// Takes items from which others were made out of what `clean` has not begun.
    func countSources() throws {
        let find = try Statement(
            connection, "SELECT id, flags, fields FROM item WHERE dataset=? AND key=?")
        var scan = StageScan()
        for key in sources {
            find.bind(1, dataset)
            find.bind(2, key)
            if try find.step() {
                try scan.read(find.blob(2))
                let place = StageTally.place(scan, StageTally.clean, contested: nil)
                // A row without a value may still be contested: one company cleared what another set.
                let isOpen = place >= StageTally.Place.excluded
                let isContested = RowFlags(rawValue: Int(find.integer(1))).isConflict
                if isOpen, try !isContested || !isCleanContested(find.integer(0)) {
                    move(from: place, group: groupOfItem[find.integer(0)])
                }
            }
            find.reset()
        }
    }

    private func isCleanContested(_ id: Int64) throws -> Bool {
        let found = try contested("register r WHERE r.target=\(-id)")
        return found[-id]?.contains(StageTally.clean) ?? false
    }

    private func move(from place: Int, group: Int?) {
        let first = StageTally.clean * StageTally.Place.count
        for tally in [0, group].compactMap(\.self) {
            tallies[tally].ofItems[first + place] -= 1
            tallies[tally].ofItems[first + StageTally.Place.sources] += 1
        }
    }

    // MARK: Annotations

    func countAnnotations() throws {
        let rows = try Statement(
            connection,
            "SELECT key, item, fields FROM annotation WHERE key>=? AND key<? AND status=0")
        var scan = StageScan()
        for number in logs.keys.sorted() {
            let (low, high) = (Int64(number) << 48, Int64(number + 1) << 48)
            let contested = try contested(
                "touched a JOIN register r ON r.target=a.key WHERE a.flags & 3 AND a.key>=\(low) "
                    + "AND a.key<\(high)")
            rows.bind(1, low)
            rows.bind(2, high)
            while try rows.step() {
                try scan.read(rows.blob(2))
                let disputed = contested.isEmpty ? nil : contested[rows.integer(0)]
                tallies[0].add(annotation: scan, contested: disputed)
                guard byGroup, let group = groupOfItem[rows.integer(1)] else { continue }
                tallies[group].add(annotation: scan, contested: disputed)
            }
        }
    }

    /// The stages in which targets are contested.
    private func contested(_ rows: String) throws -> [Int64: Set<Int>] {
        let fields = StageTally.stageOfField.keys.sorted().map(String.init).joined(separator: ",")
        let found = try Statement(
            connection,
            "SELECT r.target, r.field FROM \(rows) AND r.field IN (\(fields)) "
                + "GROUP BY r.target, r.field HAVING count(DISTINCT r.value)>1")
        var stages: [Int64: Set<Int>] = [:]
        while try found.step() {
            guard let stage = StageTally.stageOfField[found.integer(1)] else { continue }
            stages[found.integer(0), default: []].insert(stage)
        }
        return stages
    }
}

/// Which companies have labelled the items, one item after another.
private struct LabelledItems {
    private let runs: Statement
    private let places: [Int: Int]
    /// The run that was read and not yet asked for.
    private var next: (item: Int64, log: Int)?
    private var found: [Int] = []

    init(_ connection: OpaquePointer, _ places: [Int: Int], hasRetracted: Bool) throws {
        self.places = places
        // A run says where an item's annotations lie, and nothing of whether any still counts.
        let active =
            hasRetracted
            ? " WHERE EXISTS(SELECT 1 FROM annotation a WHERE a.key BETWEEN r.first AND r.last "
                + "AND a.item=r.item AND a.status=0)" : ""
        runs = try Statement(
            connection, "SELECT r.item, r.first FROM run r\(active) ORDER BY r.item, r.first")
        try advance()
    }

    private mutating func advance() throws {
        next =
            try runs.step()
            ? (runs.integer(0), OperationKey(packed: runs.integer(1)).log) : nil
    }

    /// The places of the companies with labels of an item; the items must ascend.
    mutating func companies(of item: Int64) throws -> [Int] {
        found.removeAll(keepingCapacity: true)
        while let run = next, run.item <= item {
            if run.item == item, let place = places[run.log], !found.contains(place) {
                found.append(place)
            }
            try advance()
        }
        return found
    }
}
