import AnnotationModel
import CompanyHome
import CountermarkNode
import Hummingbird
import LabelDocuments
import NodeDocuments
import PlainErrors
import Signing

/// What people sign themselves, and how their browsers come by certificates.
struct PersonRoutes: Sendable {
    private static let dataset = "/datasets/{owner}/{name}"

    var routes: [PageRoute] {
        [
            .get(
                Self.dataset + "/signing", SigningDocument.self,
                "What a browser needs to make and sign the next entry itself.",
                [.init("certificate", .text)],
                .fresh(.quick) { node, ask in
                    let fingerprint = try ask.text("certificate").map { text in
                        guard let digest = Digest(hex: text) else {
                            throw PageProblem(
                                .badRequest, "certificate is 64 hexadecimal digits")
                        }
                        return digest
                    }
                    return SigningDocument(
                        try node.signingOffer(
                            try ask.dataset(), person: try Self.person(ask),
                            fingerprint: fingerprint))
                }),
            PageRoute(
                method: .get, path: Self.dataset + "/root", role: .viewer,
                summary: "The steward's root certificates that this node trusts, PEM.",
                queries: [], document: nil, answerType: "application/x-pem-file",
                work: .bytes("application/x-pem-file") { node, ask in
                    Array(try node.stewardsRoots(try ask.dataset()).utf8)
                }),
            .get(
                "/people/key", BrowserKeysDocument.self, "The keys of who asks.",
                [],
                .fresh(.quick) { node, ask in
                    try BrowserKeysDocument(
                        node.home, of: try Self.person(ask), at: node.time())
                }),
            PageRoute(
                method: .get, path: "/people/keys", role: .operator,
                summary: "Everybody's keys, and who waits for a certificate.", queries: [],
                document: "\(BrowserKeysDocument.self)",
                work: .fresh(.quick) { node, _ in
                    try BrowserKeysDocument(node.home, of: nil, at: node.time())
                }),
            PageRoute(
                method: .post, path: "/people/key", role: .annotator,
                summary: "Asks for a certificate of a key that a browser has made.", queries: [],
                body: [.init("publicKey", .text, isNeeded: true)],
                document: "\(KeyWordsDocument.self)",
                work: .write { node, ask in
                    let body = try PageBody(ask.body, ["publicKey"])
                    guard let key = Hex.decode(try body.needed("publicKey")), key.count == 32
                    else {
                        throw PageProblem(
                            .badRequest, "publicKey is 64 hexadecimal digits, an Ed25519 key")
                    }
                    return KeyWordsDocument(
                        words: try node.home.requestPersonKey(
                            try Self.person(ask), publicKey: key, at: node.time()
                        ).description)
                }),
            PageRoute(
                method: .post, path: "/people/{person}/key", role: .operator,
                summary: "Has the certificate issued, if the words are those of the key.",
                queries: [], body: [.init("words", .text, isNeeded: true)],
                document: "\(BrowserKeysDocument.self)",
                work: .write { node, ask in
                    let body = try PageBody(ask.body, ["words"])
                    let key = try node.home.approvePersonKey(
                        ask.part("person"), words: try body.needed("words"), at: node.time())
                    return try BrowserKeysDocument([key], node.home)
                }),
        ]
    }

    /// Appends what a browser has signed.
    static let appending = PageRoute(
        method: .post, path: dataset + "/entries", role: .annotator,
        summary: "Appends an entry that a person's browser has signed: the body, application/cose.",
        queries: [], document: "\(WrittenDocument.self)", bodyType: "application/cose", work: .other
    )

    /// Appends an entry, or writes nothing.
    func append(
        _ request: Request, _ ask: PageAsk, _ nodes: PageNodes, _ intake: PageIntake
    ) async throws -> Response {
        try ask.session.require(Self.appending.role)
        let (dataset, person) = (try ask.dataset(), try Self.person(ask))
        let entry = try await intake.bytes(
            request, "application/cose", bytesMax: COSESign1.byteCountMax)
        let mayReview = ask.session.role >= .reviewer
        return try await nodes.writing.run { node in
            node.beginAct()
            return try PageServer.answer(
                try node.written(entry, signedBy: person, mayReview: mayReview, to: dataset))
        }
    }

    /// Who asks, by name: the operator of a link is nobody in particular, and has no key.
    private static func person(_ ask: PageAsk) throws -> String {
        guard let person = ask.session.person else {
            throw PageProblem(
                .otherPerson, "this session is the operator's, and no person's",
                hint: "add yourself with countermark people add, and log in under that name")
        }
        return person
    }
}
