import Signing

/// The cosigned checkpoints of one log that are worth keeping, with their cosignatures.
///
/// For each witness it keeps the largest tree that the witness cosigned, and the largest that it cosigned
/// before certain moments: once a certificate has expired, only a cosignature from before can show that
/// an entry was there in time. Sets that took the same cosignatures in any order are the same, so nodes that
/// hand them to each other come to rest.
public struct CosignatureSet: Sendable, Equatable {
    /// One witness's line under a checkpoint.
    public struct Line: Sendable, Equatable {
        /// The line as it stands in a note.
        public let signature: SignedNote.Signature
        /// When the witness signed, in seconds since 1970.
        public let time: Int64
        /// The witness's name.
        public var name: String { signature.name }
    }

    /// One checkpoint.
    public struct Entry: Sendable, Equatable {
        /// The signed text.
        public let text: [UInt8]
        /// The number of entries.
        public let size: UInt64
        /// The root.
        public let root: Digest
        /// The log's own signature.
        public let log: SignedNote.Signature
        /// The witnesses' lines, by name and key.
        public fileprivate(set) var lines: [Line]

        /// The checkpoint with its cosignatures.
        public var note: [UInt8] { note(with: lines) }

        /// The checkpoint with some of its cosignatures.
        public func note(with lines: [Line]) -> [UInt8] {
            ([log] + lines.map(\.signature)).reduce(into: text + [0x0a]) { note, signature in
                note += SignedNote.line(name: signature.name, signature.keyID + signature.bytes)
            }
        }
    }

    /// The first line of the file.
    public static let version = "countermark/cosigned@v1"
    /// The most checkpoints: one for each witness of a large consortium, and some of before.
    public static let entriesMax = 1_024
    /// The most cosignatures of one checkpoint; with the log's line a note holds one hundred.
    public static let linesMax = SignedNote.signaturesMax - 1
    /// The largest file.
    public static let bytesMax = 16 << 20
    /// The most moments before which the last cosignatures are kept.
    public static let momentsMax = 32

    /// The checkpoints, the largest first.
    public private(set) var entries: [Entry] = []

    /// No checkpoint.
    public init() {}

    /// Takes the cosignatures under a checkpoint that the log signed.
    ///
    /// Lines of unknown keys, lines that do not hold and lines from the future are dropped.
    ///
    /// - Parameters:
    ///   - note: the checkpoint with its cosignatures.
    ///   - log: the log's key, which bears the log's name.
    ///   - witnesses: the keys whose lines are wanted.
    ///   - latest: the latest time, in seconds since 1970, that is believed.
    ///   - moments: the moments before which the last cosignatures are kept as well.
    /// - Returns: True if something is new.
    /// - Throws: ``TransparencyLogError`` for a note that is none of the log's checkpoints.
    @discardableResult
    public mutating func add(
        _ note: [UInt8], log: NoteVerifier, witnesses: [NoteVerifier], latest: Int64,
        moments: [Int64] = []
    ) throws(TransparencyLogError) -> Bool {
        let checkpoint = try Checkpoint.open(note, verifier: log, origin: log.name)
        let signed = try SignedNote(note)
        guard let own = signed.signatures.first(where: { log.made($0) }) else {
            throw .noKnownSignature
        }
        let position = entries.firstIndex { $0.text == signed.text }
        let known = position.map { entries[$0].lines } ?? []
        var lines: [Line] = []
        for signature in signed.signatures
        where !known.contains(where: { $0.signature == signature }) {
            guard
                let witness = witnesses.first(where: {
                    $0.kind == .cosignature && $0.made(signature)
                }), let time = SignedNote.cosignatureTime(signature.bytes), time <= latest,
                witness.verifies(signature.bytes, text: signed.text)
            else { continue }
            lines.append(Line(signature: signature, time: time))
        }
        if lines.isEmpty { return false }
        let before = self
        if let position {
            entries[position].lines += lines
        } else {
            entries.append(
                Entry(
                    text: signed.text, size: checkpoint.size, root: checkpoint.root, log: own,
                    lines: lines))
        }
        prune(moments)
        return self != before
    }

    /// Drops what no witness's newest line, and no line before a moment, is.
    private mutating func prune(_ moments: [Int64]) {
        entries.sort { ($0.size, $0.root) > ($1.size, $1.root) }
        let bounds = [Int64.max] + Set(moments).sorted().suffix(Self.momentsMax)
        // For each witness and bound the place of the best line so far: entries come largest first.
        var best: [[UInt8]: [Int64: (entry: Int, line: Int)]] = [:]
        for (position, entry) in entries.enumerated() {
            for (number, line) in entry.lines.enumerated() {
                let witness = line.signature.witnessID
                for bound in bounds where line.time <= bound {
                    if let found = best[witness]?[bound] {
                        let other = entries[found.entry]
                        guard other.size == entry.size, line.isNewer(than: other.lines[found.line])
                        else { continue }
                    }
                    best[witness, default: [:]][bound] = (position, number)
                }
            }
        }
        var kept = Array(repeating: Set<Int>(), count: entries.count)
        for places in best.values.flatMap(\.values) { kept[places.entry].insert(places.line) }
        for position in entries.indices {
            entries[position].lines = kept[position].map { entries[position].lines[$0] }
                .sorted { $0.order.lexicographicallyPrecedes($1.order) }
            if entries[position].lines.count > Self.linesMax {
                entries[position].lines.removeLast(
                    entries[position].lines.count - Self.linesMax)
            }
        }
        entries.removeAll { $0.lines.isEmpty }
        if entries.count > Self.entriesMax {
            entries.removeLast(entries.count - Self.entriesMax)
        }
    }

