import Foundation
import Signing
import Testing
import TransparencyLog

@Suite("Evidence of two histories")
struct EquivocationTests {
    /// A log and its fork from an index on, signed by one key.
    struct Fork {
        let log: TestLog
        let fork: TestLog

        init(at index: Int, size: Int = 12) throws {
            let entries = (0..<size).map { "entry \($0)" }
            log = try TestLog("mallory.example/oem.example/boards", entries)
            fork = try TestLog(
                log.origin, entries.enumerated().map { $0 < index ? $1 : "other \($1)" },
                key: log.key)
        }

        func evidence(_ old: Int, _ new: Int) throws -> Equivocation? {
            try Equivocation.find(log: log.verifier, try log.held(old), try fork.held(new))
        }
    }

    @Test("two signed trees are evidence exactly where they differ, in either order, and say where")
    func allSizes() throws {
        for index in 0..<12 {
            let world = try Fork(at: index)
            for old in 0...12 {
                for new in 0...12 {
                    let found = try world.evidence(old, new)
                    guard old > index, new > index else {
                        #expect(found == nil, "\(old) and \(new), forked at \(index)")
                        continue
                    }
                    let evidence = try #require(found)
                    let swapped = try Equivocation.find(
                        log: world.log.verifier, try world.fork.held(new), try world.log.held(old))
                    #expect(swapped == evidence)
                    #expect(evidence.prefix == UInt64(index))
                    let read = try Equivocation(file: evidence.file)
                    #expect(read == evidence)
                    let finding = try read.verify()
                    #expect(finding.prefix == UInt64(index))
                    #expect(finding.log == world.log.verifier)
                    #expect(
                        Set([finding.first.root, finding.second.root])
                            == [world.log.tree.root(old), world.fork.tree.root(new)])
                    #expect(finding.first.size == UInt64(min(old, new)))
                }
            }
        }
    }

    @Test("random pairs of trees: evidence exactly at the first leaf that differs")
    func randomTrees() throws {
        var random = SystemRandomNumberGenerator()
        let key = try SigningKey.generate(.ed25519)
        for _ in 0..<60 {
            let size = Int.random(in: 1...600, using: &random)
            let fork = Int.random(in: 0..<700, using: &random)
            let otherSize = Int.random(in: 1...600, using: &random)
            let entries = (0..<size).map { "entry \($0)" }
            // Beyond the fork some entries are the same again.
            let others = (0..<otherSize).map { index in
                index == fork || (index > fork && Bool.random(using: &random))
                    ? "other \(index)" : "entry \(index)"
            }
            let log = try TestLog("mallory.example/oem.example/boards", entries, key: key)
            let other = try TestLog(log.origin, others, key: key)
            let found = try Equivocation.find(
                log: log.verifier, try log.held(size), try other.held(otherSize))
            let first = zip(entries, others).enumerated().first { $1.0 != $1.1 }?.offset
            #expect(found?.prefix == first.map { UInt64($0) }, "\(size), \(otherSize) at \(fork)")
            #expect(try found.map { try Equivocation(file: $0.file) } == found)
        }
    }

    @Test("honest growth is never evidence, whatever is claimed of it")
    func honestGrowth() throws {
        let world = try Fork(at: 3)
        let log = world.log
        for (old, new) in [(1, 2), (4, 8), (5, 9), (6, 11), (7, 7)] {
            #expect(
                try Equivocation.find(log: log.verifier, try log.held(old), try log.held(new))
                    == nil)
            // The tree behind the second checkpoint is a lie.
            for other in [world.fork.tree, SmallTree(["x", "y"] + world.log.entries)] {
                let lie = Equivocation.Tree(checkpoint: try log.note(new), hash: other.hash)
                #expect(throws: TransparencyLogError.self, "\(old) to \(new)") {
                    if try Equivocation.find(log: log.verifier, try log.held(old), lie) == nil {
                        throw TransparencyLogError.noEquivocation(why: "it shows nothing")
                    }
                }
            }
        }
    }

    @Test("proofs of one evidence do not accuse under other checkpoints")
    func mixedParts() throws {
        let world = try Fork(at: 3)
        let text = String(decoding: try #require(try world.evidence(5, 9)).file, as: UTF8.self)
        let fork = String(decoding: try world.fork.note(9), as: UTF8.self)
        #expect(text.contains(fork))
        for note in [try world.log.note(9), try world.log.note(5), try world.fork.note(8)] {
            let honest = String(decoding: note, as: UTF8.self)
            let changed = text.replacing(
                "checkpoint \(fork.utf8.count)\n\(fork)",
                with: "checkpoint \(honest.utf8.count)\n\(honest)")
            #expect(throws: TransparencyLogError.self) {
                try Equivocation(file: Array(changed.utf8)).verify()
            }
        }
    }

    @Test("forged signatures, other logs and other keys are no evidence")
    func forged() throws {
        let world = try Fork(at: 3)
        let stranger = try TestLog(world.log.origin, world.fork.entries)
        #expect(throws: TransparencyLogError.noKnownSignature) {
            try Equivocation.find(
                log: world.log.verifier, try world.log.held(5), try stranger.held(5))
        }
        // The line names the log's key, and the signature is a stranger's.
        let real = try SignedNote(try world.log.note(5)).signatures[0]
        let text = Checkpoint(origin: world.log.origin, size: 5, root: .zero).text
        let line = "\u{2014} \(real.name) \(Base64.encode(real.keyID + real.bytes))\n"
        #expect(throws: TransparencyLogError.badSignature(key: world.log.origin)) {
            try Equivocation.find(
                log: world.log.verifier, try world.log.held(5),
                .init(checkpoint: Array((text + "\n" + line).utf8), hash: world.fork.tree.hash))
        }
        let other = try TestLog("other.example/oem.example/boards", ["a"], key: world.log.key)
        let renamed = try SignedNote.sign(
            Checkpoint(origin: other.origin, size: 5, root: .zero).text, name: world.log.origin,
            key: world.log.key)
        #expect(
            throws: TransparencyLogError.otherOrigin(
                expected: world.log.origin, found: other.origin)
        ) {
            try Equivocation.find(
                log: world.log.verifier, try world.log.held(5),
                .init(checkpoint: renamed, hash: world.fork.tree.hash))
        }
    }

    @Test("checkpoints in the wrong order, and foreign signatures under them, are malformed")
    func shape() throws {
        let world = try Fork(at: 3)
        let evidence = try #require(try world.evidence(5, 8))
        let text = String(decoding: evidence.file, as: UTF8.self)
        let parts = text.components(separatedBy: "leaf ")
        #expect(parts.count == 3)
        let swapped = try Equivocation(
            file: Array([parts[0], parts[2], parts[1]].joined(separator: "leaf ").utf8))
        #expect(
            throws: TransparencyLogError.badEvidence(why: "its checkpoints are not in order")
        ) { try swapped.verify() }

        let witness = try SigningKey.generate(.ed25519)
        let note = try world.log.note(5)
        let line = try SignedNote.cosign(
            try SignedNote(note).text, time: 1, name: "witness.example", key: witness)
        let cosigned = Equivocation.Tree(checkpoint: note + line, hash: world.log.tree.hash)
        let found = try Equivocation.find(
            log: world.log.verifier, cosigned, try world.fork.held(8))
        #expect(found == evidence)
        let changed = text.replacing(
            "checkpoint \(note.count)\n\(String(decoding: note, as: UTF8.self))",
            with: "checkpoint \(note.count + line.count)\n"
                + String(decoding: note + line, as: UTF8.self))
        #expect(
            throws: TransparencyLogError.badEvidence(
                why: "a checkpoint bears other signatures than the log's own")
        ) { try Equivocation(file: Array(changed.utf8)).verify() }
    }

    @Test("every changed bit and every cut of a file is refused")
    func mutations() throws {
        let worlds = [(try Fork(at: 3), 5, 5), (try Fork(at: 3), 5, 9), (try Fork(at: 0), 1, 2)]
        for (world, old, new) in worlds {
            let file = try #require(try world.evidence(old, new)).file
            try Equivocation(file: file).verify()
            for position in file.indices {
                for bit in 0..<8 {
                    var changed = file
                    changed[position] ^= 1 << UInt8(bit)
                    #expect(throws: TransparencyLogError.self, "byte \(position)") {
                        try Equivocation(file: changed).verify()
                    }
                }
                #expect(throws: TransparencyLogError.self) {
                    try Equivocation(file: Array(file[..<position])).verify()
                }
            }
            #expect(throws: TransparencyLogError.self) { try Equivocation(file: file + [0x0a]) }
        }
    }

    @Test("lengths and counts beyond the limits are refused")
    func limits() throws {
        let world = try Fork(at: 3)
        let text = String(decoding: try #require(try world.evidence(5, 9)).file, as: UTF8.self)
        for length in ["65537", "9223372036854775807", "9223372036854775808", "-1", "0", "007"] {
            let changed = text.replacing(/checkpoint [0-9]+/, with: "checkpoint \(length)")
            #expect(throws: TransparencyLogError.self, "\(length)") {
                try Equivocation(file: Array(changed.utf8)).verify()
            }
        }
        let hashes = String(repeating: "\(Digest.zero.base64)\n", count: 64)
        let long = text.replacing(
            "\n\ncheckpoint", with: "\n\(hashes)\(Digest.zero.base64)\n\ncheckpoint",
            maxReplacements: 1)
        #expect(throws: TransparencyLogError.self) { try Equivocation(file: Array(long.utf8)) }
        #expect(throws: TransparencyLogError.self) {
            try Equivocation(file: [UInt8](repeating: 0x61, count: Equivocation.bytesMax + 1))
        }
    }
}
