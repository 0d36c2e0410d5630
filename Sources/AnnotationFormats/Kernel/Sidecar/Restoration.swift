import AnnotationModel
import LabelText

/// Puts back, while an export is read, what its sidecar kept.
///
/// If no file was edited since, the sidecar's records stand for those of the files. Otherwise the files
/// are right, and a label gets back its identity only where class and selector are still the same: a
/// place in a file says nothing any more once lines were added or removed. Memory holds one number a
/// label.
struct Restoration {
    struct Source {
        let bytes: UnsafeRawBufferPointer
        let name: String
        /// The file or folder that the sidecar lies beside; nil for one that was given by itself.
        let root: String?
    }

    /// Where a line stands.
    private struct Line {
        var source: Int
        var start: Int
        var end: Int
    }

    private let sources: [Source]
    private let context: ReadContext
    private var lineByPlace: [UInt64: Line] = [:]
    private var laterLinesByPlace: [UInt64: [Line]] = [:]
    private var unplaced: [Line] = []
    /// The labels of one item in an edited file, until all of them are known.
    private var group: [LabelRecord] = []
    private let groupMax = 1_024
    private var heads: [Line] = []
    /// The dataset that each sidecar's labels are of.
    private var datasets: [Int: String] = [:]
    private var itemLineByKey: [UInt64: Line] = [:]
    /// The exported files that were edited or are gone.
    private var edited: [String] = []
    private var isIntact: Bool { edited.isEmpty }

    init(_ sources: [Source], files: [InputFile], context: ReadContext) throws {
        (self.sources, self.context) = (sources, context)
        for index in sources.indices { try scan(index, files: files) }
    }

    // MARK: The lines of a sidecar

