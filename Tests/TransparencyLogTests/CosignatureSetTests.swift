import Signing
import Testing
import TransparencyLog

@Suite("Cosignatures that are kept")
struct CosignatureSetTests {
    /// A witness with some keys, the oldest first.
    struct Company {
        let name: String
        let keys: [SigningKey]

        init(_ name: String, keys: Int = 1) throws {
            self.name = name
            self.keys = try (0..<keys).map { _ in try SigningKey.generate(.ed25519) }
        }

        var listed: WitnessRoster.Organisation {
            .init(name: name, keys: keys.map { $0.verificationKey.ed25519Bytes ?? [] })
        }

        func line(_ note: [UInt8], time: Int64, key: Int = 0) throws -> [UInt8] {
            try SignedNote.cosign(
                try SignedNote(note).text, time: time, name: name, key: keys[key])
        }
    }

    static let now: Int64 = 1_790_000_000

    let log: TestLog
    let honest: Company
    let flooding: Company

    init() throws {
        log = try TestLog("oem.example/oem.example/boards", (0..<12).map { "entry \($0)" })
        honest = try Company("tier.example")
        flooding = try Company("aaa.example", keys: 16)
    }

    private var roster: WitnessRoster { WitnessRoster([flooding.listed, honest.listed]) }

    @discardableResult
    private func add(_ note: [UInt8], to set: inout CosignatureSet) throws -> Bool {
        try set.add(note, log: log.verifier, witnesses: roster, latest: Self.now)
    }

    /// A checkpoint with as many lines as a note has room for, all of one company.
    private func flood(_ size: Int, linesMax: Int = CosignatureSet.linesMax) throws -> [UInt8] {
        var note = try log.note(size)
        let plain = note
        for number in 0..<linesMax {
            note += try flooding.line(
                plain, time: Self.now - Int64(number), key: number % flooding.keys.count)
        }
        return note
    }

    private func names(_ note: [UInt8]) throws -> [String] {
        try SignedNote(note).signatures.dropFirst().map(\.name)
    }

    @Test("a company with many keys and lines has one line, and displaces nobody's")
    func flooded() throws {
        var set = CosignatureSet()
        let plain = try log.note(5)
        try add(plain + honest.line(plain, time: Self.now - 9), to: &set)
        #expect(try add(flood(5), to: &set))
        #expect(set.entries.flatMap(\.lines).count == 2)
        #expect(try names(set.cosigned(plain, by: roster)) == ["aaa.example", "tier.example"])
        // Under a larger tree it has its line there, and the other's stays where it is.
        #expect(try add(flood(9), to: &set))
        #expect(set.entries.map(\.size) == [9, 5])
        #expect(try names(set.cosigned(plain, by: roster)) == ["tier.example"])
        #expect(set.witnesses["tier.example"]?.size == 5)
        #expect(set.sizeCosigned(by: 1, of: ["tier.example"]) == 5)
        #expect(try CosignatureSet(file: set.file) == set)
    }

    @Test("of one company's lines the newest key's stays, and of these the earliest")
    func preferred() throws {
        var set = CosignatureSet()
        try add(flood(5), to: &set)
        let line = try #require(set.entries.first?.lines.first)
        let newest = try #require(flooding.listed.keys.last)
        let verifier = try NoteVerifier(
            name: flooding.name, kind: .cosignature, publicKey: newest)
        #expect(verifier.signed(line.signature))
        // 99 lines by 16 keys in turn: the last key's latest turn is number 95.
        #expect(line.time == Self.now - 95)
        let plain = try log.note(5)
        #expect(try !add(plain + flooding.line(plain, time: Self.now - 200, key: 3), to: &set))
        #expect(try add(plain + flooding.line(plain, time: Self.now - 200, key: 15), to: &set))
        #expect(set.entries.first?.lines.map(\.time) == [Self.now - 200])
    }

