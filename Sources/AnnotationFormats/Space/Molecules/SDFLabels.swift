import AnnotationModel
import LabelText

/// The labels that the data items of one molecule hold.
struct SDFLabels {
    let molfile: Molfile
    let key: String
    let file: String
    /// The line of the file at which the molecule begins.
    let start: Int

    /// Whether a data item holds labels and is no plain property.
    static func isLabel(_ name: String) -> Bool {
        name.hasPrefix(SDFFormat.groupPrefix) || list(name) != nil || assay(name) != nil
            || name == SDFFormat.target
    }

    /// The element, kind and name of a list by atom or bond.
    static func list(
        _ name: String
    ) -> (element: String, kind: SDFFormat.ListKind, name: String)? {
        let parts = name.split(separator: ".", maxSplits: 2).map(String.init)
        guard parts.count == 3, parts[0] == "atom" || parts[0] == "bond",
            let kind = SDFFormat.ListKind(rawValue: parts[1])
        else { return nil }
        return (parts[0], kind, parts[2])
    }

    /// The type and unit of a measured activity; `isError` for its error.
    static func assay(_ name: String) -> (type: String, unit: String, isError: Bool)? {
        var head = name
        var unit = ""
        if let open = name.firstIndex(of: "("), name.last == ")" {
            head = XMLTree.trim(String(name[..<open]))
            unit = String(name[name.index(after: open)...].dropLast())
        }
        let isError = head.hasSuffix(" error")
        if isError { head = String(head.dropLast(6)) }
        let isKnown = SDFFormat.assays.contains { $0.lowercased() == head.lowercased() }
        return isKnown ? (head, unit, isError) : nil
    }

    /// The name of a data item with measurements.
    static func title(_ type: String, _ unit: String, isError: Bool = false) -> String {
        type + (isError ? " error" : "") + (unit.isEmpty ? "" : " (\(unit))")
    }

    func emit(
        _ data: [SDFReader.DataItem], target: String?, offset: Int, into sink: EventSink
    ) throws {
        func place(_ item: SDFReader.DataItem, _ line: Int = -1) -> String {
            "\(file), line \(start + offset + item.line + 1 + line)"
        }
        var atoms: [Int: [String: FieldValue]] = [:]
        var bonds: [Int: [String: FieldValue]] = [:]
        for item in data {
            guard let list = Self.list(item.name) else { continue }
            let words = item.lines.joined(separator: " ").split(whereSeparator: \.isWhitespace)
            let isAtom = list.element == "atom"
            let count = isAtom ? molfile.elements.count : molfile.bonds.count
            guard words.count == count,
                words.allSatisfy({ $0 == "n/a" || list.kind.value($0) != nil })
            else {
                let why =
                    "\(item.name.prefix(60)) needs \(count) values of its "
                    + "kind, one a \(list.element), and has \(words.count)"
                try sink(.skipped(where: place(item), why: why))
                continue
            }
            for (index, word) in words.enumerated() where word != "n/a" {
                if isAtom {
                    atoms[index + 1, default: [:]][list.name] = list.kind.value(word)
                } else {
                    bonds[index + 1, default: [:]][list.name] = list.kind.value(word)
                }
            }
        }
        try emitElements(atoms, bonds, into: sink)
        for item in data where item.name.hasPrefix(SDFFormat.groupPrefix) {
            for (index, line) in item.lines.enumerated() {
                try group(item, line, index + 1, at: place(item, index), into: sink)
            }
        }
        try emitActivity(data, target, place, into: sink)
    }

    private func emitElements(
        _ atoms: [Int: [String: FieldValue]], _ bonds: [Int: [String: FieldValue]],
        into sink: EventSink
    ) throws {
        let place = "\(file), line \(start)"
        for (atom, attributes) in atoms.sorted(by: { $0.key < $1.key }) {
            var attributes = attributes
            attributes["element"] = .text(molfile.elements[atom - 1])
            let label = LabelRecord(
                item: key, className: "atom", selector: .graph(kind: "atom", elements: ["\(atom)"]),
                attributes: attributes, externalID: "\(key)#atom/\(atom)")
            try Emit.label(label, at: place, into: sink)
        }
        for (bond, attributes) in bonds.sorted(by: { $0.key < $1.key }) {
            let (from, to) = molfile.bonds[bond - 1]
            let label = LabelRecord(
                item: key, className: "bond",
                selector: .graph(kind: "bond", elements: ["\(from)-\(to)"]),
                attributes: attributes, externalID: "\(key)#bond/\(from)-\(to)")
            try Emit.label(label, at: place, into: sink)
        }
    }

    private func group(
        _ item: SDFReader.DataItem, _ line: String, _ number: Int, at place: String,
        into sink: EventSink
    ) throws {
        let name = String(item.name.dropFirst(SDFFormat.groupPrefix.count))
        try Emit.label(at: place, into: sink) { () throws(Refusal) in
            let words = line.split(whereSeparator: \.isWhitespace)
            let atoms = words.compactMap { Int($0) }
            guard !name.isEmpty, !atoms.isEmpty, atoms.count == words.count,
                atoms.allSatisfy({ (1...max(1, molfile.elements.count)).contains($0) }),
                !molfile.elements.isEmpty
            else { throw Refusal("a group is a line of atoms from 1 to \(molfile.elements.count)") }
            return LabelRecord(
                item: key, className: name,
                selector: .graph(kind: "atom", elements: atoms.map(String.init)),
                externalID: "\(key)#group/\(name)/\(number)")
        }
    }

    private func emitActivity(
        _ data: [SDFReader.DataItem], _ target: String?,
        _ place: (SDFReader.DataItem, Int) -> String, into sink: EventSink
    ) throws {
        var errors: ByteMap<[String]> = [:]
        for item in data {
            guard let assay = Self.assay(item.name), assay.isError else { continue }
            errors[Self.title(assay.type, assay.unit)] = item.lines
        }
        var counts: ByteMap<Int> = [:]
        for item in data {
            guard let assay = Self.assay(item.name), !assay.isError else { continue }
            for (index, line) in item.lines.enumerated() {
                let title = Self.title(assay.type, assay.unit)
                counts[title, default: 0] += 1
                let number = counts[title] ?? 1
                try Emit.label(at: place(item, index), into: sink) { () throws(Refusal) in
                    var attributes = try Self.measurement(line)
                    attributes["type"] = .text(assay.type)
                    if !assay.unit.isEmpty { attributes["unit"] = .text(assay.unit) }
                    if let target { attributes["target"] = .text(target) }
                    let lines = errors[title] ?? []
                    if index < lines.count,
                        let error = TextNumber.double(XMLTree.trim(lines[index]))
                    {
                        attributes["error"] = .float(error)
                    }
                    return LabelRecord(
                        item: key, className: "activity", selector: .wholeItem,
                        attributes: attributes,
                        externalID: "\(key)#activity/\(title)/\(number)")
                }
            }
        }
    }

    /// A relation, which is `=` where none is written, and a number.
    private static func measurement(_ line: String) throws(Refusal) -> [String: FieldValue] {
        let text = XMLTree.trim(line)
        let relation = String(text.prefix { "<>=~".contains($0) })
        guard let value = TextNumber.double(XMLTree.trim(String(text.dropFirst(relation.count))))
        else { throw Refusal("\"\(text.prefix(40))\" is no measured value") }
        return ["relation": .text(relation.isEmpty ? "=" : relation), "value": .float(value)]
    }
}
