import AnnotationModel

/// The part of YAML 1.2 that settings of data sets use, as a tree of texts.
///
/// Block and flow lists and mappings in any mixture and over any number of lines, the three ways to write a scalar,
/// block scalars, comments, `---`. Plain scalars stay texts: `no` may be a class. Anchors, aliases and tags are
/// refused, since what they stand for would be missing.
package struct YAMLText {
    /// Why a text is not read.
    package struct Problem: Error {
        package var line: Int
        package var why: String
    }

    /// Settings nest a handful of levels.
    private static let depthMax = 32

    private struct Line {
        package var number: Int
        package var indent: Int
        package var text: String
    }

    private var lines: [Line] = []
    private var position = 0

    /// A text as a double-quoted scalar that every reader takes: YAML's printable characters (1.2, section 5.1) as they
    /// are but those that end a line, all others by their number.
    package static func quoted(_ text: String) -> String {
        var written = ""
        for scalar in JSONValue.string(text).text.unicodeScalars {
            switch scalar.value {
            case 0x7f...0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff:
                let digits = String(scalar.value, radix: 16)
                written += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: written.unicodeScalars.append(scalar)
            }
        }
        return written
    }

    /// The tree of a text; `null` for an empty one.
    package static func parse(_ text: String) throws(Problem) -> JSONValue {
        var reader = YAMLText()
        var number = 0
        for raw in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            let line = withoutComment(String(raw))
            let indent = line.prefix { $0 == " " || $0 == "\t" }.count
            let content = XMLTree.trim(line)
            if content.isEmpty || content == "---" || content == "..." || content.hasPrefix("%") {
                continue
            }
            reader.lines.append(.init(number: number, indent: indent, text: content))
        }
        guard let first = reader.lines.first else { return .null }
        let tree = try reader.block(first.indent, depth: 0)
        if let rest = reader.next {
            throw Problem(
                line: rest.number, why: "the line is indented otherwise than those before")
        }
        return tree
    }

    private var next: Line? { lines.indices.contains(position) ? lines[position] : nil }

    private static func isDash(_ text: String) -> Bool { text == "-" || text.hasPrefix("- ") }

    private mutating func block(_ indent: Int, depth: Int) throws(Problem) -> JSONValue {
        guard let first = next else { return .null }
        guard depth < Self.depthMax else {
            throw Problem(line: first.number, why: "nested deeper than \(Self.depthMax) levels")
        }
        if Self.isDash(first.text) { return try list(indent, depth) }
        if Self.pair(first.text) != nil { return try mapping(indent, depth) }
        position += 1
        return try value(first.text, first, depth)
    }

    private mutating func list(_ indent: Int, _ depth: Int) throws(Problem) -> JSONValue {
        var elements: [JSONValue] = []
        while let line = next, line.indent == indent, Self.isDash(line.text) {
            let content = XMLTree.trim(String(line.text.dropFirst()))
            if content.isEmpty {
                position += 1
                elements.append(try nested(below: indent, depth, mayBeList: false))
            } else if Self.isDash(content) || Self.isMapping(content) {
                // What follows the dash is a block of its own, indented as far as it stands.
                let inner = indent + line.text.count - content.count
                lines[position] = Line(number: line.number, indent: inner, text: content)
                elements.append(try block(inner, depth: depth + 1))
            } else {
                position += 1
                elements.append(try value(content, line, depth))
            }
        }
        return .array(elements)
    }

    private static func isMapping(_ text: String) -> Bool {
        guard let first = text.first, first != "[", first != "{" else { return false }
        return pair(text) != nil
    }

    private mutating func mapping(_ indent: Int, _ depth: Int) throws(Problem) -> JSONValue {
        var members: ByteMap<JSONValue> = [:]
        while let line = next, line.indent == indent, !Self.isDash(line.text) {
            guard let (key, rest) = Self.pair(line.text) else {
                throw Problem(line: line.number, why: "a line is \"key: value\" or \"- value\"")
            }
            position += 1
            let value =
                rest.isEmpty
                ? try nested(below: indent, depth, mayBeList: true)
                : try value(rest, line, depth)
            if members.updateValue(value, forKey: key) != nil {
                throw Problem(line: line.number, why: "\"\(key.prefix(40))\" occurs twice")
            }
        }
        return .object(members)
    }

    private mutating func nested(
        below indent: Int, _ depth: Int, mayBeList: Bool
    ) throws(Problem) -> JSONValue {
        guard let line = next else { return .null }
        let isList = mayBeList && line.indent == indent && Self.isDash(line.text)
        guard line.indent > indent || isList else { return .null }
        return try block(line.indent, depth: depth + 1)
    }

    /// A value that begins on a line: in brackets or quotes, a block scalar, or plain; over further lines where it
    /// is not at its end.
    private mutating func value(
        _ text: String, _ line: Line, _ depth: Int
    ) throws(Problem) -> JSONValue {
        guard let first = text.first else { return .null }
        if first == "&" || first == "*" || first == "!" {
            throw Problem(line: line.number, why: "anchors, aliases and tags of YAML are not read")
        }
        if first == "|" || first == ">" {
            var parts: [String] = []
            while let more = next, more.indent > line.indent {
                parts.append(more.text)
                position += 1
            }
            return .string(parts.joined(separator: first == "|" ? "\n" : " "))
        }
        var whole = text
        if first == "[" || first == "{" || first == "\"" || first == "'" {
            var flow = YAMLFlow(whole)
            while !flow.isWhole, let more = next {
                whole += " " + more.text
                position += 1
                // Only a line that closes something can make it whole.
                if more.text.contains(where: { "]}\"'".contains($0) }) { flow = YAMLFlow(whole) }
            }
            guard let value = flow.value else {
                throw Problem(line: line.number, why: "the value is not closed, or malformed")
            }
            return value
        }
        while let more = next, more.indent > line.indent, Self.pair(more.text) == nil,
            !Self.isDash(more.text)
        {
            whole += " " + more.text
            position += 1
        }
        return .string(whole)
    }

    /// A key and the rest of its line; nil for a line without a colon that parts them.
    private static func pair(_ text: String) -> (key: String, rest: String)? {
        var key: String
        var rest: Substring
        if let quote = text.first, quote == "\"" || quote == "'" {
            let end = text.dropFirst().firstIndex(of: quote)
            guard let end, let value = YAMLFlow(String(text[...end])).value?.string else {
                return nil
            }
            key = value
            rest = text[text.index(after: end)...].drop { $0 == " " }
            guard rest.first == ":" else { return nil }
        } else {
            guard
                let colon = text.indices.first(where: { index in
                    let after = text.index(after: index)
                    return text[index] == ":" && (after == text.endIndex || text[after] == " ")
                })
            else { return nil }
            key = XMLTree.trim(String(text[..<colon]))
            rest = text[colon...]
        }
        rest = rest.dropFirst()
        return (key, XMLTree.trim(String(rest)))
    }

    private static func withoutComment(_ line: String) -> String {
        var quote: Character?
        var last: Character = " "
        for index in line.indices {
            let character = line[index]
            if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'",
                " [{,:-".contains(last)
            {
                quote = character
            } else if quote == nil, character == "#", last == " " || last == "\t" {
                return String(line[..<index])
            }
            last = character
        }
        return line
    }
}

