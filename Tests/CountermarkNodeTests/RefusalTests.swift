import AnnotationModel
import Foundation
import LogStorage
import Provenance
import SharedStore
import Signing
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PartnerNet
@testable import PlainErrors

@Suite("What a partner is told of errors here")
struct RefusalTests {
    @Test(
        "where the home lies, and what its files are called, is for its operator alone",
        arguments: ["trust/own.pem", "keys/log.key", "config.json"])
    func ofOwnHome(file: String) throws {
        let all = try Companies(["oem.example"])
        defer { withExtendedLifetime(all) {} }
        let home = try all.node("oem.example").home
        let path = "\(home.path)/\(file)"
        for damage in [
            { try Data("x".utf8).write(to: URL(fileURLWithPath: path)) },
            { try FileManager.default.removeItem(atPath: path) },
        ] {
            try damage()
            do {
                let again = try Home(opening: home.path)
                _ = (try again.certificate(), try again.logKey())
                Issue.record("\(file) was not missed")
            } catch {
                if let refusal = Refusal(error) {
                    #expect(!refusal.message.contains(home.path), "\(refusal.message)")
                    #expect(!refusal.hint.contains(home.path))
                }
            }
        }
    }

    @Test("nor is a word said of the store that its nodes share")
    func ofStore() {
        let store = "postgresql://owner@db.oem.example/labels"
        for error in [
            SharedStoreError.unreachable(store: store, why: "refused"),
            .otherOwner(store: store, org: "x"), .damaged(log: "x", why: store),
        ] {
            #expect(Refusal(error) == nil)
        }
        #expect(Refusal(NodeError(.ownLogDiffers, "the store \(store) holds", hint: "")) == nil)
    }

    @Test("what is wrong with what a partner sent, it is told")
    func ofPartners() {
        let refusal = Refusal(
            NodeError(.cutPush, "3 of 4 entries have come", hint: "send it again"))
        #expect(refusal?.message == "3 of 4 entries have come")
    }

    private static let oem = "oem.example"
    private static let tier = "tier.example"

    /// What a partner asks for, and the key here that is used for the answer.
    enum Ask: String, CaseIterable {
        case cosignature = "keys/witness.key"
        case statement = "keys/node.key"
        case held = "keys/log.key"
        case ownLog = "keys/log.key of a push"

        var file: String { String(rawValue.prefix { $0 != " " }) }
    }

