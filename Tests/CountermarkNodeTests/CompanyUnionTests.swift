import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Signing
import Synchronization
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors
@testable import SharedStore

@Suite("What a company's nodes know together")
struct CompanyUnionTests {
    private let third = "third.example"
    private let tier = CompanyNodes.tier

    // MARK: Revocation

    /// A partner's authority, its list with so many certificates, and how old that is.
    private func list(
        _ authority: CertificateAuthority, _ count: Int, ago: Int64
    ) throws -> String {
        let now = Int64(Date().timeIntervalSince1970)
        return try authority.issueRevocationList(
            try (0..<count).map { _ in
                .init(
                    certificate: try authority.issueNode(
                        origin: tier, key: try SigningKey.generate(.ed25519).verificationKey,
                        at: now), time: now, isKeyCompromised: true)
            }, number: Int64(count), at: now - ago, lifetimeSeconds: 86_400
        ).pem
    }

    @Test(
        "a list that one node has taken, the others obey; an older one never comes back, also from one that was away"
    )
    func lists() throws {
        let nodes = try CompanyNodes()
        let (one, other) = (nodes.one, nodes.other)
        let authority = try nodes.all.node(tier).home.authority().issuing()
        let org = try Origin(tier)
        let (old, new, newest) = (
            try list(authority, 1, ago: 60), try list(authority, 2, ago: 40),
            try list(authority, 3, ago: 20)
        )
        #expect(try one.home.takePublished(new, of: org, chain: []))
        #expect(try !one.home.takePublished(old, of: org, chain: []))
        try other.lookAtDocuments()
        #expect(try other.home.revocationLists(of: org).map { try $0.pem } == [new])
        try nodes.reach(false, other)
        #expect(try other.home.takePublished(newest, of: org, chain: []))
        #expect(other.home.untoldDocuments == ["lists/\(tier)"])
        try nodes.reach(true, other)
        try other.lookAtDocuments()
        try one.lookAtDocuments()
        #expect(try one.home.revocationLists(of: org).map { try $0.pem } == [newest])
        // What an operator gives in its place is what holds.
        _ = try one.home.removeRevocationLists(of: org)
        try other.lookAtDocuments()
        #expect(try other.home.revocationLists(of: org).isEmpty)
    }

