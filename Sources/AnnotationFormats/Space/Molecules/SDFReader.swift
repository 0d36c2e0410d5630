import AnnotationModel
import LabelText

/// Reads one file of molecules, one molecule at a time.
struct SDFReader {
    /// The most lines of one molecule.
    static let linesMax = 1 << 16
    let file: FormatFile
    private let finder: ItemFinder
    private var count = 0
    private var keys: ByteSet = []

    init(file: FormatFile, finder: ItemFinder) { (self.file, self.finder) = (file, finder) }

    mutating func read(into sink: EventSink) throws {
        var lines: [String] = []
        var start = 1
        var last = 1
        try file.file.forEachLine { line, position in
            last = position.line
            if line.hasPrefix("$$$$") {
                try molecule(lines, at: start, into: sink)
                lines = []
                start = position.line + 1
                return
            }
            guard lines.count < Self.linesMax else {
                throw FormatError.text(
                    file: file.file.name, line: position.line,
                    why: "a molecule of more than \(Self.linesMax) lines; is a $$$$ missing?")
            }
            lines.append(line)
        }
        let rest = lines.contains { !XMLTree.trim($0).isEmpty }
        if rest {
            try molecule(lines, at: start, into: sink)
        } else if count == 0 {
            throw FormatError.text(
                file: file.file.name, line: last, why: "the file has no molecule")
        }
    }

    /// A molecule with its labels; long, since what is wrong with either is told case by case.
    private mutating func molecule(
        _ lines: [String], at line: Int, into sink: EventSink
    ) throws {
        count += 1
        let place = "\(file.file.name), line \(line)"
        guard let end = lines.firstIndex(where: { $0.hasPrefix("M  END") }) else {
            return try sink(
                .skipped(where: place, why: "the molecule has no M  END; it is cut"))
        }
        let molfile: Molfile
        do throws(Refusal) {
            molfile = try Molfile(Array(lines[...end]))
        } catch {
            return try sink(.skipped(where: place, why: error.why))
        }
        let data = Self.dataItems(lines[(end + 1)...])
        let key = try key(molfile.title)
        var fields: [String: FieldValue] = [
            "mediaType": .text(SDFFormat.mediaType),
            "atoms": .integer(Int64(molfile.elements.count)),
            "bonds": .integer(Int64(molfile.bonds.count)),
        ]
        if !molfile.charges.isEmpty {
            fields["charges"] = .map(
                Dictionary(
                    uniqueKeysWithValues: molfile.charges.map { ("\($0.key)", .integer($0.value)) })
            )
        }
        let text = try untitled(lines[...end], key) ?? lines[...end].joined(separator: "\n")
        if let parts = Molfile.fields(text) {
            fields.merge(parts) { _, new in new }
        } else {
            try sink(
                .note(
                    where: place,
                    why:
                        "a molfile of \(text.utf8.count) bytes is not kept; "
                        + "labels are taken, and cannot be exported as SDF"
                ))
        }
        let labels = SDFLabels(molfile: molfile, key: key, file: file.file.name, start: line)
        var target: String?
        for item in data where item.name == SDFFormat.target { target = item.lines.first }
        for item in data where !SDFLabels.isLabel(item.name) {
            let value = item.lines.joined(separator: "\n")
            guard fields.count < SDFFormat.dataItemsMax,
                value.utf8.count <= SDFFormat.molfileBytesMax,
                item.name.utf8.count < ItemKey.bytesMax - 8,
                fields[SDFFormat.prefix + item.name] == nil, !item.name.isEmpty
            else {
                try sink(
                    .skipped(
                        where: "\(file.file.name), line \(line + end + 1 + item.line)",
                        why:
                            "the data item occurs twice, has no name, is too long, or "
                            + "is one of more than \(SDFFormat.dataItemsMax)"
                    ))
                continue
            }
            fields[SDFFormat.prefix + item.name] = .text(value)
        }
        guard try Emit.item(key, fields, at: place, into: sink) else { return }
        try labels.emit(data, target: target, offset: end + 1, into: sink)
    }

    /// The key of a molecule: its title where that can be one, else its number in the file.
    private mutating func key(_ title: String) throws -> String {
        let number = String(count)
        var key = try key(named: title.isEmpty ? number : title)
        if ItemKey.problem(key) != nil || keys.contains(key) { key = try self.key(named: number) }
        while !keys.insert(key).inserted { key += "'" }
        return key
    }

    /// The molfile of a known molecule without a title, where no more than its name was put into that line.
    private func untitled(_ lines: ArraySlice<String>, _ key: String) throws -> String? {
        guard XMLTree.trim(lines[0]).hasSameBytes(as: FileSystem.lastComponent(key)),
            let known = Molfile.text(try finder.fields(key)),
            case let first = known.prefix(while: { !$0.isNewline }),
            XMLTree.trim(String(first)).isEmpty,
            known.hasSameBytes(as: ([String(first)] + lines.dropFirst()).joined(separator: "\n"))
        else { return nil }
        return known
    }

    private func key(named name: String) throws -> String {
        let below = { FileSystem.join(FileTree.stem($0), name) }
        return try finder.key(file) { [below($0)] } ?? below(file.path)
    }

    /// One data item; `line` counts from the molecule's end.
    struct DataItem {
        var name: String
        var lines: [String]
        var line: Int
    }

    /// Data items: a line `>  <NAME>`, its values, an empty line.
    static func dataItems(_ lines: ArraySlice<String>) -> [DataItem] {
        var items: [DataItem] = []
        var isInside = false
        for (offset, line) in lines.enumerated() {
            if line.hasPrefix(">"), !isInside {
                var name = ""
                if let open = line.firstIndex(of: "<"), let close = line.lastIndex(of: ">"),
                    open < close
                {
                    name = String(line[line.index(after: open)..<close])
                }
                items.append(.init(name: name, lines: [], line: offset))
                isInside = true
            } else if XMLTree.trim(line).isEmpty {
                isInside = false
            } else if isInside {
                items[items.count - 1].lines.append(line)
            }
        }
        return items
    }
}
