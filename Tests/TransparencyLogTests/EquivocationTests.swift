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

        func evidence(_ old: Int, _ new: Int) throws -> Equivocation {
            let proof = Equivocation.Fork(
                root: fork.tree.root(old), proof: try fork.consistency(old, new))
            return try Equivocation(
                log: log.verifier, try log.note(old), try fork.note(new),
                fork: old == new ? nil : proof)
        }
    }

    @Test("two roots of one size are evidence, in either order, and the file says it alone")
    func sameSize() throws {
        let world = try Fork(at: 3)
        let one = try world.evidence(5, 5)
        let other = try Equivocation(
            log: world.log.verifier, try world.fork.note(5), try world.log.note(5))
        #expect(one == other)
        let finding = try Equivocation(file: one.file).verify()
        #expect(finding.kind == .sameSize)
        #expect(finding.log == world.log.verifier)
        #expect(finding.first.size == 5 && finding.second.size == 5)
        #expect(
            Set([finding.first.root, finding.second.root])
                == [world.log.tree.root(5), world.fork.tree.root(5)])
    }

    @Test("every pair of sizes beyond a fork is evidence, and no pair before it")
    func allSizes() throws {
        for index in 0..<11 {
            let world = try Fork(at: index)
            for old in 1..<12 {
                for new in (old + 1)...12 {
                    guard old > index else {
                        #expect(throws: TransparencyLogError.self) { try world.evidence(old, new) }
                        continue
                    }
                    let evidence = try world.evidence(old, new)
                    let fork = try Equivocation.Fork(
                        old: UInt64(old), new: UInt64(new), hash: world.fork.tree.hash)
                    #expect(evidence.fork == fork)
                    let read = try Equivocation(file: evidence.file)
                    #expect(read == evidence)
                    let finding = try read.verify()
                    #expect(finding.kind == .rewritten(root: world.fork.tree.root(old)))
                    #expect(finding.first.size == UInt64(old))
                    #expect(finding.first.root == world.log.tree.root(old))
                    #expect(finding.second.root == world.fork.tree.root(new))
                }
            }
        }
    }

    @Test("honest growth is never evidence, whatever root or proof is claimed")
    func honestGrowth() throws {
        let world = try Fork(at: 3)
        let log = world.log
        for (old, new) in [(0, 5), (1, 2), (4, 8), (5, 9), (6, 11)] {
            let (first, second) = (try log.note(old), try log.note(new))
            #expect(throws: TransparencyLogError.self) {
                try Equivocation(log: log.verifier, first, second)
            }
            let claims = [
                Equivocation.Fork(root: log.tree.root(old), proof: try log.consistency(old, new)),
                Equivocation.Fork(
                    root: world.fork.tree.root(old), proof: try log.consistency(old, new)),
                Equivocation.Fork(
                    root: world.fork.tree.root(old), proof: try world.fork.consistency(old, new)),
                Equivocation.Fork(root: .zero, proof: []),
            ]
            for claim in claims {
                #expect(throws: TransparencyLogError.self, "\(old) to \(new)") {
                    try Equivocation(log: log.verifier, first, second, fork: claim)
                }
            }
        }
        for (old, new) in [(0, 5), (5, 5), (6, 5)] as [(UInt64, UInt64)] {
            #expect(throws: TransparencyLogError.sizesDoNotAscend(old: old, new: new)) {
                try Equivocation.Fork(old: old, new: new, hash: log.tree.hash)
            }
        }
        let same = try log.note(5)
        #expect(
            throws: TransparencyLogError.noEquivocation(why: "they are the same at 5 entries")
        ) { try Equivocation(log: log.verifier, same, same) }
    }

    @Test("forged signatures, other logs and other keys are no evidence")
    func forged() throws {
        let world = try Fork(at: 3)
        let stranger = try TestLog(world.log.origin, world.fork.entries)
        #expect(throws: TransparencyLogError.noKnownSignature) {
            try Equivocation(
                log: world.log.verifier, try world.log.note(5), try stranger.note(5))
        }
        // The line names the log's key, and the signature is a stranger's.
        let real = try SignedNote(try world.log.note(5)).signatures[0]
        let text = Checkpoint(origin: world.log.origin, size: 5, root: .zero).text
        let line = "\u{2014} \(real.name) \(Base64.encode(real.keyID + real.bytes))\n"
        #expect(throws: TransparencyLogError.badSignature(key: world.log.origin)) {
            try Equivocation(
                log: world.log.verifier, try world.log.note(5), Array((text + "\n" + line).utf8))
        }
        let other = try TestLog("other.example/oem.example/boards", ["a"], key: world.log.key)
        let renamed = try SignedNote.sign(
            Checkpoint(origin: other.origin, size: 5, root: .zero).text, name: world.log.origin,
            key: world.log.key)
        #expect(
            throws: TransparencyLogError.otherOrigin(
                expected: world.log.origin, found: other.origin)
        ) { try Equivocation(log: world.log.verifier, try world.log.note(5), renamed) }
    }

    @Test("a fork that is claimed at one size, or the wrong order, is malformed")
    func shape() throws {
        let world = try Fork(at: 3)
        #expect(
            throws: TransparencyLogError.badEvidence(why: "a fork at one size needs no proof")
        ) {
            try Equivocation(
                log: world.log.verifier, try world.log.note(5), try world.fork.note(5),
                fork: Equivocation.Fork(root: .zero, proof: []))
        }
        let evidence = try world.evidence(5, 8)
        let text = String(decoding: evidence.file, as: UTF8.self)
        let parts = text.components(separatedBy: "checkpoint ")
        #expect(parts.count == 3)
        let swapped = try Equivocation(
            file: Array([parts[0], parts[2], parts[1]].joined(separator: "checkpoint ").utf8))
        #expect(
            throws: TransparencyLogError.badEvidence(why: "its checkpoints are not in order")
        ) { try swapped.verify() }
    }

    @Test("every changed bit and every cut of a file is refused")
    func mutations() throws {
        let world = try Fork(at: 3)
        for file in [try world.evidence(5, 5).file, try world.evidence(5, 9).file] {
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
        let text = String(decoding: try world.evidence(5, 9).file, as: UTF8.self)
        for length in ["65537", "9223372036854775807", "9223372036854775808", "-1", "0", "007"] {
            let changed = text.replacing(/checkpoint [0-9]+/, with: "checkpoint \(length)")
            #expect(throws: TransparencyLogError.self, "\(length)") {
                try Equivocation(file: Array(changed.utf8)).verify()
            }
        }
        let hashes = String(repeating: "\(Digest.zero.base64)\n", count: 64)
        let long = text.replacing(
            "\n\ncheckpoint", with: "\n\(hashes)\ncheckpoint", maxReplacements: 1)
        #expect(throws: TransparencyLogError.self) { try Equivocation(file: Array(long.utf8)) }
        #expect(throws: TransparencyLogError.self) {
            try Equivocation(file: [UInt8](repeating: 0x61, count: Equivocation.bytesMax + 1))
        }
    }
}
