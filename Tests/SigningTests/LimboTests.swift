import Foundation
import Signing
import Testing

@Suite("Path validation against x509-limbo")
struct LimboTests {
    struct File: Decodable {
        let testcases: [Case]
    }

    struct Case: Decodable {
        struct Name: Decodable {
            let kind: String
            let value: String
        }
        let id: String
        let features: [String]?
        let validation_kind: String
        let trusted_certs: [String]
        let untrusted_intermediates: [String]
        let peer_certificate: String
        let validation_time: String?
        let expected_peer_name: Name?
        let crls: [String]
        let max_chain_depth: Int?
        let expected_result: String
    }

    /// Where the answer differs from the suite's, and why.
    ///
    /// No case of these lets a certificate pass that its issuer did not sign, that is out of date, revoked,
    /// or outside its issuer's names.
    static let known: [(reason: String, cases: [String])] = [
        (
            "OpenSSL asks every authority for a keyUsage, and our roots have one",
            ["crl::issuer-no-keyusage-extension"]
        ),
        (
            "OpenSSL does not ask for a CRL number; a list is judged by its dates",
            ["crl::crlnumber-missing"]
        ),
        (
            "OpenSSL tries one path and does not come back for another; the sender names its chain",
            ["cve::cve-2024-0567", "rfc5280::nc::nc-forbids-alternate-chain-ica"]
        ),
        (
            "a certificate that signs needs digitalSignature in its keyUsage, and this one has not",
            ["pathlen::validation-ignores-pathlen-in-leaf"]
        ),
        (
            "origins are DNS names, letter for letter: no addresses, and wildcards stand for nothing",
            [
                "rfc5280::nc::permitted-ipv6-match", "webpki::nc::nc-permits-dns-san-pattern",
                "webpki::san::leftmost-wildcard-san",
            ]
        ),
        (
            "digits and dots are an origin if somebody pins one; no name is looked up from it",
            ["rfc5280::san::ip-in-dns"]
        ),
        (
            "OpenSSL obeys name constraints that are not critical or are oddly written",
            [
                "rfc5280::nc::permitted-dns-match-noncritical",
                "rfc5280::nc::invalid-dnsname-leading-period",
                "rfc5280::nc::nc-permits-invalid-dns-san",
                "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
            ]
        ),
        (
            "OpenSSL does not look at the form of these; nothing here depends on it",
            [
                "rfc5280::pc::ica-noncritical-pc", "rfc5280::serial::too-long",
                "rfc5280::serial::zero", "webpki::aki::root-with-aki-missing-keyidentifier",
                "webpki::malformed-aia", "webpki::san::san-critical-with-nonempty-subject",
            ]
        ),
        (
            "rules of the web's authorities: the common name stands for nothing here",
            [
                "webpki::cn::punycode-not-in-san", "webpki::cn::utf8-vs-punycode-mismatch",
                "webpki::cn::case-mismatch",
            ]
        ),
        (
            "rules of the web's authorities, which no partner's own root has to follow",
            [
                "webpki::eku::ee-critical-eku", "webpki::eku::ee-without-eku",
                "webpki::forbidden-dsa-root", "webpki::ee-basicconstraints-ca",
            ]
        ),
    ]

    /// The moment for cases without one; their certificates are valid for a thousand years.
    static let now: Int64 = 1_790_000_000

    /// Nil if the path and the name are accepted, otherwise why not.
    static func refusal(_ test: Case) throws -> String? {
        let time = try test.validation_time.map {
            Int64(try Date($0, strategy: .iso8601).timeIntervalSince1970)
        }
        do throws(SigningError) {
            let leaf = try Certificate(pem: test.peer_certificate)
            var roots: [Certificate] = []
            for pem in test.trusted_certs { roots.append(try Certificate(pem: pem)) }
            var between: [Certificate] = []
            for pem in test.untrusted_intermediates { between.append(try Certificate(pem: pem)) }
            var lists: [RevocationList] = []
            for pem in test.crls { lists += try RevocationList.all(pem: pem) }
            try CertificatePath.validate(
                leaf: leaf, intermediates: between, roots: roots, at: time ?? now,
                purpose: test.validation_kind == "SERVER" ? .tlsServer : .tlsClient,
                revocation: .lists(lists),
                depthMax: test.max_chain_depth ?? CertificatePath.depthMax)
            if let name = test.expected_peer_name, !leaf.speaks(for: name.value) {
                return "the name \(name.value) is not the certificate's"
            }
            return nil
        } catch {
            return error.description
        }
    }

    @Test(
        "the cases are judged as the suite asks, but for the deviations that are known",
        .enabled(if: SharedVectors.arePresent))
    func cases() throws {
        let tests = try SharedVectors.decode(File.self, from: "x509-limbo/limbo.json").testcases
        #expect(tests.count >= 113)
        var table: [String: (agree: Int, stricter: Int, laxer: Int)] = [:]
        var deviations: Set<String> = []
        for test in tests {
            let refusal = try Self.refusal(test)
            let space = test.id.components(separatedBy: "::")[0]
            switch (refusal == nil, test.expected_result == "SUCCESS") {
            case (true, true), (false, false): table[space, default: (0, 0, 0)].agree += 1
            case (false, true):
                table[space, default: (0, 0, 0)].stricter += 1
                deviations.insert(test.id)
            case (true, false):
                table[space, default: (0, 0, 0)].laxer += 1
                deviations.insert(test.id)
            }
        }
        for (space, counts) in table.sorted(by: { $0.key < $1.key }) {
            print(
                "limbo \(space): \(counts.agree) agree, \(counts.stricter) stricter, \(counts.laxer) laxer"
            )
        }
        let known = Set(Self.known.flatMap(\.cases))
        #expect(deviations.subtracting(known) == [], "new deviations")
        #expect(known.subtracting(deviations) == [], "deviations that are no more")
    }
}
