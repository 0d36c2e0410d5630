import AnnotationModel

/// The classes of a YOLO data set: from `data.yaml`, or a text file with one name a line.
struct YOLOClasses {
    static let namesMax = 65_536
    var names: [String] = []
    /// The number of keypoints, and of figures for each; from `kpt_shape`.
    var keypointShape: (count: Int, figures: Int)?

    static func isClassFile(_ path: String) -> Bool {
        let name = FileSystem.lastComponent(path).lowercased()
        return name == "classes.txt" || name.hasSuffix(".names") || name.hasSuffix(".yaml")
            || name.hasSuffix(".yml")
    }

    /// Reads a file of either kind; nil for a YAML file that names no classes.
    static func read(_ file: FormatFile) throws -> YOLOClasses? {
        let text = try file.file.smallText(bytesMax: 1 << 22)
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        var classes = YOLOClasses()
        if ["yaml", "yml"].contains(FileTree.ending(file.path)) {
            guard try classes.readYAML(lines.map(String.init), file: file.file.name) else {
                return nil
            }
        } else {
            classes.names = lines.map { XMLTree.trim(String($0)) }
            while classes.names.last == "" { classes.names.removeLast() }
        }
        try classes.check(file.file.name)
        return classes
    }

    private func check(_ file: String) throws {
        guard names.count <= Self.namesMax, Set(names).count == names.count,
            names.allSatisfy({ !$0.isEmpty && $0.utf8.count <= RecordRule.nameBytesMax })
        else {
            throw FormatError.structure(
                file: file, path: "names",
                why: "a class has no name, a very long one, or that of another class; "
                    + "indices would then mean something else")
        }
    }

    // MARK: The part of YAML that these files use

    private mutating func readYAML(_ lines: [String], file: String) throws -> Bool {
        var byIndex: [Int: String] = [:]
        var hasNames = false
        var isInNames = false
        for (index, raw) in lines.enumerated() {
            let line = Self.withoutComment(raw)
            let content = XMLTree.trim(line)
            if content.isEmpty { continue }
            func bad(_ why: String) -> FormatError { .text(file: file, line: index + 1, why: why) }
            if isInNames, line.first == " " || line.first == "\t" || content.hasPrefix("- ") {
                if content.hasPrefix("- ") {
                    byIndex[byIndex.count] = Self.scalar(String(content.dropFirst(2)))
                } else {
                    guard let (key, value) = Self.pair(content), let number = Int(key),
                        (0..<Self.namesMax).contains(number), byIndex[number] == nil
                    else { throw bad("a class is written \"- name\" or \"0: name\", each once") }
                    byIndex[number] = Self.scalar(value)
                }
                continue
            }
            isInNames = false
            guard let (key, value) = Self.pair(content) else { continue }
            if key == "names" {
                hasNames = true
                isInNames = value.isEmpty
                guard value.isEmpty || readInline(value, &byIndex) else {
                    throw bad("the list of names cannot be read; write one name a line")
                }
            } else if key == "kpt_shape" {
                let figures = value.filter { !"[] ".contains($0) }.split(separator: ",")
                    .compactMap { Int($0) }
                guard figures.count == 2, (1...1_000).contains(figures[0]),
                    (2...3).contains(figures[1])
                else { throw bad("kpt_shape is [number of points, 2 or 3]") }
                keypointShape = (figures[0], figures[1])
            }
        }
        guard hasNames else { return false }
        names = []
        for index in 0..<byIndex.count {
            guard let name = byIndex[index] else {
                throw FormatError.structure(
                    file: file, path: "names", why: "no class has the index \(index)")
            }
            names.append(name)
        }
        return true
    }

    private func readInline(_ value: String, _ byIndex: inout [Int: String]) -> Bool {
        guard let open = value.first, let close = value.last,
            (open == "[" && close == "]") || (open == "{" && close == "}")
        else { return false }
        for part in Self.parts(value.dropFirst().dropLast()) {
            if open == "[" {
                byIndex[byIndex.count] = Self.scalar(part)
            } else {
                guard let (key, name) = Self.pair(part), let number = Int(key),
                    (0..<Self.namesMax).contains(number), byIndex[number] == nil
                else { return false }
                byIndex[number] = Self.scalar(name)
            }
        }
        return true
    }

    /// Splits at commas outside of quotes.
    private static func parts(_ text: some StringProtocol) -> [String] {
        var parts: [String] = [""]
        var quote: Character?
        for character in text {
            if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
            } else if quote == nil, character == "," {
                parts.append("")
                continue
            }
            parts[parts.count - 1].append(character)
        }
        let trimmed = parts.map(XMLTree.trim)
        return trimmed == [""] ? [] : trimmed
    }

    private static func pair(_ text: String) -> (key: String, value: String)? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        return (
            scalar(String(text[..<colon])), XMLTree.trim(String(text[text.index(after: colon)...]))
        )
    }

    private static func scalar(_ text: String) -> String {
        let text = XMLTree.trim(text)
        guard text.count >= 2, let first = text.first, first == text.last else { return text }
        if first == "'" {
            return text.dropFirst().dropLast().split(
                separator: "''", omittingEmptySubsequences: false
            ).joined(separator: "'")
        }
        // The double quotes of YAML hold JSON's escapes.
        if first == "\"", case .string(let value)? = try? JSONValue(parsing: text) { return value }
        return text
    }

    private static func withoutComment(_ line: String) -> String {
        if line.hasPrefix("#") { return "" }
        var quote: Character?
        var last: Character = " "
        for index in line.indices {
            let character = line[index]
            if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
            } else if quote == nil, character == "#", last == " " {
                return String(line[..<index])
            }
            last = character
        }
        return line
    }
}
