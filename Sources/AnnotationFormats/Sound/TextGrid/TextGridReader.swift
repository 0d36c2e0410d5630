import AnnotationModel
import LabelText

/// The values of a Praat text file: numbers, quoted texts and flags; all other words are decoration.
struct TextGridTokens {
    enum Token: Equatable {
        case number(Double)
        case text(String)
        case flag(String)
    }

    /// The largest file in bytes: a day of phones has a few megabytes.
    static let bytesMax = 1 << 28

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private(set) var line = 1
    let file: String

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(FormatError) {
        guard bytes.count <= Self.bytesMax else {
            throw .structure(
                file: file, path: "", why: "\(bytes.count) bytes, the limit is \(Self.bytesMax)")
        }
        self.file = file
        guard let text = Self.text(bytes) else {
            throw .text(
                file: file, line: 1,
                why: "neither UTF-8 nor UTF-16 with a byte order mark; save it as UTF-8")
        }
        scalars = Array(text.unicodeScalars)
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
        let isLittle = bytes.starts(with: [0xff, 0xfe])
        if isLittle || bytes.starts(with: [0xfe, 0xff]) {
            guard bytes.count % 2 == 0 else { return nil }
            let units = stride(from: 2, to: bytes.count, by: 2).map { index in
                let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
                return isLittle ? second << 8 | first : first << 8 | second
            }
            return String(validating: units, as: UTF16.self)
        }
        if bytes.prefix(4).contains(0) { return nil }
        let rest = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
        return String(validating: UnsafeRawBufferPointer(rebasing: rest), as: UTF8.self)
    }

    func error(_ why: String) -> FormatError { .text(file: file, line: line, why: why) }

    /// The next value; nil at the end of the file.
    mutating func next() throws(FormatError) -> Token? {
        while position < scalars.count {
            let scalar = scalars[position]
            if scalar.properties.isWhitespace {
                if scalar == "\n" { line += 1 }
                position += 1
            } else if scalar == "!" {
                while position < scalars.count, scalars[position] != "\n" { position += 1 }
            } else if scalar == "\"" {
                return .text(try quoted())
            } else {
                let word = word()
                if word.hasPrefix("<"), word.hasSuffix(">") { return .flag(word) }
                if let number = TextNumber.double(word) { return .number(number) }
            }
        }
        return nil
    }

    private mutating func word() -> String {
        var word = String.UnicodeScalarView()
        while position < scalars.count, !scalars[position].properties.isWhitespace {
            word.append(scalars[position])
            position += 1
        }
        return String(word)
    }

    private mutating func quoted() throws(FormatError) -> String {
        let start = line
        var text = String.UnicodeScalarView()
        position += 1
        while position < scalars.count {
            let scalar = scalars[position]
            position += 1
            if scalar == "\n" { line += 1 }
            guard scalar == "\"" else {
                text.append(scalar)
                continue
            }
            guard position < scalars.count, scalars[position] == "\"" else { return String(text) }
            text.append(scalar)
            position += 1
        }
        throw .text(
            file: file, line: start, why: "the text is not closed by \"; the file may be cut")
    }

    mutating func number(_ what: String) throws(FormatError) -> Double {
        guard case .number(let value)? = try next() else {
            throw error("\(what) is missing; a number is expected")
        }
        return value
    }

    mutating func text(_ what: String) throws(FormatError) -> String {
        guard case .text(let value)? = try next() else {
            throw error("\(what) is missing; a text in \" is expected")
        }
        return value
    }

    /// A count; it is not believed, only counted down.
    mutating func count(_ what: String) throws(FormatError) -> Int {
        let value = try number(what)
        guard value >= 0, value < 0x1p31, let count = Int(exactly: value) else {
            throw error("\(what) must be a count")
        }
        return count
    }
}

/// Reads one TextGrid.
struct TextGridReader {
    let file: FormatFile
    let item: String
    var tokens: TextGridTokens

    mutating func read(into sink: EventSink) throws {
        guard try tokens.text("the file type") == "ooTextFile" else {
            throw tokens.error("the file type is \"ooTextFile\"; is it a Praat text file?")
        }
        guard try tokens.text("the object class") == "TextGrid" else {
            throw tokens.error("the object is no TextGrid; save the TextGrid by itself")
        }
        _ = try tokens.number("xmin")
        let end = try tokens.number("xmax")
        guard case .flag(let flag)? = try tokens.next() else {
            throw tokens.error("<exists> or <absent> is missing")
        }
        let tiers = flag == "<exists>" ? try tokens.count("the number of tiers") : 0
        var fields: [String: FieldValue] = end >= 0 ? ["duration": .float(end)] : [:]
        // Empty tiers are drawn before anybody listens; a file without any says that nothing was heard.
        if tiers == 0 { fields["examined"] = .bool(true) }
        guard try Emit.item(item, fields, at: file.file.name, into: sink) else { return }
        var number = 0
        while number < tiers {
            number += 1
            try readTier(number, into: sink)
        }
    }

    private mutating func readTier(_ number: Int, into sink: EventSink) throws {
        let kind = try tokens.text("the class of tier \(number)")
        guard kind == "IntervalTier" || kind == "TextTier" else {
            throw tokens.error(
                "tier \(number) is a \"\(kind.prefix(40))\"; IntervalTier or TextTier")
        }
        let name = try tokens.text("the name of tier \(number)")
        _ = try tokens.number("xmin of tier \(number)")
        _ = try tokens.number("xmax of tier \(number)")
        let count = try tokens.count("the size of tier \(number)")
        var index = 0
        while index < count {
            index += 1
            let what = "interval or point \(index) of tier \(number)"
            let start = try tokens.number(what)
            let end = kind == "TextTier" ? start : try tokens.number(what)
            let line = tokens.line
            let text = try tokens.text(what)
            if text.isEmpty || XMLTree.trim(text).isEmpty, kind == "IntervalTier" { continue }
            let place = "\(file.file.name), line \(line)"
            try Emit.label(at: place, into: sink) { () throws(Refusal) in
                guard start <= end else { throw Refusal("the interval ends before it begins") }
                guard !name.isEmpty else { throw Refusal("the tier has no name for the class") }
                var label = LabelRecord(
                    item: item, className: name,
                    selector: .interval(start: start, end: end, channels: []),
                    externalID: "\(file.stem)#\(number)@\(TextNumber.text(start))")
                if text != name, !text.isEmpty {
                    label.attributes[SpeechAttribute.transcript] = .text(text)
                }
                return label
            }
        }
    }
}
