import AnnotationModel
import LabelText

/// Finds the item that a file of labels speaks of where the file only knows a name without ending.
enum MediaItems {
    static let audioEndings = [
        "wav", "flac", "mp3", "ogg", "opus", "m4a", "aac", "mp4", "webm", "mkv", "csv",
    ]
    static let textEndings = ["txt"]

    /// Whether an ending says what a file is, so that a name with it lacks none.
    static func isMedia(_ ending: String) -> Bool {
        ImageHead.endings.contains(ending) || audioEndings.contains(ending)
            || textEndings.contains(ending) || cloudEndings.contains(ending)
            || videoEndings.contains(ending)
    }
    private static let cloudEndings = ["pcd", "las", "laz", "ply", "bin"]
    static let videoEndings = ["mp4", "avi", "mkv", "webm", "mov"]

    /// The key of the known item that lies like a file of labels, with one of the endings; else the file's
    /// path with the first ending, unless it has one.
    static func key(
        _ file: FormatFile, endings: [String], finder: ItemFinder
    ) throws -> String {
        let known = try finder.key(file, byEnding: true) { path in
            let stem = FileTree.stem(path)
            return [stem] + ItemFinder.with(endings, [stem])
        }
        return try known ?? key(file.stem, endings: endings, context: .empty)
    }

    /// The key of a known item, by a name that stands in a file: itself or with an ending or below a
    /// folder; else the name with the first ending, unless it has one.
    static func key(
        _ name: String, endings: [String], folders: [String] = [""], context: ReadContext
    ) throws -> String {
        for folder in folders {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            if try context.itemFields(path) != nil { return path }
            for ending in endings where try context.itemFields("\(path).\(ending)") != nil {
                return "\(path).\(ending)"
            }
        }
        guard let first = endings.first, !endings.contains(FileTree.ending(name)) else {
            return name
        }
        return "\(name).\(first)"
    }

    /// The place of a key among those that a reader tries for a name without ending.
    ///
    /// - Parameter bareFirst: True where the reader tries the name itself first; else it does not try it.
    static func rank(_ key: String, endings: [String], bareFirst: Bool) -> Int {
        let index = endings.firstIndex { ending in
            key.utf8.reversed().starts(with: (ending.utf8.reversed() + [UInt8(ascii: ".")]))
        }
        return index.map { $0 + 1 } ?? (bareFirst ? 0 : endings.count + 1)
    }

    /// The name under which ``key(_:endings:folders:context:)`` finds the item again.
    static func name(_ key: String, endings: [String]) -> String {
        endings.contains(FileTree.ending(key)) ? FileTree.stem(key) : key
    }
}

/// Words for formats that part their columns by white space: `%20` stands for a blank.
enum BlankFree {
    /// The word for a text; only white space, control characters and `%` are written as `%` and two
    /// digits for each byte.
    static func word(_ text: String) -> String {
        var word = ""
        for scalar in text.unicodeScalars {
            let isPlain =
                scalar != "%" && scalar.value > 0x20 && !(0x7f...0xa0).contains(scalar.value)
                && !scalar.properties.isWhitespace
            if isPlain {
                word.unicodeScalars.append(scalar)
            } else {
                for byte in String(Character(scalar)).utf8 {
                    word += "%" + Hexadecimal.text([byte])
                }
            }
        }
        return word
    }

    /// The text of a word; a `%` without two hexadecimal digits stands for itself.
    static func text(_ word: some StringProtocol) -> String {
        if !word.utf8.contains(UInt8(ascii: "%")) { return String(word) }
        let bytes = Array(word.utf8)
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = Hexadecimal.bytes(
                    String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self).lowercased())
            {
                text += byte
                index += 3
            } else {
                text.append(bytes[index])
                index += 1
            }
        }
        return String(validating: text, as: UTF8.self) ?? String(word)
    }
}

extension ConversionReport {
    /// Notes what a label has besides class and selector and the format has no place for.
    mutating func loseMembers(
        of label: LabelRecord, in format: String, except kept: ByteSet = [],
        keepsConfidence: Bool = false, keepsAuthor: Bool = false
    ) {
        if label.confidence != nil, !keepsConfidence {
            lose("the confidence has no place in \(format)", example: label.item)
        }
        if label.author != nil, !keepsAuthor {
            lose("the author has no place in \(format)", example: label.item)
        }
        if label.attributes.contains(where: { !kept.contains($0.key) }) {
            lose("attributes have no place in \(format)", example: label.item)
        }
    }
}

/// Numbers the labels of each item as they come.
struct ItemCounter {
    private var counts: ByteMap<Int> = [:]

    /// The next number of a name, from 1.
    mutating func next(_ name: String) -> Int {
        let count = (counts[name] ?? 0) + 1
        counts[name] = count
        return count
    }
}

/// The names of attributes that formats of speech share.
enum SpeechAttribute {
    static let transcript = "transcript"
    static let speaker = "speaker"
    /// The class of a stretch of speech where the format names none.
    static let defaultClass = "speech"
}
