import Signing

/// The cosigned checkpoints of one log that are worth keeping, with their cosignatures.
///
/// Of each organisation it keeps one line: under the largest tree that it cosigned, by its newest key, with
/// the earliest time. Sets that took the same cosignatures in any order are the same, so nodes that hand
/// them to each other come to rest; and nobody's lines take the place of another organisation's.
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
        /// The witnesses' lines, by name.
        public fileprivate(set) var lines: [Line]

        /// The checkpoint with some of its cosignatures, at most ``CosignatureSet/linesMax``.
        public func note(with lines: [Line]) -> [UInt8] {
            ([log] + lines.map(\.signature)).reduce(into: text + [0x0a]) { note, signature in
                note += SignedNote.line(name: signature.name, signature.keyID + signature.bytes)
            }
        }
    }

    /// The first line of the file.
    public static let version = "countermark/cosigned@v1"
    /// The most organisations, each of which has one line: more than a large consortium has members.
    public static let organisationsMax = 1_024
    /// The most cosignatures that are shown under one checkpoint; with the log's line a note holds one hundred.
    public static let linesMax = SignedNote.signaturesMax - 1
    /// The most signatures of one organisation that are verified of one note: one, and room for a damaged one
    /// that somebody put in front of it.
    public static let verificationsMax = 2
    /// The largest file: a checkpoint and a line for each organisation, with room.
    public static let bytesMax = 4 << 20

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
    ///   - witnesses: whose lines are wanted.
    ///   - latest: the latest time, in seconds since 1970, that is believed.
    /// - Returns: True if something is new.
    /// - Throws: ``TransparencyLogError`` for a note that is none of the log's checkpoints.
    /// - Complexity: At most ``verificationsMax`` signatures are verified of an organisation, and none that
    ///   would not be kept.
    @discardableResult
    public mutating func add(
        _ note: [UInt8], log: NoteVerifier, witnesses: WitnessRoster, latest: Int64
    ) throws(TransparencyLogError) -> Bool {
        let checkpoint = try Checkpoint.open(note, verifier: log, origin: log.name)
        let signed = try SignedNote(note)
        guard let own = signed.signatures.first(where: { log.made($0) }) else {
            throw .noKnownSignature
        }
        let entry = Entry(
            text: signed.text, size: checkpoint.size, root: checkpoint.root, log: own, lines: [])
        let before = self
        for (organisation, lines) in Self.offered(by: signed, witnesses, latest) {
            let name = witnesses.organisations[organisation].name
            let known = known(name)
            let better = lines.filter { line in
                known.map { line.isBetter(entry, than: $0.line, $0.entry, witnesses) } ?? true
            }.sorted { $0.isBetter(entry, than: $1, entry, witnesses) }
            let found = better.prefix(Self.verificationsMax).first {
                witnesses.verifies($0.signature, text: signed.text)
            }
            if let found { replace(name, with: found, under: entry) }
        }
        prune(witnesses)
        return self != before
    }

    /// The lines of known keys, by the organisations' places.
    private static func offered(
        by note: SignedNote, _ witnesses: WitnessRoster, _ latest: Int64
    ) -> [Int: [Line]] {
        var lines: [Int: [Line]] = [:]
        for signature in note.signatures {
            guard let place = witnesses.place(of: signature),
                let time = SignedNote.cosignatureTime(signature.bytes), time <= latest
            else { continue }
            let line = Line(signature: signature, time: time)
            if lines[place.organisation]?.contains(line) == true { continue }
            lines[place.organisation, default: []].append(line)
        }
        return lines
    }

    private func known(_ name: String) -> (line: Line, entry: Entry)? {
        for entry in entries {
            if let line = entry.lines.first(where: { $0.isOf(name) }) { return (line, entry) }
        }
        return nil
    }

    private mutating func replace(_ name: String, with line: Line, under entry: Entry) {
        for position in entries.indices { entries[position].lines.removeAll { $0.isOf(name) } }
        let position =
            entries.firstIndex { $0.text == entry.text }
            ?? {
                entries.append(entry)
                return entries.count - 1
            }()
        entries[position].lines.append(line)
        entries[position].lines.sort { $0.order.lexicographicallyPrecedes($1.order) }
        entries.removeAll(where: \.lines.isEmpty)
        entries.sort { $0.precedes($1) }
    }

    /// Drops the organisations that stand last where there are too many.
    private mutating func prune(_ witnesses: WitnessRoster) {
        let names = entries.flatMap { $0.lines.map(\.name) }
        guard names.count > Self.organisationsMax else { return }
        let kept = Set(Self.ordered(names, witnesses).prefix(Self.organisationsMax))
        for position in entries.indices {
            entries[position].lines.removeAll { !kept.contains($0.name) }
        }
        entries.removeAll(where: \.lines.isEmpty)
    }

    private static func ordered(_ names: [String], _ witnesses: WitnessRoster) -> [String] {
        names.map { (rank: witnesses.rank(of: $0), name: $0) }.sorted { one, other in
            one.rank != other.rank
                ? one.rank < other.rank
                : one.name.utf8.lexicographicallyPrecedes(other.name.utf8)
        }.map(\.name)
    }

    // MARK: Asking

    /// The cosignatures of a checkpoint that are shown under it, at most ``linesMax``.
    ///
    /// - Parameter witnesses: Whose lines are shown first; asked only where there are more than fit.
    public func lines(
        of text: [UInt8], by witnesses: @autoclosure () throws -> WitnessRoster
    ) rethrows -> [Line] {
        guard let entry = entries.first(where: { $0.text == text }) else { return [] }
        if entry.lines.count <= Self.linesMax { return entry.lines }
        let names = Self.ordered(entry.lines.map(\.name), try witnesses())
        let shown = Set(names.prefix(Self.linesMax))
        return entry.lines.filter { shown.contains($0.name) }
    }

    /// A checkpoint with the cosignatures that are known for exactly its text.
    ///
    /// - Parameters:
    ///   - note: The checkpoint as the log signed it.
    ///   - witnesses: Whose lines are shown first; asked only where there are more than fit.
    public func cosigned(
        _ note: [UInt8], by witnesses: @autoclosure () throws -> WitnessRoster
    ) throws -> [UInt8] {
        let text = try SignedNote(note).text
        return try lines(of: text, by: try witnesses()).reduce(into: note) { note, line in
            note += SignedNote.line(
                name: line.name, line.signature.keyID + line.signature.bytes)
        }
    }

    /// The tree that each witness cosigned, and when, by the witnesses' names.
    public var witnesses: [String: (size: UInt64, time: Int64)] {
        var found: [String: (size: UInt64, time: Int64)] = [:]
        for entry in entries {
            for line in entry.lines where found[line.name] == nil {
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

    // MARK: The file

    /// The checkpoints as notes, the largest first; one with more lines than a note holds comes several times.
    public var notes: [[UInt8]] {
        entries.flatMap { entry in
            stride(from: 0, to: entry.lines.count, by: Self.linesMax).map { start in
                entry.note(with: Array(entry.lines[start...].prefix(Self.linesMax)))
            }
        }
    }

    /// The file: each note with its length in front, because it holds an empty line itself.
    public var file: [UInt8] {
        notes.reduce(into: Array("\(Self.version)\n".utf8)) { bytes, note in
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
                let note = lines.bytes(Int(count)), entries.count < Self.organisationsMax
            else { throw .badNote(why: "a cosigned checkpoint is cut, or there are too many") }
            let entry = try Self.entry(note)
            if let last = entries.indices.last, entries[last].text == entry.text {
                entries[last].lines += entry.lines
            } else {
                entries.append(entry)
            }
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

extension CosignatureSet.Entry {
    /// The largest first; the root and the text settle what one log should never have signed.
    fileprivate func precedes(_ other: Self) -> Bool {
        if size != other.size { return size > other.size }
        if root != other.root { return root > other.root }
        return text.lexicographicallyPrecedes(other.text)
    }
}

extension CosignatureSet.Line {
    /// An order of the lines that is the same everywhere.
    fileprivate var order: [UInt8] { Array(name.utf8) + [0x0a] + signature.keyID + signature.bytes }

    fileprivate func isOf(_ name: String) -> Bool { self.name.utf8.elementsEqual(name.utf8) }

    /// Which of two lines of one organisation is kept.
    ///
    /// The one under the larger tree, by the newer key, with the earlier time; what then is still alike is told
    /// apart by its bytes, so that everybody keeps the same.
    fileprivate func isBetter(
        _ entry: CosignatureSet.Entry, than other: Self, _ otherEntry: CosignatureSet.Entry,
        _ witnesses: WitnessRoster
    ) -> Bool {
        if entry.text != otherEntry.text { return entry.precedes(otherEntry) }
        let key = witnesses.place(of: signature)?.key ?? -1
        let otherKey = witnesses.place(of: other.signature)?.key ?? -1
        if key != otherKey { return key > otherKey }
        if time != other.time { return time < other.time }
        return order.lexicographicallyPrecedes(other.order)
    }
}
