import AnnotationModel

/// How many bytes things have on the wire, by the forms of Docs/Protocol.md; all members' names are equally long.
struct FanOutWire {
    /// Lines of cosignatures that a node keeps under one checkpoint.
    static let witnessesMax = 99
    /// Of a request and its answer: both heads, and what TLS puts around them, as a guess.
    static let request = 350
    /// A changeset with one label that cites nothing, signed: the example of Docs/Protocol.md.
    static let label = 274
    /// Bytes of notes beyond which a list has them without cosignatures, and of the word that says so.
    static let toldMax = 6 << 20
    static let plainWord = 13
    /// What a watch puts into one line at most, of entries.
    static let inlineMax = 32_768

    /// An offer in the list of logs, by the number of cosignatures under its checkpoint.
    let offers: [Int]
    /// A checkpoint's note, by the same.
    let notes: [Int]
    /// A head that an entry cites, with the name of its log's member among the entry's strings.
    let head: Int
    /// The most heads that fit into one changeset.
    let headsMax: Int

    init() throws {
        let (log, origin) = (FanOutPlan.log(1), FanOutPlan.origin(1))
        let text = "\(log)\n2\n\(Self.base64(32))\n\n\u{2014} \(log) \(Self.base64(68))\n"
        let line = "\u{2014} \(origin) \(Self.base64(76))\n"
        var (offers, notes) = ([Int](), [Int]())
        for count in 0...Self.witnessesMax {
            let note = text + String(repeating: line, count: count)
            notes.append(note.utf8.count)
            let document = "{\"origin\":\"\(log)\",\"size\":2,\"checkpoint\":\"\(note)\"},"
            // JSON writes a slash and the end of a line as two bytes each; of base64 every 64th byte is a slash.
            let escaped = document.utf8.count { $0 == 0x2f || $0 == 0x0a }
            offers.append(document.utf8.count + escaped + (136 + count * 104) / 64)
        }
        (self.offers, self.notes) = (offers, notes)
        let heads = try (0..<Changeset.headsMax).map { _ in
            Head(
                origin: try Origin(origin), merged: 2, size: 2,
                root: [UInt8](repeating: 0, count: 32),
                signature: [UInt8](repeating: 0, count: 64))
        }
        headsMax = Changeset.split(heads).fitting.count
        // Five members, of them the index of a string, two small numbers, 32 and 64 bytes; the string.
        head = 1 + 3 + 1 + 1 + 34 + 66 + 1 + origin.utf8.count
    }

    /// A label's entry that cites so many heads.
    func entry(citing heads: Int) -> Int { Self.label + heads * head }

    private static func base64(_ bytes: Int) -> String {
        String(repeating: "A", count: (bytes + 2) / 3 * 4)
    }
}
