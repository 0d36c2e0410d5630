import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import PlainErrors
import Provenance

/// Decides what each record of the files means for a dataset as it stands: the smallest set of operations.
///
/// Three things are compared: what the file says, what it was based on, and what holds now. A field in
/// which the file only repeats what it was based on is left alone, whatever holds now. It was based on
/// what the sidecar kept, or else on what this organisation's last import of the label said. Memory
/// holds the labels of a few items and one bit for each label and item that was met.
package final class ImportPlan {
    package static let defaultSource = "import"
    /// What labels of formats without classes are called.
    static let noClass = "-"
    /// Labels of items kept for the next records, some 60 MB.
    ///
    /// A file that goes round and round through items with more labels than this loads them again and again.
    private static let labelsKeptMax = 131_072
    /// Records of one item that are matched together.
    private static let recordsTogetherMax = 4_096
    /// Items whose labels are asked for at once, and how many labels that may bring: where they are more, each item is
    /// asked for by itself.
    private static let itemsTogetherMax = 256
    private static let labelsTogetherMax = 65_536

    package let dataset: MergedDataset
    let options: ImportOptions
    package let format: any AnnotationFormat
    let lineage: ImportLineage
    package let ticker: ProgressTicker
    /// Labels on which the files agree with what is there, and those that they would change by an id that other files
    /// gave; with the item of the first.
    var agreeing = 0
    var doubtful = 0
    /// Of these, the labels that would get another class and another place at once.
    var replaced = 0
    var doubt = ""
    /// What of the words about names meant anything.
    private let ruleUse = ItemRuleUse()
    /// Labels that a format which cannot say their shape would change or double.
    var shapes = ShapeLosses()
    /// Labels that the files may know by other ids.
    var doubles = LikeLabels()
    /// True if what the file does not say is said too.
    let isComplete: Bool
    package private(set) var logs: [Int: Origin] = [:]
    /// True if there is something that the files can agree or disagree with.
    package private(set) var hasLabels = false
    /// True if there is something that a name in the files can mean.
    var hasItems = false
    /// How much of each log the files can have known.
    package private(set) var seen: [Origin: UInt64] = [:]
    package var base: [Origin: UInt64]?
    /// What the sidecars say that their exports were made of.
    var exports: [ExportBase] = []
    /// Records and files of which nothing was taken.
    var untaken = 0
    /// What this log had cited before, which it cannot take back.
    var cited: [Origin: UInt64] = [:]
    var report = ImportReport()

    /// What the files have told of so far; nil where nothing but one file can speak of a label.
    var told: ToldLabels?
    /// Takes an operation, and says which id it has; nil where nothing is written.
    package typealias Sink = (Operation) throws -> OperationID?

    private var exported: LabelRecord?
    typealias Pending = (record: LabelRecord, exported: LabelRecord?)
    /// Records that wait to be matched, by item, in the files' order.
    private var pending: [[Pending]] = []
    private var groups: ByteMap<Int> = [:]
    private var pendingCount = 0
    /// The file that the next records are of, counted from one; zero where it does not matter.
    private var openFile = 0
    /// What this organisation has of the items that wait.
    private var fetched: ByteMap<[LabelView]> = [:]
    var kept: ByteMap<ItemLabels> = [:]
    private var keptCount = 0
    var met = KeySet()
    /// Labels that a record named by their ids in the logs.
    var metByName = KeySet()
    var metItems = KeySet()
    /// The classes that the files list, and the item that keeps them.
    var lists = ClassTable()
    var listItem: String?
    package let items: ImportItems
    let same: SameItems
    let history: ImportHistory
    /// Nil where neither a schema nor a mapping says anything of classes.
    package var classes: ImportClasses?
    /// What this organisation's people are not shown yet; nil where a dataset is not blind.
    var blindness: Blindness?

    package init(
        _ dataset: MergedDataset, _ format: any AnnotationFormat,
        _ options: ImportOptions, _ lineage: ImportLineage, _ ticker: ProgressTicker
    ) {
        (self.lineage, self.ticker) = (lineage, ticker)
        (self.dataset, self.format, self.options) = (dataset, format, options)
        isComplete = format.name == "csv" || format.name == "jsonl"
        history = ImportHistory(dataset)
        same = SameItems(dataset.store, dataset.id)
        items = ImportItems(dataset, isComplete: isComplete, history)
    }

    /// What the reader is told, and tells besides the records.
    package func context(isFirst: Bool) -> ReadContext {
        var context = ReadContext { [items] in try items.stored($0)?.record.fields }
        context.isEmpty = !hasItems
        (context.rules, context.use) = (options.itemRules, ruleUse)
        context.forEachItem = { [dataset] body in
            try dataset.store.forEachItem(dataset.id) { try body($0.key, $0.fields) }
        }
        context.digest = { try ContentDigest.sha256(ofFile: $0) }
        if isFirst {
            context.noteBase = { [self] in note($0) }
        } else {
            context.noteExported = { [self] in exported = $0 }
            context.noteFile = { [self] in begin(file: $0, of: $1) }
        }
        return context
    }

    private func begin(file: Int, of count: Int) {
        guard count > 1 else { return }
        if told == nil { told = ToldLabels() }
        openFile = file
    }

    private func note(_ export: ExportBase) {
        guard export.dataset == dataset.id.description else { return }
        if !exports.contains(export) { exports.append(export) }
        var heads = base ?? [:]
        for (name, size) in export.heads {
            guard let origin = try? Origin(name) else { continue }
            heads[origin] = min(size, heads[origin] ?? .max)
            seen[origin] = max(size, seen[origin] ?? 0)
        }
        base = heads
    }

    /// The first reading: notes which entries of others the files name.
    package func survey(_ event: FormatEvent) throws {
        guard case .annotation(let record) = event, let provenance = record.provenance,
            isOfThis(provenance), let id = try? OperationID.parse(provenance.id).id,
            id.origin != dataset.home.origin
        else { return }
        seen[id.origin] = max(id.slot.entry + 1, seen[id.origin] ?? 0)
    }

    /// Takes the dataset's state, before the files are read.
    package func start() throws {
        logs = try dataset.logNames()
        let state = try dataset.state()
        blindness =
            state.membership.isBlind
            ? Blindness(dataset.store, dataset.id, own: dataset.home.origin, state.membership) : nil
        hasLabels = state.counts.annotations > 0
        hasItems = state.counts.items > 0
        items.start(logs, hasItems: hasItems)
        classes = ImportClasses(dataset, try dataset.schema(), options)
        history.classes = classes
        for (number, size) in state.progress(dataset.home.origin)?.cited ?? [:] {
            if let origin = logs[number] { cited[origin] = size }
        }
    }

    // MARK: The second reading

    package func take(_ event: FormatEvent, into sink: Sink) throws {
        switch event {
        case .labelClass(let record): lists.add(record)
        case .note(let place, let what): report.note(place, what)
        case .skipped(let place, let why):
            untaken += 1
            report.skip(place, why)
        case .fileRefused(let place, let why):
            untaken += 1
            report.refuse(place, why)
        case .item(let record):
            if options.knownItemsOnly, try !items.isKnown(record.key) { return }
            classes?.note(record)
            if let operation = try items.operation(for: record) { _ = try sink(operation) }
            if listItem == nil { listItem = record.key }
        case .annotation(var record):
            var exported = exported
            self.exported = nil
            guard try isAccepted(record) else { return }
            if claim(&record) { exported = nil }
            if let why = try classes?.take(&record) {
                untaken += 1
                return report.skip("item \(record.item)", why)
            }
            if openFile != told?.file ?? 0 {
                try flush(into: sink)
                told?.file = openFile
            }
            if try takeMore(record, into: sink) { return }
            guard hasLabels else {
                try items.mention(record.item)
                return try add(record, into: sink)
            }
            let isOfLast = pending.last?.last?.record.item.hasSameBytes(as: record.item) == true
            let group = isOfLast ? pending.count - 1 : groups[record.item]
            // The records of an item are not parted, unless they alone are too many.
            let isFull =
                isOfLast
                ? pending.last?.count ?? 0 >= Self.recordsTogetherMax
                : group == nil && pending.count >= Self.itemsTogetherMax
                    || pendingCount >= Self.recordsTogetherMax
            if isFull { try flush(into: sink) }
            if let group, pending.indices.contains(group) {
                pending[group].append((record, exported))
            } else {
                groups[record.item] = pending.count
                pending.append([(record, exported)])
            }
            pendingCount += 1
        }
    }

    private func isAccepted(_ record: LabelRecord) throws -> Bool {
        if options.knownItemsOnly, try !items.isKnown(record.item) {
            report.skip(
                "item \(record.item)", "the dataset does not have it (--known-items-only)")
            return false
        }
        if let why = items.misplacement(record.item) {
            untaken += 1
            report.skip("item \(record.item)", why)
            return false
        }
        do {
            try record.selector.validate()
        } catch {
            untaken += 1
            report.skip("item \(record.item)", PlainError.line(error))
            return false
        }
        return true
    }

    func add(_ record: LabelRecord, into sink: Sink) throws {
        report.added += 1
        var fields: [Field: FieldValue] = [:]
        for (name, value) in record.attributes { fields[.attribute(name)] = value }
        if let confidence = record.confidence { fields[.known(.confidence)] = .float(confidence) }
        if let id = record.externalID { fields[.known(.externalID)] = .text(id) }
        if let author = record.author, author != options.author {
            fields[.known(.author)] = .text(author)
        }
        if let source = record.source, source != options.source ?? Self.defaultSource {
            fields[.known(.source)] = .text(source)
        }
        if record.isRetracted { fields[.known(.status)] = .integer(1) }
        let id = try sink(
            .addAnnotation(
                item: record.item,
                className: record.className.isEmpty ? Self.noClass : record.className,
                selector: record.selector, fields: fields))
        told?.note(record, at: .added(id?.slot))
    }

    /// Matches all records that wait.
    private func flush(into sink: Sink) throws {
        if pending.isEmpty { return }
        let waiting = pending
        pending.removeAll(keepingCapacity: true)
        self.groups.removeAll(keepingCapacity: true)
        pendingCount = 0
        try items.fetch(waiting.compactMap { $0.first?.record.item })
        let groups = try withoutRepeats(waiting)
        try fetch(groups.compactMap { $0.first?.record.item })
        for group in groups { try match(group, into: sink) }
        fetched.removeAll(keepingCapacity: true)
    }

    /// Asks at once for what is there of items: a question costs more than what it brings of one.
    private func fetch(_ keys: [String]) throws {
        var filter = LabelFilter()
        filter.org = dataset.home.origin
        var asked: [String] = []
        for key in ByteSet(keys) where kept[key] == nil {
            // Others with the same content may be the same item: those are asked for by themselves.
            guard let item = try items.stored(key), try same.names(of: item.record).count == 1
            else { continue }
            filter.itemIDs.append(-item.target)
            asked.append(key)
        }
        if filter.itemIDs.isEmpty { return }
        let limit = Self.labelsTogetherMax
        let labels = try dataset.store.labels(logs, filter: filter, limit: limit)
        if labels.count == limit { return }
        for key in asked { fetched[key] = [] }
        for label in labels { fetched[label.item, default: []].append(label) }
    }

    func labels(of key: String) throws -> ItemLabels {
        if let item = try items.stored(key) { metItems.insert(-item.target) }
        if let known = kept[key] { return known }
        var own = try (fetched[key] ?? stored(of: key)).filter { !met.contains($0.key.packed) }
        if let classes { own = classes.canonical(own) }
        let labels = ItemLabels(own, author: options.author, source: options.source)
        if keptCount + labels.count > Self.labelsKeptMax {
            kept.removeAll(keepingCapacity: true)
            keptCount = 0
        }
        keptCount += labels.count
        return labels
    }

    private func stored(of key: String) throws -> [LabelView] {
        var filter = LabelFilter()
        (filter.items, filter.org) = (try same.names(of: key), dataset.home.origin)
        return try dataset.store.labels(logs, filter: filter, limit: .max)
    }

    // MARK: The end

    /// The report with what is known of the classes.
    package var finalReport: ImportReport {
        var report = report
        (report.itemsAdded, report.itemsMatched) = (items.added, items.matched)
        if let classes {
            (report.renamed, report.unfitClasses) = (classes.renamed, classes.unfit)
            report.hasMoreClasses = classes.hasMore
        }
        return report
    }

    /// What waits, and with `prune` the retraction of this organisation's labels that the files no longer
    /// hold, of the items that they speak of; where a person imports, only what is not another person's.
    package func finish(into sink: Sink) throws {
        try flush(into: sink)
        try settle()
        noteTold()
        try keepLists(into: sink)
        for note in ruleUse.notes(options.itemRules) { report.note(note.where, note.what) }
        for what in shapes.notes(format.name) { report.note("shapes", what) }
        for what in doubles.notes { report.note("labels", what) }
        if options.prune, hasLabels { try prune(into: sink) }
    }
}