    private mutating func scan(_ index: Int, files: [InputFile]) throws {
        let source = sources[index]
        var start = 0
        while start < source.bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: source.bytes[start...])
            let length = rest.firstIndex(of: 0x0a) ?? rest.count
            guard length <= JSONLinesFormat.lineBytesMax else {
                throw FormatError.structure(
                    file: source.name, path: "", why: "a line is too long; export again")
            }
            let line = Line(source: index, start: start, end: start + length)
            start += length + 1
            if length > 0 { try note(line, try json(line), source, files) }
        }
    }

    private func json(_ line: Line) throws -> JSONValue {
        let source = sources[line.source]
        do throws(JSONError) {
            return try JSONValue(
                parsing: UnsafeRawBufferPointer(rebasing: source.bytes[line.start..<line.end]))
        } catch {
            throw FormatError.json(
                file: source.name,
                position: TextPosition(of: line.start + error.offset, in: source.bytes), path: "",
                reason: error.reason)
        }
    }

    private mutating func note(
        _ line: Line, _ json: JSONValue, _ source: Source, _ files: [InputFile]
    ) throws {
        if let file = json["file"] {
            guard let path = file["path"]?.string, let bytes = file["bytes"]?.integer,
                let hash = file["fnv1a"]?.string
            else {
                throw FormatError.structure(
                    file: source.name, path: "file", why: "needs path, bytes and fnv1a")
            }
            let current = try Self.fingerprint(path, source, files)
            if current.map({ Int64($0.bytes) != bytes || $0.text != hash }) ?? true {
                edited.append(path)
            }
            return
        }
        if let base = json["base"] {
            guard let dataset = base["dataset"]?.string, case .object(let heads)? = base["heads"]
            else {
                throw FormatError.structure(
                    file: source.name, path: "base", why: "needs dataset and heads")
            }
            let sizes = heads.compactMap { name, size in
                size.integer.flatMap { UInt64(exactly: $0) }.map { (name, $0) }
            }
            let unique = [String: UInt64](sizes, uniquingKeysWith: min)
            datasets[line.source] = dataset
            var export = ExportBase(dataset: dataset, heads: unique)
            func names(_ member: String) -> Set<String> {
                Set(base[member]?.array?.compactMap(\.string) ?? [])
            }
            (export.classes, export.authors) = (names("classes"), names("authors"))
            export.org = base["org"]?.string
            context.noteBase(export)
            return
        }
        guard let record = json["record"] else {
            throw FormatError.structure(
                file: source.name,
                path: TextPosition(of: line.start, in: source.bytes).description,
                why: "a line of a sidecar holds a record or a file")
        }
        guard record["kind"]?.string ?? "annotation" == "annotation" else {
            if record["kind"]?.string == "item", let key = record["item"]?.string {
                itemLineByKey[Self.key(key)] = line
            }
            return heads.append(line)
        }
        guard let place = json["place"]?.string else { return unplaced.append(line) }
        let key = Sidecar.Fingerprint.of(place.utf8).hash
        if lineByPlace[key] == nil {
            lineByPlace[key] = line
        } else {
            laterLinesByPlace[key, default: []].append(line)
        }
    }

    private static func fingerprint(
        _ path: String, _ source: Source, _ files: [InputFile]
    ) throws -> Sidecar.Fingerprint? {
        let file: InputFile
        if let root = source.root {
            guard ItemKey.problem(path) == nil else { return nil }
            let full = FileSystem.isFolder(root) ? FileSystem.join(root, path) : root
            guard FileSystem.exists(full) else { return nil }
            file = InputFile(path: full)
        } else {
            guard let found = files.first(where: { $0.name.hasSameBytes(as: path) }) ?? files.first
            else {
                return nil
            }
            file = found
        }
        return try file.withBytes { Sidecar.Fingerprint.of($0) }
    }

    /// What a reader is told: the items that the caller knows, and those of the export.
    var readContext: ReadContext {
        let (items, caller) = (itemLineByKey, context)
        // A copy without the rest, since it is asked while labels are passed.
        let lines = Self(itemsOf: self)
        var context = caller
        context.itemFields = { key in
            if let fields = try caller.itemFields(key) { return fields }
            guard let line = items[Self.key(key)], case .item(let item) = try lines.event(line),
                item.key.hasSameBytes(as: key)
            else { return nil }
            return item.fields
        }
        return context
    }

    private init(itemsOf other: Restoration) {
        (sources, context) = (other.sources, other.context)
    }

    private func event(_ line: Line) throws -> FormatEvent {
        let json = try json(line)
        let event = JSONLinesFormat.event(
            json["record"] ?? .null,
            where: "\(sources[line.source].name), byte \(line.start)")
        guard case .annotation(var label) = event, label.provenance?.dataset == nil else {
            return event
        }
        label.provenance?.dataset = datasets[line.source]
        return .annotation(label)
    }

    // MARK: What is read

    /// Hands over classes and items, which come before all labels.
    func begin(into sink: EventSink) throws {
        for line in heads { try sink(try event(line)) }
        if let first = edited.first {
            try sink(
                .note(
                    where: sources.first?.name ?? "",
                    why:
                        "\(edited.count) exported files were edited or are gone since, the first is "
                        + "\"\(first.prefix(80))\"; labels are taken as the files have them, and those "
                        + "that did not change keep their identity"))
        }
    }

    /// Hands over what an event of the format becomes.
    mutating func pass(_ event: FormatEvent, into sink: EventSink) throws {
        switch event {
        case .labelClass, .item:
            if isIntact { return }
            try resolveGroup(into: sink)
            try sink(event)
        case .skipped, .note, .fileRefused: try sink(event)
        case .annotation(let label):
            if isIntact { return try passIntact(label, into: sink) }
            if let first = group.first,
                !first.item.hasSameBytes(as: label.item) || group.count >= groupMax
            {
                try resolveGroup(into: sink)
            }
            group.append(label)
        }
    }

    private mutating func passIntact(_ label: LabelRecord, into sink: EventSink) throws {
        guard let key = label.externalID.map(Self.key), let line = lineByPlace[key] else {
            return try sink(.annotation(label))
        }
        take(key)
        try pass(line, into: sink)
    }

    /// Hands over a line as it was exported.
    private func pass(_ line: Line, into sink: EventSink) throws {
        let restored = try event(line)
        if case .annotation(let kept) = restored { context.noteExported(kept) }
        try sink(restored)
    }

    private static func key(_ place: String) -> UInt64 {
        Sidecar.Fingerprint.of(place.utf8).hash
    }

    private func kept(_ key: UInt64) throws -> LabelRecord? {
        guard let line = lineByPlace[key], case .annotation(let kept) = try event(line) else {
            return nil
        }
        return kept
    }

    /// Finds what the labels of one item were when they were exported: first those that still say the
    /// same, at their place or at another of the item; what is left is the likeliest of those that changed.
    private mutating func resolveGroup(into sink: EventSink) throws {
        let labels = group
        group.removeAll(keepingCapacity: true)
        let item = labels.first?.item
        var open: [(key: UInt64, kept: LabelRecord)] = []
        for key in keys(around: labels) {
            if let kept = try kept(key), kept.item.hasSameBytes(as: item ?? "") {
                open.append((key, kept))
            }
        }
        var found = [(key: UInt64, kept: LabelRecord)?](repeating: nil, count: labels.count)
        for isAnywhere in [false, true] {
            for (index, label) in labels.enumerated() where found[index] == nil {
                let own = label.externalID.map(Self.key)
                let match = open.firstIndex {
                    (isAnywhere || $0.key == own)
                        && $0.kept.className.hasSameBytes(as: label.className)
                        && $0.kept.selector == label.selector
                }
                if let match { found[index] = open.remove(at: match) }
            }
        }
        let changed = labels.indices.filter { found[$0] == nil }
        let pairs = Likeness.pairs(
            changed.map {
                .init(
                    className: labels[$0].className, selector: labels[$0].selector,
                    place: labels[$0].externalID.map { String(Self.key($0)) })
            },
            open.map {
                .init(
                    className: $0.kept.className, selector: $0.kept.selector, place: String($0.key))
            })
        var likely = [(key: UInt64, kept: LabelRecord)?](repeating: nil, count: labels.count)
        for (index, pair) in zip(changed, pairs) { likely[index] = pair.map { open[$0] } }
        for (index, label) in labels.enumerated() {
            if let (key, kept) = found[index] {
                take(key)
                context.noteExported(kept)
                try sink(.annotation(kept))
                continue
            }
            guard let (key, kept) = likely[index] else {
                try sink(.annotation(label))
                continue
            }
            take(key)
            context.noteExported(kept)
            var now = kept
            (now.className, now.selector) = (label.className, label.selector)
            now.attributes.merge(label.attributes) { _, new in new }
            now.confidence = label.confidence ?? kept.confidence
            try sink(.annotation(now))
        }
    }

    /// The places of labels, and where they are numbered those that follow: lines may have been removed.
    private func keys(around labels: [LabelRecord]) -> [UInt64] {
        var keys: [UInt64] = []
        for place in labels.compactMap(\.externalID) where !keys.contains(Self.key(place)) {
            keys.append(Self.key(place))
        }
        guard let last = labels.last?.externalID, let mark = last.lastIndex(of: "#"),
            var number = Int(last[last.index(after: mark)...])
        else { return keys }
        while keys.count < 2 * groupMax {
            number += 1
            let next = Self.key("\(last[...mark])\(number)")
            guard lineByPlace[next] != nil else { break }
            keys.append(next)
        }
        return keys
    }

    private mutating func take(_ key: UInt64) {
        if var later = laterLinesByPlace[key], !later.isEmpty {
            lineByPlace[key] = later.removeFirst()
            laterLinesByPlace[key] = later.isEmpty ? nil : later
        } else {
            lineByPlace[key] = nil
        }
    }

    /// Hands over the labels that the format could not carry.
    mutating func finish(into sink: EventSink) throws {
        try resolveGroup(into: sink)
        var lines = unplaced
        if isIntact {
            lines += lineByPlace.values
            lines += laterLinesByPlace.values.joined()
        }
        for line in lines.sorted(by: { ($0.source, $0.start) < ($1.source, $1.start) }) {
            try pass(line, into: sink)
        }
    }
}
