import AnnotationModel

/// Reads the documents of one file, one in memory at a time.
struct CoNLLReader {
    /// The most words of one document.
    static let wordsMax = 1 << 20

    let file: FormatFile
    let context: ReadContext
    private let finder: ItemFinder

    private struct Word {
        var text: String
        var tag: Substring
        var line: Int
        var sentence: Int
    }

    private struct Entity {
        var name: String
        var first: Int
        var last: Int
    }

    private var words: [Word] = []
    private var sentence = 0
    private var documents = 0
    private var named: String?
    private var isStarted = false
    /// The number of columns of the file's first word.
    private var columnCount: Int?
    /// Words whose columns between the word and the tag say something.
    private var columnsLost = 0

    init(file: FormatFile, context: ReadContext, finder: ItemFinder) {
        (self.file, self.context, self.finder) = (file, context, finder)
    }

    mutating func read(into sink: EventSink) throws {
        try file.file.forEachLine { line, lines in
            let columns = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = columns.first else {
                sentence += 1
                return
            }
            if first == CoNLLFormat.documentStart {
                try finish(into: sink)
                isStarted = true
                let name = columns.count > 2 ? BlankFree.text(columns[1]) : ""
                named = name.isEmpty || CoNLLFormat.noValue.contains(name) ? nil : name
                return
            }
            guard columns.count >= 2, let tag = columns.last else {
                sentence += 1
                return try sink(
                    .skipped(
                        where: lines.place, why: "a line has a word and a tag, O for none"))
            }
            let expected = columnCount ?? columns.count
            columnCount = expected
            let isShifted = columns.count != expected
            if isShifted {
                try sink(
                    .skipped(
                        where: lines.place,
                        why:
                            "\(columns.count) columns, the lines before have \(expected); the word is kept "
                            + "without a tag"))
            }
            guard words.count < Self.wordsMax else {
                throw FormatError.text(
                    file: file.file.name, line: lines.line,
                    why: "a document of more than \(Self.wordsMax) words; begin a new one by "
                        + CoNLLFormat.documentStart)
            }
            if columns.dropFirst().dropLast().contains(where: {
                !CoNLLFormat.noValue.contains(String($0))
            }) {
                columnsLost += 1
            }
            words.append(
                Word(
                    text: BlankFree.text(first), tag: isShifted ? "O" : tag, line: lines.line,
                    sentence: sentence))
        }
        try finish(into: sink)
        guard columnsLost > 0 else { return }
        try sink(
            .note(
                where: file.file.name,
                why:
                    "the columns between word and tag have no place; those of \(columnsLost) words were "
                    + "left out"))
    }

    private mutating func finish(into sink: EventSink) throws {
        defer { (words, sentence, named) = ([], 0, nil) }
        if words.isEmpty, !isStarted || named == nil { return }
        documents += 1
        let number = documents
        let fallback = { (path: String) in
            FileTree.stem(path) + (number == 1 ? "" : "/\(number)")
        }
        let key = try named ?? finder.key(file) { [fallback($0)] } ?? fallback(file.path)
        let known = try context.itemFields(key)?["text"]?.text
        let place = "\(file.file.name), line \(words.first?.line ?? 1)"
        let document: TextDocument
        var ranges: [Range<Int>] = []
        if let known, let found = Self.ranges(of: words.map(\.text), in: known) {
            document = TextDocument(known)
            ranges = found
        } else if let known {
            return try sink(
                .skipped(
                    where: place,
                    why: "the words of \"\(key.prefix(80))\" are not those of its text of "
                        + "\(known.unicodeScalars.count) characters; labels would move"))
        } else {
            document = TextDocument(joined(&ranges))
        }
        var fields = document.fields
        let entities = try entities(into: sink)
        if entities.isEmpty { fields["examined"] = .bool(true) }
        guard try Emit.item(key, fields, at: place, into: sink) else { return }
        for (index, entity) in entities.enumerated() {
            let place = "\(file.file.name), line \(words[entity.first].line)"
            try Emit.label(at: place, into: sink) { () throws(Refusal) in
                let start = Int64(ranges[entity.first].lowerBound)
                let end = Int64(ranges[entity.last].upperBound)
                return LabelRecord(
                    item: key, className: entity.name,
                    selector: try document.span(start, end).selector,
                    externalID: "\(key)#\(index + 1)")
            }
        }
    }

    /// The words joined by blanks, with the place of each.
    private func joined(_ ranges: inout [Range<Int>]) -> String {
        var text = ""
        var position = 0
        for (index, word) in words.enumerated() {
            if index > 0 {
                text += word.sentence == words[index - 1].sentence ? " " : "\n"
                position += 1
            }
            text += word.text
            let count = word.text.unicodeScalars.count
            ranges.append(position..<(position + count))
            position += count
        }
        return text
    }

    /// The place of each word in a text that holds nothing else but white space; nil otherwise.
    static func ranges(of words: [String], in text: String) -> [Range<Int>]? {
        let scalars = Array(text.unicodeScalars)
        var ranges: [Range<Int>] = []
        var position = 0
        for word in words {
            while position < scalars.count, scalars[position].properties.isWhitespace {
                position += 1
            }
            let wanted = Array(word.unicodeScalars)
            guard position + wanted.count <= scalars.count,
                scalars[position..<(position + wanted.count)].elementsEqual(wanted)
            else { return nil }
            ranges.append(position..<(position + wanted.count))
            position += wanted.count
        }
        guard scalars[position...].allSatisfy(\.properties.isWhitespace) else { return nil }
        return ranges
    }

    private func entities(into sink: EventSink) throws -> [Entity] {
        var entities: [Entity] = []
        var isOpen = false
        for (index, word) in words.enumerated() {
            if word.tag == "O" {
                isOpen = false
                continue
            }
            let parts = word.tag.split(separator: "-", maxSplits: 1)
            guard parts.count == 2, let mark = parts.first?.first, parts[0].count == 1,
                "BIOESLU".contains(mark)
            else {
                isOpen = false
                try sink(
                    .skipped(
                        where: "\(file.file.name), line \(word.line)",
                        why: "\"\(word.tag.prefix(40))\" is no tag; B-CLASS, I-CLASS or O"))
                continue
            }
            let name = BlankFree.text(parts[1])
            let isSame =
                isOpen && entities.last?.name == name
                && words[index - 1].sentence == word.sentence
            if isSame, "IEL".contains(mark) {
                entities[entities.count - 1].last = index
            } else {
                entities.append(Entity(name: name, first: index, last: index))
            }
            isOpen = !"ESLU".contains(mark)
        }
        return entities
    }
}
