import AnnotationModel
import LabelText

/// Writes molecules whose molfile is at hand, one file for each folder of item keys.
///
/// The labels of all molecules are held in memory, since those of one lie far apart in the logs.
struct SDFWriter {
    let output: any FormatOutput

    private final class Molecule {
        let item: ItemRecord
        let text: String
        let molfile: Molfile
        /// Lists by atom or bond: data item, then number, then value.
        var lists: ByteMap<[Int: String]> = [:]
        var labelled: ByteSet = []
        var groups: ByteMap<[String]> = [:]
        var activities: ByteMap<[(value: String, error: String)]> = [:]
        var target: String?
        var labels = 0
        var isLeftOut = false

        var folder: String { FileSystem.parent(item.key) }
        /// The first line, by which a reader calls the molecule: without a title of its own it would be called by its
        /// number in this file.
        var title: String {
            let own = XMLTree.trim(String(text.prefix { !$0.isNewline }))
            return own.isEmpty ? FileSystem.lastComponent(item.key) : own
        }

        init(_ item: ItemRecord, _ text: String, _ molfile: Molfile) {
            (self.item, self.text, self.molfile) = (item, text, molfile)
            target = item.fields[SDFFormat.prefix + SDFFormat.target]?.text
        }
    }

    func write(_ source: LabelSource, _ report: inout ConversionReport) throws {
        var molecules: [Molecule] = []
        var byKey: ByteMap<Molecule> = [:]
        try source.forEachItem { item in
            guard let text = Molfile.text(item.fields) else { return }
            do throws(Refusal) {
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                let molecule = Molecule(item, text, try Molfile(lines.map(String.init)))
                molecules.append(molecule)
                byKey[item.key] = molecule
            } catch {
                report.skip("the item's molfile is damaged: \(error.why)", example: item.key)
            }
        }
        try source.forEachAnnotation { label in
            if !label.isRetracted { byKey[label.item]?.labels += 1 }
        }
        Self.leaveOut(molecules, &report)
        try source.forEachAnnotation { label in
            guard let molecule = byKey[label.item] else {
                return report.skip(
                    "SDF needs the molecule in the item's field \(SDFFormat.molfile)",
                    example: label.item)
            }
            if molecule.isLeftOut { return }
            let place: String
            do throws(Refusal) {
                place = try add(label, to: molecule, &report)
            } catch {
                return report.skip(error.why, example: label.item)
            }
            report.annotations += 1
            output.labelWritten(as: "\(label.item)#\(place)")
            if label.confidence != nil {
                report.lose("confidence has no place in SDF", example: label.item)
            }
        }
        var files: ByteMap<[Molecule]> = [:]
        for molecule in molecules where !molecule.isLeftOut {
            files[molecule.folder, default: []].append(molecule)
        }
        for (folder, members) in files.sortedByKey() {
            try output.begin(Self.fileName(folder))
            var buffer = BufferedText(output)
            for molecule in members {
                try buffer.append(text(molecule))
                report.items += 1
            }
            try buffer.flush()
            try output.end()
        }
    }

    private static func fileName(_ folder: String) -> String {
        (folder.isEmpty ? "molecules" : folder) + ".sdf"
    }

