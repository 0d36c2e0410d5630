import AnnotationModel
import CanonicalCBOR
import Signing
import Testing

@testable import Provenance

@Suite("The merge is total, and what one member may write is bounded")
struct TotalMergeTests {
    private let acme = Consortium.steward
    private let mallory = "mallory.example"

    private func consortium() throws -> Consortium { try Consortium([(mallory, .annotator)]) }

    /// A payload as nobody who keeps to the protocol writes it.
    private func payload(strings: [String], _ operations: [CBORValue]) -> [UInt8] {
        CBORValue.array([
            .integer(2), .array(strings.map { .text($0) }), .array([]), .map([:]),
            .array(operations),
        ]).encoded
    }

    @Test("two equal strings are refused before anything is stored")
    func equalStrings() throws {
        let bytes = payload(
            strings: ["a", "b", "a"], [.array([.integer(6), .integer(0), .text("x")])])
        try bytes.withUnsafeBytes { bytes in
            let view = try ChangesetView(bytes)
            #expect(throws: AnnotationModelError.self) { try view.check() }
        }
    }

    @Test("an entry that writes one register twice changes nothing, and the log goes on")
    func equalNames() throws {
        let all = try consortium()
        try all.write(mallory, [Consortium.label()])
        let bad = try all.store(
            mallory,
            payload(
                strings: [mallory, "a", "a"],
                [
                    .array([
                        .integer(2), .integer(0), .integer(1), .integer(33), .integer(1),
                        .integer(34), .integer(2),
                    ])
                ]))
        let good = try all.write(mallory, [Consortium.label()])
        try all.write(acme, [Consortium.label()])
        let reader = try Reader(all)
        try reader.receiveAll()
        #expect(try reader.why(mallory, bad, 0) == .unreadable)
        #expect(try reader.why(mallory, good) == nil)
        #expect(reader.labels == 3)
        // A cut works all the same.
        try all.write(acme, [.governance(.cutLog(try Origin(mallory), index: 1))])
        try reader.receiveAll()
        #expect(reader.labels == 2)
    }

    @Test("an entry of another version, or of no form at all, is listed and the log goes on")
    func unreadable() throws {
        let all = try consortium()
        try all.write(mallory, [Consortium.label()])
        let old = try all.store(
            mallory,
            CBORValue.array([.integer(1), .array([]), .array([]), .map([:]), .array([])]).encoded)
        let noise = try all.store(mallory, [0xff, 0x00])
        try all.write(mallory, [Consortium.label()])
        let reader = try Reader(all)
        try reader.receiveAll()
        #expect(try reader.why(mallory, old) == .unreadable)
        #expect(try reader.why(mallory, noise) == .unreadable)
        #expect(try reader.applied(mallory) == 4)
        #expect(reader.labels == 2)
        let before = reader.digest
        try reader.rebuild()
        #expect(reader.digest == before)
    }

    @Test("the last act within a limit takes effect, and the next one is listed as too many")
    func acts() throws {
        let all = try consortium()
        try all.write(mallory, [Consortium.label()])
        let keys = try (0...MemberLimits.witnessKeysMax).map { _ in
            try #require(try SigningKey.generate(.ed25519).verificationKey.ed25519Bytes)
        }
        let entry = try all.write(mallory, keys.map { .governance(.addWitness(key: $0)) })
        let reader = try Reader(all)
        try reader.receiveAll()
        let number = try #require(reader.merge.state.number(try Origin(mallory)))
        #expect(reader.merge.state.witnessKeys[number] == Array(keys.dropLast()))
        let last = MemberLimits.witnessKeysMax
        #expect(try reader.why(mallory, entry, last - 1) == nil)
        #expect(try reader.why(mallory, entry, last) == .tooMany)
    }

    @Test("as many attribute names as a log may use count, and no more")
    func attributes() throws {
        let all = try consortium()
        try all.write(mallory, [Consortium.label(), Consortium.label()])
        let target = try all.id(mallory, 0, 1)
        func set(_ names: [String]) -> Operation {
            .set(target, names.map { .field(.attribute($0), .integer(1)) })
        }
        let names = (0..<MemberLimits.attributeNamesMax).map { "a\($0)" }
        for start in stride(from: 0, to: names.count, by: 256) {
            try all.write(mallory, [set(Array(names[start..<min(start + 256, names.count)]))])
        }
        let beyond = try all.write(mallory, [set(["one-more"]), set(["a0"])])
        let reader = try Reader(all)
        try reader.receiveAll()
        #expect(
            reader.storage.registers(
                OperationKey(
                    log: try #require(
                        reader.merge.state.number(try Origin(mallory))), slot: target.slot
                ).packed
            ).count
                == names.count)
        #expect(try reader.why(mallory, beyond, 0) == .tooMany)
        #expect(try reader.why(mallory, beyond, 1) == nil)
    }

    @Test("a log's first word on a key holds, the steward's last one does")
    func retirements() throws {
        let all = try Consortium([])
        try all.introduce(mallory, keys: 2)
        try all.write(
            acme,
            [
                .governance(
                    .setMember(
                        try Origin(mallory), role: .annotator, roots: [],
                        logKey: all.key(mallory), fromIndex: 0))
            ])
        for _ in 0..<5 { try all.write(mallory, [Consortium.label()], key: 1) }
        let spare = try all.certificate(mallory, 1).fingerprint.bytes
        try all.write(mallory, [.governance(.retireKey(fingerprint: spare, index: 4))])
        try all.write(mallory, [.governance(.retireKey(fingerprint: spare, index: 1))])
        let reader = try Reader(all)
        try reader.receiveAll()
        #expect(reader.labels == 4)
        for (index, labels) in [(2, 2), (3, 3), (9, 4)] {
            try all.write(
                acme, [.governance(.retireKey(fingerprint: spare, index: UInt64(index)))])
            try reader.receiveAll()
            #expect(reader.labels == labels)
            let other = try Reader(all)
            try other.receiveAll()
            #expect(other.digest == reader.digest)
        }
    }

    @Test("an act that changes the standing of nothing makes nothing anew")
    func noNeedlessRebuild() throws {
        let all = try Consortium([])
        try all.introduce(mallory, keys: 2)
        try all.write(
            acme,
            [
                .governance(
                    .setMember(
                        try Origin(mallory), role: .annotator, roots: [],
                        logKey: all.key(mallory), fromIndex: 0))
            ])
        for _ in 0..<5 { try all.write(mallory, [Consortium.label()]) }
        let reader = try Reader(all)
        try reader.receiveAll()
        let spare = try all.certificate(mallory, 1).fingerprint.bytes
        try all.write(mallory, [.governance(.retireKey(fingerprint: spare, index: 0))])
        try reader.receiveAll()
        #expect(reader.rebuilds == 0)
        #expect(reader.labels == 5)
    }

    @Test("two members whose certificates have ended and who cite each other's logs end nothing")
    func expiredTogether() throws {
        let tier = "tier.example"
        let all = try Consortium([(mallory, .annotator), (tier, .annotator)])
        try all.write(mallory, [Consortium.label()])
        let end = try all.certificate(mallory).notAfter
        try all.write(
            tier, [Consortium.label()], citing: [try all.head(acme), try all.head(mallory)],
            at: end - 5)
        try all.write(acme, [Consortium.label()], at: end + 100)
        let reader = try Reader(all)
        try reader.receiveAll()
        // Its own certificate ends the steward's entry; the others were in time.
        #expect(try reader.why(acme, 1) == .outsideValidity)
        #expect(reader.labels == 2)
    }
}