/// A value in brackets or quotes.
private struct YAMLFlow {
    private let text: [Character]
    private var position = 0
    /// True if everything that was opened is closed.
    package private(set) var isWhole = true
    /// The value; nil for a malformed or unfinished one.
    package private(set) var value: JSONValue?

    package init(_ text: String) {
        self.text = Array(text)
        let parsed = read(depth: 0)
        skip()
        value = isWhole && position == self.text.count ? parsed : nil
    }

    private var current: Character? { position < text.count ? text[position] : nil }

    private mutating func skip() {
        while let current, current.isWhitespace { position += 1 }
    }

    private mutating func unfinished() -> JSONValue? {
        isWhole = false
        return nil
    }

    private mutating func read(depth: Int) -> JSONValue? {
        skip()
        guard let first = current, depth < 32 else { return unfinished() }
        switch first {
        case "[": return list(depth)
        case "{": return mapping(depth)
        case "\"", "'": return quoted(first)
        default:
            var plain = ""
            while let current, !",]}".contains(current),
                !(current == ":" && depth > 0 && isEnd(position + 1))
            {
                plain.append(current)
                position += 1
            }
            return .string(XMLTree.trim(plain))
        }
    }

    private func isEnd(_ index: Int) -> Bool {
        index >= text.count || text[index].isWhitespace || ",]}".contains(text[index])
    }

    private mutating func list(_ depth: Int) -> JSONValue? {
        position += 1
        var elements: [JSONValue] = []
        while true {
            skip()
            guard let current else { return unfinished() }
            if current == "]" {
                position += 1
                return .array(elements)
            }
            guard let element = read(depth: depth + 1) else { return nil }
            elements.append(element)
            guard endsMember(of: "]") else { return nil }
        }
    }

    /// Passes the comma behind a member; false where neither it nor the end of the collection follows.
    private mutating func endsMember(of end: Character) -> Bool {
        skip()
        switch current {
        case ",": position += 1
        case end: break
        case nil: isWhole = false
        default: return false
        }
        return isWhole
    }

    private mutating func mapping(_ depth: Int) -> JSONValue? {
        position += 1
        var members: ByteMap<JSONValue> = [:]
        while true {
            skip()
            guard let current else { return unfinished() }
            if current == "}" {
                position += 1
                return .object(members)
            }
            guard let key = read(depth: depth + 1)?.string else { return nil }
            skip()
            guard self.current == ":" else { return self.current == nil ? unfinished() : nil }
            position += 1
            guard let value = read(depth: depth + 1),
                members.updateValue(value, forKey: key) == nil
            else { return nil }
            guard endsMember(of: "}") else { return nil }
        }
    }

    private mutating func quoted(_ quote: Character) -> JSONValue? {
        let start = position
        position += 1
        while let current {
            position += 1
            if current == "\\", quote == "\"" {
                position += 1
            } else if current == quote {
                if quote == "'", self.current == "'" {
                    position += 1
                    continue
                }
                let inner = String(text[(start + 1)..<(position - 1)])
                guard quote == "\"" else {
                    return .string(
                        inner.split(separator: "''", omittingEmptySubsequences: false)
                            .joined(separator: "'"))
                }
                // The double quotes of YAML hold JSON's escapes.
                return try? JSONValue(parsing: "\"\(inner)\"")
            }
        }
        return unfinished()
    }
}