    @Test("certificates that two nodes take back are on one list")
    func ownLists() throws {
        let nodes = try CompanyNodes()
        let time = Int64(Date().timeIntervalSince1970)
        let authority = try nodes.one.home.authority().issuing()
        let certificates = try (0..<3).map { _ in
            try authority.issueNode(
                origin: CompanyNodes.oem, key: try SigningKey.generate(.ed25519).verificationKey,
                at: time)
        }
        func revoke(_ number: Int, _ node: Node) throws {
            _ = try node.home.revoke(
                certificates[number], isStolen: true, caKeyText: nil, at: time + Int64(number))
        }
        try revoke(0, nodes.one)
        try revoke(1, nodes.other)
        try nodes.one.lookAtDocuments()
        for node in [nodes.one, nodes.other] {
            for certificate in certificates.prefix(2) {
                #expect(try node.home.hasRevoked(certificate))
            }
        }
        // Without the store as well: the next list names all.
        try nodes.reach(false, nodes.other)
        try revoke(2, nodes.other)
        #expect(try nodes.other.home.hasRevoked(certificates[2]))
        try nodes.reach(true, nodes.other)
        try nodes.other.lookAtDocuments()
        try nodes.one.lookAtDocuments()
        #expect(try nodes.one.home.hasRevoked(certificates[2]))
        #expect(
            try nodes.one.home.ownRevocationLists().map { try $0.pem }
                == nodes.other.home.ownRevocationLists().map { try $0.pem })
    }

    // MARK: Evidence

    @Test(
        "the proof of a fork that reached one node stops the others, and only what is proven does")
    func evidence() throws {
        let nodes = try CompanyNodes()
        let (all, one, other) = (nodes.all, nodes.one, nodes.other)
        let log = "\(tier)/\(all.dataset)"
        // The partner begins twice.
        try all.carry(CompanyNodes.oem, to: tier)
        let path = all.folder.path
        try FileManager.default.copyItem(atPath: path + "/\(tier)", toPath: path + "/twin")
        try all.node(tier).write(all.dataset, [all.label("a.png")])
        let twin = try Node(Home(opening: path + "/twin"))
        twin.mayWriteUnchecked = true
        try twin.write(all.dataset, [all.label("b.png")])
        let sent = try all.node(tier).outgoing(log, from: 0)
        try one.accept(log, from: 0, bundle: sent.bundle, checkpoint: sent.checkpoint)
        try other.bringUp()
        #expect(try other.home.log(try Origin(tier), all.dataset).size > 0)
        let theirs = try twin.reader(of: log)
        #expect(
            try one.settle(
                log, with: .init(checkpoint: theirs.checkpoint) { try theirs.subtree($0) }))
        #expect(try one.isForked(log) && !other.isForked(log))
        try other.bringUp()
        #expect(try other.isForked(log))
        #expect(try other.evidence().map(\.isProven) == [true])
        #expect(
            try other.read(all.dataset) { $0.state.digest.hex }
                == one.read(all.dataset) { $0.state.digest.hex })
        // A node that had nothing of the log, and one that has the proof alone.
        try FileManager.default.copyItem(atPath: other.home.path, toPath: path + "/late")
        let late = try CompanyNodes.share(path + "/late", nodes.store)
        try FileManager.default.removeItem(atPath: late.home.path + "/evidence")
        try FileManager.default.removeItem(atPath: late.home.path + "/company")
        #expect(try !late.isForked(log))
        try late.bringUp()
        #expect(try late.isForked(log))
        // What proves nothing of a log, though a node has signed it, is not taken.
        let shared = try #require(try nodes.store.table.document("evidence/\(log)"))
        let key = try one.home.logKey().verificationKey
        let proof = try #require(
            try SignedDocument(shared, of: CompanyNodes.oem, key: key).text)
        let innocent = "\(CompanyNodes.oem)/\(all.dataset)"
        for (version, text) in [(1, "[\"nonsense\"]"), (2, proof)] as [(Int64, String)] {
            let said = SignedDocument(name: "evidence/\(innocent)", version: version, text: text)
            let row = try said.signed(for: CompanyNodes.oem, with: try one.home.logKey())
            #expect(try nodes.store.table.moveDocument(row, from: version == 1 ? nil : 1))
            try other.bringUp()
            #expect(other.home.untakenDocuments.keys.sorted() == ["evidence/\(innocent)"])
            #expect(try !other.isForked(innocent))
        }
    }

    // MARK: Invitations

    /// What a newcomer answers to an invitation.
    private func answer(_ text: String, _ home: Home) throws -> String {
        let time = Int64(Date().timeIntervalSince1970)
        return try Joining(home, invitation: text, listenURL: nil, isMailed: true, at: time)
            .answerText
    }

    @Test(
        "an invitation made on one node is answered on another, once, and its secret is nowhere in the store"
    )
    func invitations() throws {
        let nodes = try CompanyNodes()
        let (one, other) = (nodes.one, nodes.other)
        let time = Int64(Date().timeIntervalSince1970)
        let (text, made) = try one.invite(
            nodes.all.dataset, role: .reader, url: "https://oem.example:7443", seconds: 3_600,
            isAutomatic: false)
        var companies: [Home] = []
        for name in [third, "fourth.example"] {
            companies.append(
                try Home.make(
                    "\(nodes.all.folder.path)/\(name)", origin: try Origin(name), name: name,
                    time: time))
        }
        let secret = try Invitation.open(text, at: time).secret
        for mark in try nodes.store.table.documents() {
            let bytes = try #require(try nodes.store.table.document(mark.name)).bytes
            let said = String(decoding: bytes, as: UTF8.self)
            #expect(!said.contains(Data(secret).base64EncodedString()))
            #expect(!said.contains(Hex.encode(secret)))
            #expect(!said.contains("PRIVATE KEY"))
        }
        // Without having looked: the store is asked.
        let answers = try companies.map { try answer(text, $0) }
        let pending = try other.takeMailed(answer: answers[0])
        #expect(pending.state == "pending" && pending.org == third)
        #expect {
            _ = try one.takeMailed(answer: answers[1])
        } throws: {
            ($0 as? NodeError)?.code == .invitationUsed
        }
        try one.lookAtDocuments()
        let seen = try #require(try one.invitations(to: nil).first { $0.nonce == made.nonce })
        #expect(seen.state == "pending" && seen.words == pending.words && !seen.words.isEmpty)
        #expect(try one.acceptInvitation(made.nonce).state == "accepted")
        #expect {
            _ = try other.revokeInvitation(made.nonce)
        } throws: {
            ($0 as? NodeError)?.code == .invitationUsed
        }
        try other.bringUp()
        #expect(try other.acceptInvitation(made.nonce).state == "accepted")
        #expect(try nodes.partners(other) == [third, tier].sorted())
        #expect(
            try other.mergedState(nodes.all.dataset).membership.members[try Origin(third)] != nil)
    }

    @Test("of two nodes that are answered at once, one takes the answer")
    func answersAtOnce() throws {
        let nodes = try CompanyNodes()
        let time = Int64(Date().timeIntervalSince1970)
        for round in 0..<2 {
            let (text, _) = try nodes.one.invite(
                nodes.all.dataset, role: .reader, url: "https://oem.example:7443", seconds: 3_600,
                isAutomatic: false)
            try nodes.other.lookAtDocuments()
            let answers = try (0..<2).map { number in
                let name = "n\(round)\(number).example"
                return try answer(
                    text,
                    try Home.make(
                        "\(nodes.all.folder.path)/\(name)", origin: try Origin(name), name: name,
                        time: time))
            }
            let paths = [nodes.one.home.path, nodes.other.home.path]
            let taken = Mutex(0)
            let store = nodes.store
            DispatchQueue.concurrentPerform(iterations: 2) { number in
                let isTaken =
                    (try? CompanyNodes.share(paths[number], store)
                        .takeMailed(answer: answers[number])) != nil
                if isTaken { taken.withLock { $0 += 1 } }
            }
            #expect(taken.withLock { $0 } == 1)
        }
    }

    @Test("a dataset that one node has left, or awaits, the others leave and await")
    func datasets() throws {
        let nodes = try CompanyNodes()
        let far = try DatasetID("\(tier)/far")
        try nodes.one.home.takePart(in: far)
        _ = try nodes.one.home.leave(far)
        try nodes.other.lookAtDocuments()
        #expect(try nodes.other.home.takesPart(in: far) && nodes.other.home.hasLeft(far))
        try nodes.other.home.rejoin(far)
        try nodes.one.lookAtDocuments()
        #expect(try !nodes.one.home.hasLeft(far))
    }
    @Test("a key that one node calls stolen is stolen, whichever list is newer")
    func stolen() throws {
        func list(_ number: Int, _ isStolen: Bool) -> String {
            #"{"number":\#(number),"certificates":[{"certificate":"AAAA","time":1,"isStolen":\#(isStolen)}]}"#
        }
        for (one, other) in [(list(3, true), list(4, false)), (list(3, false), list(4, true))] {
            for pair in [(one, other), (other, one)] {
                let merged = try #require(try CompanyDocument.ownLists.merged(pair.0, pair.1))
                let known = try JSONDecoder().decode(
                    Home.RevokedList.self, from: Data(merged.utf8))
                #expect(known.number == 4 && known.certificates.map(\.isStolen) == [true])
            }
        }
    }
}