    @Test(
        "a key here that does not sign is this node's own trouble, whatever a partner asked for",
        arguments: Ask.allCases, ["garbage", "sealed", "gone"])
    func ownKeys(ask: Ask, damage: String) throws {
        let all = try Companies([Self.oem, Self.tier])
        let id = try #require(all.node(Self.oem).write(all.dataset, [all.label("a.png")]).first)
        try all.carry(Self.oem, to: Self.tier)
        try all.node(Self.tier).write(all.dataset, [all.label("b.png")])
        try all.carry(Self.tier, to: Self.oem)
        let home = try all.node(Self.oem).home
        let file = "\(home.path)/\(ask.file)"
        switch damage {
        case "garbage": try "x".write(toFile: file, atomically: true, encoding: .utf8)
        case "sealed":
            try SigningKey.generate(.ed25519).pem(passphrase: "nobody knows it").write(
                toFile: file, atomically: true, encoding: .utf8)
        // A witness without a key makes one.
        case _ where ask == .cosignature: return
        default: try FileManager.default.removeItem(atPath: file)
        }
        let error = #expect(throws: (any Error).self) {
            try Self.ask(ask, try Node(Home(opening: home.path)), all, id)
        }
        let found = try #require(error)
        #expect(Refusal(found) == nil, "\(PlainError.line(found))")
        // Its operator learns which key it is.
        #expect(PlainError.line(found).contains(ask.file) || damage == "gone", "\(found)")
        #expect(PlainError.line(found).contains(home.path), "\(PlainError.line(found))")
    }

    private static func ask(
        _ ask: Ask, _ node: Node, _ all: Companies, _ id: OperationID
    ) throws {
        let (partner, own) = (try Origin(tier), "\(oem)/\(all.dataset)")
        switch ask {
        case .cosignature:
            let request = try all.node(tier).request(
                "\(tier)/\(all.dataset)", from: try Origin(oem), since: 0)
            _ = try node.addCheckpoint(try #require(request).body, caller: partner)
        case .statement:
            _ = try node.statement(
                about: id.description, in: all.dataset.description, caller: partner)
        case .held:
            _ = try node.take(all.node(tier).held(of: try Origin(oem)), from: partner)
        case .ownLog:
            let out = try all.node(tier).outgoing(own, from: 0)
            _ = try node.accept(own, from: 0, checkpoint: out.checkpoint, isTakingBack: true) {
                _ in
            }
        }
    }

    @Test("so is a key that fails while it signs; what others have signed is not")
    func signing() throws {
        let uri = "pkcs11:token=vault;object=node"
        for error in [
            SigningError.keyNotReached(uri: uri, reason: "the token is gone"),
            .openSSL(operation: "sign", reason: "provider"), .wrongPassphrase, .passphraseNeeded,
            .unreadableKey(reason: "x"), .keyNotExportable, .invalidKeyURI(uri),
            .keyDoesNotMatchCertificate(subject: "node"),
        ] {
            #expect(Refusal(error) == nil, "\(error)")
            #expect(WitnessRefusal.signing(error).isOfWitness)
            #expect(Refusal(WitnessRefusal.signing(error)) == nil)
            #expect(Refusal(InvitationError.signature(error)) == nil)
        }
        #expect(Refusal(SigningError.signatureMismatch)?.code == .refused)
        #expect(Refusal(SigningError.malformedRevocationList(reason: "x"))?.code == .refused)
        #expect(Refusal(InvitationError.damaged)?.code == .invitation)
        #expect(!WitnessRefusal.otherSize(latest: 3).isOfWitness)
    }

    @Test("of errors of the disk, of tables and of stores a partner learns nothing")
    func ofMachine() {
        let path = "/srv/countermark/keys"
        let errors: [any Error] = [
            LogStorageError.system(call: "open", path: path, errno: 13),
            LogStorageError.damaged(path: path, why: "x"), LogStorageError.closed(path: path),
            LogStorageError.format(.badNote(why: "x"), path: path),
            LogStorageError.unconfirmed(path: path), CocoaError(.fileReadNoPermission),
            POSIXError(.EACCES), LogMoved(log: "x"),
            NodeError(.locked, "another process holds \(path)", hint: ""),
        ]
        for error in errors + PlainErrorTests.storeSamples + PlainErrorTests.objectSamples {
            #expect(Refusal(error) == nil, "\(error)")
        }
        let busy = Refusal(LogStorageError.locked(path: path, seconds: 10))
        #expect(busy?.retryAfter != nil && busy?.message.contains(path) == false)
    }

    @Test(
        "only errors that speak of what was asked are told: all others may name this home's things")
    func kinds() {
        let secret = "/srv/countermark"
        for code in ErrorCode.all {
            let refusal = Refusal(NodeError(code, "cannot read \(secret)", hint: secret))
            #expect((refusal != nil) == Refusal.ofRequests.contains(code), "\(code.word)")
        }
        for code: ErrorCode in [
            .badConfig, .badPartner, .damagedFile, .homeNotReadable, .keyNotReached, .locked,
            .logStorage, .missingFile, .notWritable, .otherHistory, .passphraseNeeded, .signing,
            .storeUnreachable, .system, .wrongLogKey, .wrongPassphrase,
        ] {
            #expect(!Refusal.ofRequests.contains(code), "\(code.word)")
        }
    }

    /// The errors that a partner may be told, as the sources make them.
    @Test("and what those say is made of no path, address or other error")
    func words() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/CountermarkNode")
        // A code's name in the sources is its word in another spelling.
        let words = Set(Refusal.ofRequests.map { $0.word.replacing("-", with: "") })
        var count = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: sources.path)
        where name.hasSuffix(".swift") {
            let text = try String(
                contentsOf: sources.appendingPathComponent(name), encoding: .utf8)
            for made in text.matches(of: /(?:NodeError|self\.init)(\(\s*\.([a-zA-Z]+),)/)
            where words.contains(made.output.2.lowercased()) {
                count += 1
                var depth = 0
                let body = text[made.output.1.startIndex...].prefix { character in
                    depth += character == "(" ? 1 : character == ")" ? -1 : 0
                    return depth > 0
                }
                for place in ["path", "folder", "address", "url", "host", "PlainError"] {
                    #expect(!body.contains(place), "\(name): \(body)")
                }
            }
        }
        #expect(count > 20, "the sources were not found")
    }
}
