import AnnotationModel
import Glibc
import LabelText

/// A label file with its path below the folder that the user gave.
struct FormatFile {
    let file: InputFile
    /// The path below the given folder; for a file that was given by itself its last component, and for
    /// bytes at hand the name.
    let path: String

    /// The path without the ending.
    var stem: String { FileTree.stem(path) }
    /// The last component without the ending.
    var bareStem: String { FileTree.stem(FileSystem.lastComponent(path)) }
    var parent: String { FileSystem.parent(path) }
}

/// Walks folders that hold label files, one folder's names in memory at a time.
enum FileTree {
    /// Data sets nest a handful of folders; links below the given folder are not followed.
    static let depthMax = 16

    /// Calls back for each wanted file in ascending order of names.
    static func forEach(
        _ inputs: [InputFile], where isWanted: (String) -> Bool,
        _ body: (FormatFile) throws -> Void
    ) throws {
        for input in inputs {
            if input.isOnDisk, FileSystem.isFolder(input.name) {
                try walk(input, input.name, below: "", depth: 0, isWanted, body)
            } else {
                let path = input.isOnDisk ? FileSystem.lastComponent(input.name) : input.name
                if isWanted(path) { try body(FormatFile(file: input, path: path)) }
            }
        }
    }

    /// The largest file of a folder whose records are held until all of it is read: a damaged one then costs
    /// nothing but itself.
    static let heldBytesMax = 1 << 24

    /// Reads each wanted file of labels, one file's records after the other.
    ///
    /// A damaged file among those of a folder is named and left out whole, and the others are read. A file that was
    /// given by itself, and text in another encoding than the format's, which the whole folder will have, end the
    /// reading; a given file of whose labels none can be taken is named.
    ///
    /// - Parameters:
    ///   - takesGiven: Whether a file that was given by itself is read whatever it is called.
    ///   - holdsItems: Whether a file holds its items, and labels only besides.
    static func forEach(
        _ inputs: [InputFile], where isWanted: (String) -> Bool, takesGiven: Bool = false,
        holdsItems: Bool = false, into sink: EventSink,
        _ body: (FormatFile, _ sink: EventSink) throws -> Void
    ) throws {
        var repeats = FileRepeats()
        try expect(inputs, where: isWanted, takesGiven: takesGiven, &repeats)
        for input in inputs {
            let isFolder = input.isOnDisk && FileSystem.isFolder(input.name)
            let isTaken = isFolder || !takesGiven ? isWanted : { _ in true }
            if isFolder { try nameLinks(input.name, depth: 0, into: sink) }
            try forEach([input], where: isTaken) { file in
                defer { file.file.meter?.finish(bytes: file.file.size) }
                try repeats.read(file.file, into: sink) { sink in
                    if isFolder, FileSystem.size(file.file.name) <= heldBytesMax {
                        return try readHeld(file, into: sink, body)
                    }
                    var account = FileAccount(holdsItems: holdsItems)
                    try withoutActuallyEscaping(sink) { sink in
                        try body(file) { event in
                            if isFolder { return try sink(event) }
                            try account.pass(event, into: sink)
                        }
                        if !isFolder { try account.finish(file.file.name, into: sink) }
                    }
                }
            }
        }
    }

    /// The number of files that are read.
    static func count(
        _ inputs: [InputFile], where isWanted: (String) -> Bool, takesGiven: Bool = false
    ) throws -> Int {
        var count = 0
        try forEachGiven(inputs, where: isWanted, takesGiven: takesGiven) { _, _ in count += 1 }
        return count
    }

    private static func forEachGiven(
        _ inputs: [InputFile], where isWanted: (String) -> Bool, takesGiven: Bool,
        _ body: (FormatFile, InputFile) throws -> Void
    ) throws {
        for input in inputs {
            let isFolder = input.isOnDisk && FileSystem.isFolder(input.name)
            try forEach([input], where: { !isFolder && takesGiven || isWanted($0) }) {
                try body($0, input)
            }
        }
    }

    /// Tells a meter, where there is one, how much there is to read, and finds the files that are met twice.
    private static func expect(
        _ inputs: [InputFile], where isWanted: (String) -> Bool, takesGiven: Bool,
        _ repeats: inout FileRepeats
    ) throws {
        try forEachGiven(inputs, where: isWanted, takesGiven: takesGiven) { file, input in
            repeats.expect(file.file)
            input.meter?.expect(bytes: file.file.size)
        }
    }

