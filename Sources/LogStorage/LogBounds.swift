import Glibc

/// The file `bounds` in a log's folder: checkpoints that are kept because the log's readers change behind them.
///
/// Whoever is kept out of a log is served it up to the act that says so, and that takes a checkpoint which covers
/// exactly this much. The file is `countermark/bounds@v1`, then for each, ascending by size, `checkpoint <bytes>`
/// and that many bytes of signed note.
public enum LogBounds {
    /// The most checkpoints that are kept: a log changes its audience no more often.
    public static let countMax = 32
    /// The largest note that is kept, in bytes: a log's name, two short lines and one signature.
    public static let noteBytesMax = 4_096
    private static let head = "countermark/bounds@v1\n"

    private static func path(_ directory: String) -> String { directory + "/bounds" }

    /// The notes that are kept, ascending by size; none where there is no file, or it is damaged: they can be fetched
    /// again.
    public static func read(directory: String) -> [[UInt8]] {
        let path = path(directory)
        guard let file = try? DurableFile.openToRead(path) else { return [] }
        defer { close(file) }
        let limit = head.utf8.count + countMax * (noteBytesMax + 32)
        guard let bytes = try? DurableFile.read(file, path, max: limit),
            bytes.starts(with: head.utf8)
        else { return [] }
        var notes: [[UInt8]] = []
        var rest = bytes.dropFirst(head.utf8.count)
        while let end = rest.firstIndex(of: 0x0a), notes.count < countMax {
            let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
            guard line.hasPrefix("checkpoint "), let count = Int(line.dropFirst(11)),
                (1...noteBytesMax).contains(count), rest.endIndex - end > count
            else { break }
            notes.append(Array(rest[end + 1...end + count]))
            rest = rest[(end + 1 + count)...]
        }
        return notes
    }

    /// Replaces the notes that are kept, durably.
    public static func write(_ notes: [[UInt8]], directory: String) throws {
        var bytes = Array(head.utf8)
        for note in notes.prefix(countMax) where note.count <= noteBytesMax {
            bytes += Array("checkpoint \(note.count)\n".utf8) + note
        }
        try DurableFile.replace(path(directory), with: bytes)
    }
}
