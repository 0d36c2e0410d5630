import AnnotationModel
import Glibc

/// Files that a reading meets more than once: by another path, a link, or in a folder that was named, too.
///
/// Read twice, each label of theirs would be there twice. But in many formats a file's name says which item it is of,
/// and two names of one file, as tools that save space make them, are then the labels of two items. So another name of
/// a file is passed over only where it speaks of an item of which the first one has spoken.
struct FileRepeats {
    /// What was read of a file under its first name.
    private struct First {
        let name: String
        let place: String
        var items: ByteSet = []
    }

    /// What ends the reading of a file that was read before.
    private struct WasRead: Error {}

    private var repeated: Set<FileStatus.Identity> = []
    private var seen: Set<FileStatus.Identity> = []
    private var firsts: [FileStatus.Identity: First] = [:]

    /// Hears of a file that is going to be read.
    mutating func expect(_ file: InputFile) {
        guard let identity = Self.identity(file) else { return }
        if !seen.insert(identity).inserted { repeated.insert(identity) }
    }

    /// Reads a file, unless it was read under another name.
    mutating func read(
        _ file: InputFile, into sink: EventSink, _ body: (_ sink: EventSink) throws -> Void
    ) throws {
        try withoutActuallyEscaping(sink) { try pass(file, into: $0, body) }
    }

    private mutating func pass(
        _ file: InputFile, into sink: @escaping EventSink,
        _ body: (_ sink: EventSink) throws -> Void
    ) throws {
        guard let identity = Self.identity(file), repeated.contains(identity) else {
            return try body(sink)
        }
        var items: ByteSet = []
        guard let first = firsts[identity] else {
            try body { event in
                if let item = event.item { items.insert(item) }
                try sink(event)
            }
            firsts[identity] = First(name: file.name, place: Self.place(file.name), items: items)
            return
        }
        let note = FormatEvent.note(
            where: file.name, why: "is the same file as \(first.name), and was read once")
        if first.place.hasSameBytes(as: Self.place(file.name)) { return try sink(note) }
        var held: [FormatEvent] = []
        do {
            try body { event in
                if let item = event.item {
                    if first.items.contains(item) { throw WasRead() }
                    items.insert(item)
                }
                held.append(event)
            }
        } catch is WasRead {
            return try sink(note)
        } catch FormatError.ambiguous {
            // Its items are called after the file, and are those of the first one.
            return try sink(note)
        }
        for event in held { try sink(event) }
        firsts[identity]?.items.formUnion(items)
    }

    /// The files and folders without those that are named a second time, whatever they hold.
    ///
    /// - Parameter areItemsInside: Whether a file says itself which items it is of, so that its name does not matter.
    static func once(
        _ files: [InputFile], areItemsInside: Bool, into sink: EventSink
    ) throws -> [InputFile] {
        if files.count < 2 { return files }
        var names: [FileStatus.Identity: [InputFile]] = [:]
        return try files.filter { file in
            guard let identity = identity(file) else { return true }
            let known = names[identity]?.first {
                areItemsInside || FileSystem.isFolder(file.name)
                    || place($0.name).hasSameBytes(as: place(file.name))
            }
            names[identity, default: []].append(file)
            guard let known else { return true }
            let what = FileSystem.isFolder(file.name) ? "folder" : "file"
            try sink(
                .note(
                    where: file.name, why: "is the same \(what) as \(known.name), and was read once"
                ))
            return false
        }
    }

    private static func identity(_ file: InputFile) -> FileStatus.Identity? {
        file.isOnDisk ? FileStatus(followed: file.name)?.identity : nil
    }

    /// Where a name stands: the folder without links, and the name in it as it is.
    private static func place(_ path: String) -> String {
        let parent = FileSystem.parent(path)
        guard let real = realpath(parent.isEmpty ? "." : parent, nil) else { return path }
        defer { free(real) }
        return FileSystem.join(String(cString: real), FileSystem.lastComponent(path))
    }
}

extension FormatEvent {
    /// The item that a record speaks of.
    fileprivate var item: String? {
        switch self {
        case .item(let item): item.key
        case .annotation(let label): label.item
        case .labelClass, .skipped, .note, .fileRefused: nil
        }
    }
}