    // MARK: Asking

    /// The cosignatures of a checkpoint, each witness's newest.
    public func lines(of text: [UInt8]) -> [Line] {
        guard let entry = entries.first(where: { $0.text == text }) else { return [] }
        return Self.newest(entry.lines)
    }

    /// A checkpoint with the cosignatures that are known for exactly its text, each witness's newest.
    ///
    /// - Parameter note: The checkpoint as the log signed it.
    public func cosigned(_ note: [UInt8]) throws(TransparencyLogError) -> [UInt8] {
        let text = try SignedNote(note).text
        return lines(of: text).reduce(into: note) { note, line in
            note += SignedNote.line(
                name: line.name, line.signature.keyID + line.signature.bytes)
        }
    }

    /// The largest tree that each witness cosigned, and when, by the witnesses' names.
    public var witnesses: [String: (size: UInt64, time: Int64)] {
        var found: [String: (size: UInt64, time: Int64)] = [:]
        for entry in entries {
            for line in entry.lines {
                if let known = found[line.name], (known.size, known.time) >= (entry.size, line.time)
                {
                    continue
                }
                found[line.name] = (entry.size, line.time)
            }
        }
        return found
    }

    /// The number of entries that at least `threshold` of some witnesses have cosigned.
    ///
    /// - Parameter names: The witnesses that count.
    public func sizeCosigned(by threshold: Int, of names: some Collection<String>) -> UInt64 {
        guard threshold > 0 else { return 0 }
        let known = witnesses
        let sizes = Set(names).compactMap { known[$0]?.size }.sorted(by: >)
        return sizes.count >= threshold ? sizes[threshold - 1] : 0
    }

    /// Of each witness, by name and key, the newest line.
    public static func newest(_ lines: [Line]) -> [Line] {
        lines.filter { line in
            !lines.contains {
                $0.signature.isOfSameKey(as: line.signature) && $0.isNewer(than: line)
            }
        }
    }

    // MARK: The file

    /// The file: each note with its length in front, because it holds an empty line itself.
    public var file: [UInt8] {
        entries.reduce(into: Array("\(Self.version)\n".utf8)) { bytes, entry in
            let note = entry.note
            bytes += Array("checkpoint \(note.count)\n".utf8) + note
        }
    }

    /// Reads a file; no signature is checked.
    ///
    /// - Throws: ``TransparencyLogError/badNote(why:)`` or ``TransparencyLogError/badCheckpoint(why:)``.
    public init(file: [UInt8]) throws(TransparencyLogError) {
        guard file.count <= Self.bytesMax else {
            throw .badNote(why: "\(file.count) bytes of cosigned checkpoints")
        }
        var lines = LineReader(file)
        guard let version = lines.line(), version.elementsEqual(Self.version.utf8) else {
            throw .badNote(why: "its first line is not \(Self.version)")
        }
        while !lines.isAtEnd {
            guard let digits = lines.line()?.after("checkpoint "),
                let count = Checkpoint.decimal(digits), count <= UInt64(SignedNote.bytesMax),
                let note = lines.bytes(Int(count)), entries.count < Self.entriesMax
            else { throw .badNote(why: "a cosigned checkpoint is cut, or there are too many") }
            entries.append(try Self.entry(note))
        }
    }

    private static func entry(_ note: [UInt8]) throws(TransparencyLogError) -> Entry {
        let signed = try SignedNote(note)
        let checkpoint = try Checkpoint(text: signed.text)
        var lines: [Line] = []
        for signature in signed.signatures.dropFirst() {
            guard let time = SignedNote.cosignatureTime(signature.bytes) else {
                throw .badNote(why: "a cosignature of another length")
            }
            lines.append(Line(signature: signature, time: time))
        }
        return Entry(
            text: signed.text, size: checkpoint.size, root: checkpoint.root,
            log: signed.signatures[0], lines: lines)
    }
}

extension CosignatureSet.Line {
    /// An order of the lines that is the same everywhere.
    fileprivate var order: [UInt8] { signature.witnessID + signature.bytes }

    /// By time, then by the bytes, so that everybody keeps the same one.
    fileprivate func isNewer(than other: Self) -> Bool {
        time != other.time
            ? time > other.time : other.order.lexicographicallyPrecedes(order)
    }
}

extension SignedNote.Signature {
    /// The key, by its identifier and name.
    fileprivate var witnessID: [UInt8] { keyID + Array(name.utf8) }
}