    /// Reads a file of a folder as a whole.
    private static func readHeld(
        _ file: FormatFile, into sink: EventSink,
        _ body: (FormatFile, _ sink: EventSink) throws -> Void
    ) throws {
        var events: [FormatEvent] = []
        do {
            try body(file) { events.append($0) }
        } catch let error as FormatError {
            guard error.concerns(file.file.name) else { throw error }
            return try sink(
                .fileRefused(where: file.file.name, why: error.reason(file.file.name)))
        }
        for event in events { try sink(event) }
    }

    private static func walk(
        _ root: InputFile, _ folder: String, below: String, depth: Int,
        _ isWanted: (String) -> Bool,
        _ body: (FormatFile) throws -> Void
    ) throws {
        for name in try FileSystem.names(in: folder) {
            let full = FileSystem.join(folder, name)
            let path = FileSystem.join(below, name)
            if FileSystem.isFolder(full) {
                guard !isLink(full) else { continue }
                guard depth < depthMax else {
                    throw FormatError.structure(
                        file: full, path: "", why: "folders are nested deeper than \(depthMax)")
                }
                try walk(root, full, below: path, depth: depth + 1, isWanted, body)
            } else if isWanted(path) {
                try body(FormatFile(file: root.member(path: full), path: path))
            }
        }
    }

    /// Says which folders are links: they may lead round in a circle, and are not looked into.
    private static func nameLinks(_ folder: String, depth: Int, into sink: EventSink) throws {
        for name in try FileSystem.names(in: folder) where depth < depthMax {
            let full = FileSystem.join(folder, name)
            guard FileSystem.isFolder(full) else { continue }
            if isLink(full) {
                try sink(
                    .note(
                        where: full,
                        why: "a link to a folder is not followed; give the folder that it leads to"
                    ))
            } else {
                try nameLinks(full, depth: depth + 1, into: sink)
            }
        }
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Whether a text file lies beside labels and holds none: lists of files or classes, and readmes.
    static func isList(_ path: String) -> Bool {
        let name = FileSystem.lastComponent(path).lowercased()
        let lists: ByteSet = [
            "classes.txt", "train.txt", "val.txt", "valid.txt", "test.txt", "trainval.txt",
            "all.txt",
        ]
        let folder = FileSystem.lastComponent(FileSystem.parent(path))
        return lists.contains(name) || name.hasPrefix("readme") || folder == "ImageSets"
    }

    /// A path without its ending.
    static func stem(_ path: String) -> String {
        let name = FileSystem.lastComponent(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path }
        return String(path.dropLast(name.distance(from: dot, to: name.endIndex)))
    }

    /// The ending in lower case, without the dot.
    static func ending(_ path: String) -> String {
        let name = FileSystem.lastComponent(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// A path that a file in `folder` names, with `.` and `..` resolved; nil where it leaves the root.
    static func resolved(_ name: String, in folder: String) -> String? {
        if name.hasPrefix("/") || name.hasPrefix("\\") { return nil }
        var parts: [Substring] = []
        for part in FileSystem.join(folder, name).split(whereSeparator: { $0 == "/" || $0 == "\\" })
        {
            if part == "." { continue }
            if part != ".." {
                parts.append(part)
            } else if parts.popLast() == nil {
                return nil
            }
        }
        return parts.joined(separator: "/")
    }
}

/// What was read of one given file: its items and classes are passed on once one of its labels was taken, or when the
/// file has ended without labels that could not be.
struct FileAccount {
    private let holdsItems: Bool
    private var isTaken = false
    private var skipped = 0
    private var held: [FormatEvent] = []
    private var isOpen = false
    /// Of a file that lists more before its first label, no more is held.
    private static let heldMax = 1 << 16

    init(holdsItems: Bool) { self.holdsItems = holdsItems }

    mutating func pass(_ event: FormatEvent, into sink: EventSink) throws {
        switch event {
        case .annotation: isTaken = true
        case .item where holdsItems: isTaken = true
        case .skipped: skipped += 1
        case .item, .labelClass:
            if isTaken || isOpen { break }
            held.append(event)
            if held.count > Self.heldMax { try open(into: sink) }
            return
        case .note, .fileRefused: break
        }
        if isTaken { try open(into: sink) }
        try sink(event)
    }

    /// The end of the file, which is left out where it holds labels and none was taken.
    func finish(_ name: String, into sink: EventSink) throws {
        guard !isTaken, skipped > 0 else {
            for event in held { try sink(event) }
            return
        }
        let why = "none of its labels could be taken, \(skipped) were left out"
        // What was passed on already can only be undone with all that was read.
        if isOpen { throw FormatError.structure(file: name, path: "", why: why) }
        try sink(.fileRefused(where: name, why: why))
    }

    private mutating func open(into sink: EventSink) throws {
        if isOpen { return }
        isOpen = true
        for event in held { try sink(event) }
        held = []
    }
}