    /// Leaves out the molecules whose folder cannot be a file, and those by whose title a reader would
    /// take them for another one of the file.
    private static func leaveOut(_ molecules: [Molecule], _ report: inout ConversionReport) {
        var first: ByteMap<ByteKey> = [:]
        for molecule in molecules {
            let key = ByteKey(molecule.item.key)
            first[molecule.folder] = min(first[molecule.folder] ?? key, key)
        }
        let folders = first.sortedByKey()
        var files = NameClaims(areFiles: true)
        let refusals = files.decide(
            folders.map { .init(key: $0.value.text, name: fileName($0.key)) })
        let refused = ByteMap<String?>(
            zip(folders, refusals).map { ($0.key, $1) }, uniquingKeysWith: { old, _ in old })
        var titles = NameClaims(areFiles: false)
        // A molecule that is called by its own title has more right to it than one that says so only.
        for isOwn in [true, false] {
            let asking = molecules.filter { molecule in
                let name = FileSystem.lastComponent(molecule.item.key)
                return !molecule.title.isEmpty && name.hasSameBytes(as: molecule.title) == isOwn
            }
            let refusals = titles.decide(
                asking.map { .init(key: $0.item.key, name: FileSystem.join($0.folder, $0.title)) })
            for (molecule, why) in zip(asking, refusals) where why != nil {
                molecule.isLeftOut = true
                report.leaveOut(molecule.item.key, why ?? "", labels: molecule.labels)
            }
        }
        for molecule in molecules where !molecule.isLeftOut {
            guard case .some(.some(let why)) = refused[molecule.folder] else { continue }
            molecule.isLeftOut = true
            report.leaveOut(molecule.item.key, why, labels: molecule.labels)
        }
    }

    /// Puts a label where it belongs, and returns the second half of its external id.
    private func add(
        _ label: LabelRecord, to molecule: Molecule, _ report: inout ConversionReport
    ) throws(Refusal) -> String {
        if label.isRetracted { throw Refusal("a retracted label has no place in SDF") }
        switch label.selector {
        case .graph("atom", let elements) where label.className == "atom" && elements.count == 1:
            guard let atom = Int(elements[0]),
                (1...max(1, molecule.molfile.elements.count)).contains(atom),
                !molecule.molfile.elements.isEmpty
            else { throw Refusal("an atom that the molecule does not have") }
            var attributes = label.attributes
            attributes["element"] = nil
            return try add(attributes, "atom", atom, "\(atom)", label, molecule, &report)
        case .graph("bond", let elements) where elements.count == 1:
            let bonds = molecule.molfile.bonds
            guard let index = bonds.firstIndex(where: { "\($0.0)-\($0.1)" == elements[0] }) else {
                throw Refusal("a bond that the molecule does not have; write it as in the molfile")
            }
            return try add(
                label.attributes, "bond", index + 1, elements[0], label, molecule, &report)
        case .graph("atom", let elements):
            let name = label.className
            let atoms = elements.compactMap { Int($0) }
            guard !name.isEmpty, XMLTree.trim(name) == name, !name.contains(where: \.isNewline),
                atoms.count == elements.count,
                atoms.allSatisfy({ (1...molecule.molfile.elements.count + 1).contains($0) }),
                atoms.allSatisfy({ $0 <= molecule.molfile.elements.count })
            else { throw Refusal("a group needs a class of one line and atoms of the molecule") }
            molecule.groups[name, default: []].append(elements.joined(separator: " "))
            if !label.attributes.isEmpty {
                report.lose("attributes of groups have no place in SDF", example: label.item)
            }
            return "group/\(name)/\(molecule.groups[name]?.count ?? 1)"
        case .wholeItem where label.className == "activity":
            return try activity(label, molecule, &report)
        default:
            throw Refusal(
                "SDF has atoms, bonds, groups and activities; this is a \(label.selector.kindName)")
        }
    }

    private func add(
        _ attributes: [String: FieldValue], _ element: String, _ number: Int, _ name: String,
        _ label: LabelRecord, _ molecule: Molecule, _ report: inout ConversionReport
    ) throws(Refusal) -> String {
        guard !attributes.isEmpty else {
            throw Refusal("an atom or bond without attributes says nothing in SDF")
        }
        guard molecule.labelled.insert("\(element)/\(name)").inserted else {
            throw Refusal("SDF has one label an atom or bond; the first is written")
        }
        var isLost = label.className != element
        for (key, value) in attributes {
            let isName =
                !key.isEmpty && !key.contains(where: { $0.isNewline || "<>".contains($0) })
            guard isName, let (kind, text) = Self.listed(value) else {
                isLost = true
                continue
            }
            molecule.lists["\(element).\(kind.rawValue).\(key)", default: [:]][number] = text
        }
        if isLost {
            report.lose(
                "lists hold numbers, truth and single words; others, and classes of bonds, have no place in SDF",
                example: label.item)
        }
        return "\(element)/\(name)"
    }

