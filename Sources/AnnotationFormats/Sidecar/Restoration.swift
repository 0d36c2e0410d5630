import AnnotationModel

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
    private var lineByPlace: [UInt64: Line] = [:]
    private var laterLinesByPlace: [UInt64: [Line]] = [:]
    private var unplaced: [Line] = []
    private var heads: [Line] = []
    /// The exported files that were edited or are gone.
    private var edited: [String] = []
    private var isIntact: Bool { edited.isEmpty }

    init(_ sources: [Source], files: [InputFile]) throws {
        self.sources = sources
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
        guard let record = json["record"] else {
            throw FormatError.structure(
                file: source.name,
                path: TextPosition(of: line.start, in: source.bytes).description,
                why: "a line of a sidecar holds a record or a file")
        }
        guard record["kind"]?.string ?? "annotation" == "annotation" else {
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
            guard let found = files.first(where: { $0.name == path }) ?? files.first else {
                return nil
            }
            file = found
        }
        return try file.withBytes { Sidecar.Fingerprint.of($0) }
    }

    private func event(_ line: Line) throws -> FormatEvent {
        let json = try json(line)
        return JSONLinesFormat.event(
            json["record"] ?? .null,
            where: "\(sources[line.source].name), byte \(line.start)")
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
            try sink(event)
        case .skipped, .note: try sink(event)
        case .annotation(let label):
            guard let place = label.externalID else { return try sink(event) }
            let key = Sidecar.Fingerprint.of(place.utf8).hash
            guard let line = lineByPlace[key] else { return try sink(event) }
            let restored = try self.event(line)
            guard case .annotation(let kept) = restored else {
                take(key)
                return try sink(restored)
            }
            if isIntact {
                take(key)
                return try sink(restored)
            }
            if kept.item == label.item, kept.className == label.className,
                kept.selector == label.selector
            {
                take(key)
                return try sink(restored)
            }
            try sink(event)
        }
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
        var lines = unplaced
        if isIntact {
            lines += lineByPlace.values
            lines += laterLinesByPlace.values.joined()
        }
        for line in lines.sorted(by: { ($0.source, $0.start) < ($1.source, $1.start) }) {
            try sink(try event(line))
        }
    }
}