    @Test("the same lines in any order and any grouping make the same file")
    func order() throws {
        let (small, large) = (try log.note(5), try log.note(9))
        var notes = [try flood(5, linesMax: 7), try flood(9, linesMax: 5)]
        notes += [small + (try honest.line(small, time: Self.now - 7))]
        notes += [large + (try honest.line(large, time: Self.now - 3))]
        notes += [large + (try honest.line(large, time: Self.now - 5))]
        var files: Set<[UInt8]> = []
        for shift in notes.indices {
            for isReversed in [false, true] {
                var order = Array(notes[shift...] + notes[..<shift])
                if isReversed { order.reverse() }
                var set = CosignatureSet()
                for note in order + order { try add(note, to: &set) }
                files.insert(set.file)
            }
        }
        #expect(files.count == 1)
    }

    @Test("what is damaged is dropped; one damaged line in front of a good one costs nothing")
    func damaged() throws {
        let plain = try log.note(5)
        let good = try honest.line(plain, time: Self.now - 9)
        func bad(_ time: Int64) throws -> [UInt8] {
            // Of another checkpoint: the key is right, the signature is not.
            try honest.line(try log.note(6), time: time)
        }
        var set = CosignatureSet()
        #expect(try !add(plain + bad(Self.now - 20), to: &set))
        let tries = CosignatureSet.verificationsMax
        var note = plain + good
        for number in 1..<tries { note += try bad(Self.now - 20 - Int64(number)) }
        #expect(try add(note, to: &set))
        #expect(try names(set.cosigned(plain, by: roster)) == ["tier.example"])
        // No more of one company's lines are looked at, whatever is behind them.
        var other = CosignatureSet()
        #expect(try !add(note + bad(Self.now - 20 - Int64(tries)), to: &other))
        #expect(other.entries.isEmpty)
    }

    @Test("lines of strangers, of the log itself and from the future are dropped")
    func strangers() throws {
        let plain = try log.note(5)
        var set = CosignatureSet()
        let stranger = try Company("stranger.example")
        let alike = try Company("tier.example")
        #expect(try !add(plain + stranger.line(plain, time: Self.now), to: &set))
        #expect(try !add(plain + alike.line(plain, time: Self.now), to: &set))
        #expect(try !add(plain + honest.line(plain, time: Self.now + 1), to: &set))
        #expect(try add(plain + honest.line(plain, time: Self.now), to: &set))
    }

    @Test("a checkpoint shows so many companies, the roster's first; the others are kept")
    func shown() throws {
        let many = try (0...CosignatureSet.linesMax).map { try Company("w\($0 + 100).example") }
        let roster = WitnessRoster(many.reversed().map(\.listed))
        let plain = try log.note(5)
        var set = CosignatureSet()
        for company in many {
            let note = plain + (try company.line(plain, time: Self.now))
            #expect(
                try set.add(note, log: log.verifier, witnesses: roster, latest: Self.now))
        }
        let shown = try names(set.cosigned(plain, by: roster))
        #expect(shown == many.dropFirst().map(\.name))
        #expect(set.witnesses.count == many.count)
        #expect(set.notes.count == 2)
        #expect(try CosignatureSet(file: set.file) == set)
        #expect(set.sizeCosigned(by: many.count, of: many.map(\.name)) == 5)
    }

    @Test("beyond the limit those are dropped who stand last in the roster")
    func limit() throws {
        let limit = CosignatureSet.organisationsMax
        let key = try SigningKey.generate(.ed25519)
        let names = (0...limit).map { "w\($0 + 10_000).example" }
        let roster = WitnessRoster(
            names.map { .init(name: $0, keys: [key.verificationKey.ed25519Bytes ?? []]) })
        let plain = try log.note(5)
        let text = try SignedNote(plain).text
        var set = CosignatureSet()
        for start in stride(from: 0, to: names.count, by: 90) {
            var note = plain
            // The last come first.
            for name in names.reversed()[start...].prefix(90) {
                note += try SignedNote.cosign(text, time: Self.now, name: name, key: key)
            }
            try set.add(note, log: log.verifier, witnesses: roster, latest: Self.now)
        }
        #expect(set.witnesses.count == limit)
        #expect(set.witnesses[names[limit]] == nil)
        #expect(set.witnesses[names[0]] != nil)
        #expect(set.file.count < CosignatureSet.bytesMax)
        #expect(try CosignatureSet(file: set.file) == set)
    }
}