    private static func listed(_ value: FieldValue) -> (SDFFormat.ListKind, String)? {
        switch value {
        case .float(let number) where number.isFinite: (.double, number.description)
        case .integer(let number): (.integer, String(number))
        case .bool(let value): (.bool, value ? "1" : "0")
        case .text(let text)
        where !text.isEmpty && text != "n/a" && !text.contains(where: \.isWhitespace):
            (.text, text)
        default: nil
        }
    }

    private func activity(
        _ label: LabelRecord, _ molecule: Molecule, _ report: inout ConversionReport
    ) throws(Refusal) -> String {
        var attributes = label.attributes
        let type = attributes.removeValue(forKey: "type")?.text ?? ""
        let unit = attributes.removeValue(forKey: "unit")?.text ?? ""
        let title = SDFLabels.title(type, unit)
        let relation = attributes.removeValue(forKey: "relation")?.text ?? "="
        guard let assay = SDFLabels.assay(title), assay == (type, unit, false),
            !title.contains(where: \.isNewline),
            let value = attributes.removeValue(forKey: "value")?
                .number, value.isFinite, relation.allSatisfy({ "<>=~".contains($0) })
        else {
            throw Refusal(
                "an activity needs a type (\(SDFFormat.assays.joined(separator: ", "))), a value and a unit"
            )
        }
        if let target = attributes["target"]?.text, !target.contains(where: \.isNewline),
            molecule.target ?? target == target
        {
            molecule.target = target
            attributes["target"] = nil
        }
        let error = attributes.removeValue(forKey: "error")?.number
        if !attributes.isEmpty {
            report.lose(
                "a second target, and attributes of activities, have no place in SDF",
                example: label.item)
        }
        molecule.activities[title, default: []].append(
            (
                (relation == "=" ? "" : relation) + value.description,
                error.flatMap { $0.isFinite ? $0.description : nil } ?? "n/a"
            ))
        return "activity/\(title)/\(molecule.activities[title]?.count ?? 1)"
    }

    private func text(_ molecule: Molecule) -> String {
        var text = molecule.text + "\n"
        if molecule.molfile.title.isEmpty { text = molecule.title + text.drop { !$0.isNewline } }
        func add(_ name: String, _ lines: String) { text += "> <\(name)>\n\(lines)\n\n" }
        for (field, value) in molecule.item.fields.sorted(by: { $0.key < $1.key })
        where field.hasPrefix(SDFFormat.prefix) && !Molfile.isField(field) {
            let name = String(field.dropFirst(SDFFormat.prefix.count))
            if name != SDFFormat.target { add(name, value.plainText) }
        }
        if let target = molecule.target { add(SDFFormat.target, target) }
        for (name, values) in molecule.lists.sortedByKey() {
            let count =
                name.hasPrefix("atom.")
                ? molecule.molfile.elements.count : molecule.molfile.bonds.count
            // Lines of data items hold 200 characters; readers join them.
            let words = (1...max(1, count)).map { values[$0] ?? "n/a" }
            add(name, Self.wrapped(words))
        }
        for (name, lines) in molecule.groups.sortedByKey() {
            add(SDFFormat.groupPrefix + name, lines.joined(separator: "\n"))
        }
        for (title, values) in molecule.activities.sortedByKey() {
            add(title, values.map(\.value).joined(separator: "\n"))
            if values.contains(where: { $0.error != "n/a" }), let assay = SDFLabels.assay(title) {
                add(
                    SDFLabels.title(assay.type, assay.unit, isError: true),
                    values.map(\.error).joined(separator: "\n"))
            }
        }
        return text + "$$$$\n"
    }

    private static func wrapped(_ words: [String]) -> String {
        var lines = [""]
        for word in words {
            if lines[lines.count - 1].utf8.count + word.utf8.count > 190, lines.last != "" {
                lines.append("")
            }
            lines[lines.count - 1] += (lines.last == "" ? "" : " ") + word
        }
        return lines.joined(separator: "\n")
    }
}
