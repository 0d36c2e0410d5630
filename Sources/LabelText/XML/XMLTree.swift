import AnnotationModel

/// One element with all that it holds: an object of a label file.
package struct XMLTree {
    /// The most elements in one tree.
    package static let elementsMax = 1 << 20

    package var name: String
    package var attributes: ByteMap<String>
    package var children: [XMLTree] = []
    package var text = ""
    /// The offset after the start tag, for messages.
    package var offset = 0

    /// The text without white space around it.
    package var trimmed: String { Self.trim(text) }

    /// The first child of a name.
    package func first(_ name: String) -> XMLTree? { children.first { $0.name == name } }

    /// The text of the first child of a name; nil for a missing or empty one.
    package func value(_ name: String) -> String? {
        guard let text = first(name)?.trimmed, !text.isEmpty else { return nil }
        return text
    }

    package func number(_ name: String) -> Double? { value(name).flatMap { TextNumber.double($0) } }

    /// A number in an attribute.
    package func attribute(_ name: String) -> Double? {
        attributes[name].flatMap { TextNumber.double(Self.trim($0)) }
    }

    package static func trim(_ text: String) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }
}

extension XMLScanner {
    /// Reads the rest of an element whose start tag was just read.
    package mutating func tree(
        _ name: String, _ attributes: ByteMap<String>
    ) throws(TextFault) -> XMLTree {
        var count = 0
        return try tree(name, attributes, &count)
    }

    private mutating func tree(
        _ name: String, _ attributes: ByteMap<String>, _ count: inout Int
    ) throws(TextFault) -> XMLTree {
        count += 1
        if count > XMLTree.elementsMax {
            throw error("<\(name)> holds more than \(XMLTree.elementsMax) elements")
        }
        var tree = XMLTree(name: name, attributes: attributes, offset: offset)
        while let event = try next() {
            switch event {
            case .text(let text):
                guard tree.text.utf8.count + text.utf8.count <= Self.textBytesMax else {
                    throw error("the text of <\(name)> is too long")
                }
                tree.text += text
            case .start(let name, let attributes):
                tree.children.append(try self.tree(name, attributes, &count))
            case .end: return tree
            }
        }
        return tree
    }

    /// Passes over the rest of an element whose start tag was just read.
    package mutating func skip() throws(TextFault) {
        var level = 1
        while level > 0, let event = try next() {
            switch event {
            case .start: level += 1
            case .end: level -= 1
            case .text: break
            }
        }
    }
}

/// Writes XML, one element a line.
package struct XMLWriter {
    package private(set) var bytes: [UInt8] = []
    private var open: [String] = []

    package init() {}

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    package mutating func declaration() {
        bytes.append(contentsOf: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
    }

    package mutating func start(_ name: String, _ attributes: [(String, String)] = []) {
        tag(name, attributes)
        bytes.append(contentsOf: ">\n".utf8)
        open.append(name)
    }

    package mutating func end() {
        guard let name = open.popLast() else { return }
        indent()
        bytes.append(contentsOf: "</\(name)>\n".utf8)
    }

    package mutating func empty(_ name: String, _ attributes: [(String, String)] = []) {
        tag(name, attributes)
        bytes.append(contentsOf: "/>\n".utf8)
    }

    package mutating func text(
        _ name: String, _ text: String, _ attributes: [(String, String)] = []
    ) {
        tag(name, attributes)
        bytes.append(UInt8(ascii: ">"))
        escape(text)
        bytes.append(contentsOf: "</\(name)>\n".utf8)
    }

    private mutating func tag(_ name: String, _ attributes: [(String, String)]) {
        indent()
        bytes.append(contentsOf: "<\(name)".utf8)
        for (key, value) in attributes {
            bytes.append(contentsOf: " \(key)=\"".utf8)
            escape(value)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    private mutating func indent() {
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * open.count))
    }

    /// Why an item of this key has no place in XML: a replacement character would make two keys one.
    package static func problem(_ key: String) -> String? {
        guard let scalar = key.unicodeScalars.first(where: { !isPossible($0) }) else { return nil }
        return "the key holds U+\(String(scalar.value, radix: 16, uppercase: true)), which XML "
            + "has no place for"
    }

    private static func isPossible(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x20 && scalar.value != 0xfffe && scalar.value != 0xffff
            || scalar == "\n" || scalar == "\r" || scalar == "\t"
    }

    /// Control characters have no place in XML 1.0 at all; a replacement character stands for them.
    private mutating func escape(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": bytes.append(contentsOf: "&lt;".utf8)
            case ">": bytes.append(contentsOf: "&gt;".utf8)
            case "&": bytes.append(contentsOf: "&amp;".utf8)
            case "\"": bytes.append(contentsOf: "&quot;".utf8)
            case "\n", "\r", "\t": bytes.append(contentsOf: "&#\(scalar.value);".utf8)
            case _ where !Self.isPossible(scalar):
                bytes.append(contentsOf: "\u{fffd}".utf8)
            default: bytes.append(contentsOf: String(Character(scalar)).utf8)
            }
        }
    }
}
