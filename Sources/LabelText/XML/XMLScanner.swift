import AnnotationModel

/// Walks an XML text element by element without building a tree.
///
/// A scanner of our own, because label files come from strangers and stay mapped: it holds one element
/// at a time, knows the line of every error, and has no entities to expand. A document type with
/// declarations, or one that names another file, is refused before anything of it is looked at; the
/// five entities of XML and numeric references are all there is. XML 1.0, UTF-8 only, no namespaces.
package struct XMLScanner {
    /// The deepest nesting.
    package static let depthMax = 64
    /// The most attributes of one element.
    package static let attributesMax = 256
    /// The longest name in bytes.
    package static let nameBytesMax = 256
    /// The longest value or text in bytes: a long list of points.
    package static let textBytesMax = 1 << 24

    package enum Event: Equatable {
        case start(String, ByteMap<String>)
        case text(String)
        case end(String)
    }

    private let bytes: UnsafeRawBufferPointer
    package let file: String
    private var position = 0
    private var open: [String] = []
    private var pendingEnd = false
    private let lines = LineIndex()
    private var hasRoot = false
    /// Hears which part has been read.
    package var meter: ReadMeter?

    package init(_ bytes: UnsafeRawBufferPointer, file: String) throws(TextFault) {
        try TextFault.refuseWideText(bytes, file: file)
        (self.bytes, self.file) = (bytes, file)
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    }

    /// The line that the scanner stands on.
    package var line: Int { lines.position(of: position, in: bytes).line }
    /// Where the scanner stands, for messages.
    package var offset: Int { position }
    /// The elements that are open.
    package var depth: Int { open.count }

    package func place(_ offset: Int) -> String {
        "\(file), line \(lines.position(of: offset, in: bytes).line)"
    }

    package func error(_ why: String, at offset: Int? = nil) -> TextFault {
        TextFault(
            file: file, line: lines.position(of: offset ?? position, in: bytes).line, why: why)
    }

    /// The next event, or nil after the end of the root element.
    package mutating func next() throws(TextFault) -> Event? {
        if pendingEnd {
            pendingEnd = false
            return .end(open.removeLast())
        }
        meter?.note(position)
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                if let text = try text() { return .text(text) }
                continue
            }
            if follows("<?") {
                try instruction()
            } else if follows("<!--") {
                try pass(to: "-->", what: "a comment")
            } else if follows("<![CDATA[") {
                return .text(try characterData())
            } else if follows("<!") {
                try documentType()
            } else if follows("</") {
                return .end(try endTag())
            } else {
                return try startTag()
            }
        }
        if let name = open.last { throw error("<\(name)> is not closed; the file may be cut") }
        if !hasRoot { throw error("no XML element in the file; it may be empty or cut") }
        return nil
    }

    // MARK: Tags

    private mutating func startTag() throws(TextFault) -> Event {
        if open.isEmpty, hasRoot { throw error("a second root element") }
        guard open.count < Self.depthMax else {
            throw error("elements are nested deeper than \(Self.depthMax)")
        }
        position += 1
        let name = try name()
        var attributes: ByteMap<String> = [:]
        while true {
            skipSpace()
            guard position < bytes.count else { throw error("the text ends inside <\(name)>") }
            if follows("/>") {
                position += 2
                pendingEnd = true
                break
            }
            if bytes[position] == UInt8(ascii: ">") {
                position += 1
                break
            }
            let key = try self.name()
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else {
                throw error("the attribute \(key) has no value")
            }
            position += 1
            skipSpace()
            guard attributes.count < Self.attributesMax,
                attributes.updateValue(try quoted(), forKey: key) == nil
            else { throw error("the attribute \(key) occurs twice, or there are too many") }
        }
        hasRoot = true
        open.append(name)
        return .start(name, attributes)
    }

    private mutating func endTag() throws(TextFault) -> String {
        position += 2
        let name = try name()
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: ">") else {
            throw error("</\(name) is not closed by >")
        }
        guard open.last == name else {
            throw error("</\(name)> closes <\(open.last ?? "")>; the file is damaged")
        }
        position += 1
        open.removeLast()
        return name
    }

    private mutating func name() throws(TextFault) -> String {
        let start = position
        while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
        guard (1...Self.nameBytesMax).contains(position - start) else {
            throw error("a name is missing or longer than \(Self.nameBytesMax) bytes", at: start)
        }
        return try string(start..<position)
    }

    private mutating func quoted() throws(TextFault) -> String {
        guard position < bytes.count,
            bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
        else { throw error("a value must stand in quotes") }
        let (quote, start) = (bytes[position], position + 1)
        position += 1
        while position < bytes.count, bytes[position] != quote {
            if bytes[position] == UInt8(ascii: "<") { throw error("a value holds '<'") }
            position += 1
        }
        guard position < bytes.count else {
            throw error("a value is not closed; the file may be cut", at: start)
        }
        let value = try decoded(start..<position)
        position += 1
        return value
    }

    // MARK: Text

    private mutating func text() throws(TextFault) -> String? {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
        guard open.isEmpty else { return try decoded(start..<position) }
        guard bytes[start..<position].allSatisfy(Self.isSpace) else {
            throw error("there is text outside of the root element", at: start)
        }
        return nil
    }

    private mutating func characterData() throws(TextFault) -> String {
        if open.isEmpty { throw error("there is text outside of the root element") }
        let start = position + 9
        try pass(to: "]]>", what: "a CDATA section")
        return try string(start..<(position - 3))
    }

    private func decoded(_ range: Range<Int>) throws(TextFault) -> String {
        guard bytes[range].contains(UInt8(ascii: "&")) else { return try string(range) }
        var result: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "&") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let rest = bytes[index..<min(range.upperBound, index + 12)]
            guard let semicolon = rest.firstIndex(of: UInt8(ascii: ";")),
                let scalar = Self.reference(
                    String(decoding: bytes[(index + 1)..<semicolon], as: UTF8.self))
            else {
                throw error(
                    "an entity that is not one of &lt; &gt; &amp; &quot; &apos; and numbers",
                    at: index)
            }
            result.append(contentsOf: String(Character(scalar)).utf8)
            index = semicolon + 1
        }
        guard result.count <= Self.textBytesMax,
            let text = String(validating: result, as: UTF8.self)
        else { throw error("a text is too long or not UTF-8", at: range.lowerBound) }
        return text
    }

    private static func reference(_ name: String) -> Unicode.Scalar? {
        switch name {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        let value: UInt32?
        if name.hasPrefix("#x") {
            value = UInt32(name.dropFirst(2), radix: 16)
        } else if name.hasPrefix("#") {
            value = UInt32(name.dropFirst(1))
        } else {
            value = nil
        }
        guard let value, value >= 0x20 || value == 9 || value == 10 || value == 13 else {
            return nil
        }
        return Unicode.Scalar(value)
    }

    private func string(_ range: Range<Int>) throws(TextFault) -> String {
        guard range.count <= Self.textBytesMax else {
            throw error("a text is longer than \(Self.textBytesMax) bytes", at: range.lowerBound)
        }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw error(
                "the text is not UTF-8; convert the file to UTF-8", at: range.lowerBound)
        }
        return text
    }

    // MARK: What is passed over

    private mutating func instruction() throws(TextFault) {
        let start = position
        try pass(to: "?>", what: "a processing instruction")
        let text = try string(start..<position).lowercased()
        guard text.hasPrefix("<?xml "), let mark = text.range(of: "encoding") else { return }
        let value = text[mark].filter { $0 != " " && $0 != "=" }.dropFirst()
        guard ["utf-8", "utf8", "us-ascii", "ascii"].contains(where: { value.hasPrefix($0) }) else {
            throw TextFault(
                file: file, line: lines.position(of: start, in: bytes).line,
                why: "the encoding is not UTF-8; convert the file to UTF-8", isEncoding: true)
        }
    }

    /// Passes over a bare `<!DOCTYPE name>`; anything with declarations or another file is refused.
    private mutating func documentType() throws(TextFault) {
        let start = position
        guard follows("<!DOCTYPE"), open.isEmpty, !hasRoot else {
            throw error("a declaration that label files do not have")
        }
        position += 9
        while position < bytes.count, bytes[position] != UInt8(ascii: ">") {
            let byte = bytes[position]
            guard Self.isSpace(byte) || Self.isNameByte(byte), position - start < 300 else {
                throw error(
                    "a document type with declarations or another file is not read, because "
                        + "entities can grow without bound; remove it", at: start)
            }
            position += 1
        }
        let name = try string((start + 9)..<position)
        guard position < bytes.count, name.split(separator: " ").count == 1 else {
            throw error("a document type with more than a name is not read; remove it", at: start)
        }
        position += 1
    }

    private mutating func pass(to end: StaticString, what: String) throws(TextFault) {
        let start = position
        while position < bytes.count {
            if follows(end) {
                position += end.utf8CodeUnitCount
                return
            }
            position += 1
        }
        throw error("\(what) is not closed; the file may be cut", at: start)
    }

    @inline(__always)
    private func follows(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for index in 0..<count where bytes[position + index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x80...0xff, UInt8(ascii: "_"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}

extension String {
    /// What stands after the first occurrence of a word.
    fileprivate func range(of word: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(word) {
                return index(start, offsetBy: word.count)..<endIndex
            }
            start = index(after: start)
        }
        return nil
    }
}
