import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CanonicalCBOR
import Foundation
import LogStorage
import NIOCore
import NIOHTTP1
import NIOPosix
import PartnerTLS
import Provenance
import Signing
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PartnerNet
@testable import PlainErrors

/// The runtime's own name of an enumeration's case.
@_silgen_name("swift_EnumCaseName")
private func enumCaseName<T>(_ value: T) -> UnsafePointer<CChar>?

/// Every error that people can read goes through one table and comes out in plain words.
struct PlainErrorTests {
    private static let time: Int64 = 1_795_880_000
    static let digest = SHA256Hasher.hash([1])
    private static let signing = SigningError.refusedPath(
        subject: "CN=x", depth: 0, problem: .expired)

    /// One of each case; what a new case lacks here, `isWhole` finds.
    private static let samples: [any Error] =
        signingSamples + tlsSamples + logSamples + storeSamples + objectSamples
        + otherSamples

    private static let signingSamples: [any Error] = [
        SigningError.unreadableKey(reason: "bad"), SigningError.passphraseNeeded,
        SigningError.wrongPassphrase, SigningError.invalidKeyURI("x"),
        SigningError.keyNotReached(uri: "x", reason: "bad"), SigningError.keyNotExportable,
        SigningError.unsupportedKey(type: "DSA"), SigningError.invalidPublicKey(reason: "bad"),
        SigningError.openSSL(operation: "sign", reason: "bad"), SigningError.noCertificate,
        SigningError.tooManyCertificates(limit: 3),
        SigningError.malformedCertificate(reason: "bad"),
        SigningError.malformedRevocationList(reason: "bad"),
        SigningError.certificateTooLarge(bytes: 2, limit: 1), SigningError.noTrustAnchor, signing,
        SigningError.signingNotAllowed(subject: "x"), SigningError.notAnAuthority(subject: "x"),
        SigningError.keyDoesNotMatchCertificate(subject: "x"),
        SigningError.wrongOrigin(subject: "x", origin: "y"), SigningError.invalidOrigin("x"),
        SigningError.invalidSubjectName("x"), SigningError.messageTooLarge(bytes: 2, limit: 1),
        SigningError.notCanonical(.truncated(offset: 1)),
        SigningError.malformedMessage(.truncated(offset: 1)), SigningError.notTagged,
        SigningError.wrongTag(1), SigningError.unprotectedHeader, SigningError.detachedPayload,
        SigningError.missingHeader(.algorithm),
        SigningError.invalidHeader(.algorithm, reason: "bad"),
        SigningError.unsupportedAlgorithm(1), SigningError.criticalLabel(1),
        SigningError.algorithmDoesNotFitKey(algorithm: .edDSA, key: .p256),
        SigningError.signatureLength(found: 1, expected: 2), SigningError.signatureMismatch,
        SigningError.attachedRoot,
        InvitationError.notAnInvitation, InvitationError.notAnAnswer,
        InvitationError.severalInvitations, InvitationError.tooLong(bytes: 2, limit: 1),
        InvitationError.damaged, InvitationError.otherVersion(found: 2),
        InvitationError.badField("role", value: "x"), InvitationError.unreadable(signing),
        InvitationError.altered, InvitationError.signature(signing),
        InvitationError.untrusted(signing), InvitationError.otherRoot(pinned: digest),
        InvitationError.expired(at: time), InvitationError.notYetValid(from: time),
    ]

    private static let tlsSamples: [any Error] = [
        PartnerTLSError.noCertificate, PartnerTLSError.unusableIdentity(reason: "bad"),
        PartnerTLSError.openSSL(operation: "x", reason: "bad"),
        PartnerTLSError.handshakeTimeout(seconds: 3),
        PartnerTLSError.protocolViolation(reason: "wrong version number"),
        PartnerTLSError.refusedByPeer(alert: "unknown CA"), PartnerTLSError.noPeerCertificate,
        PartnerTLSError.unknownPeer(subject: "x"),
        PartnerTLSError.untrustedPeer(origin: "x", cause: signing),
        PartnerTLSError.wrongPeer(subject: "x", expected: "y"),
        PartnerTLSError.unreadablePeerCertificate(signing), PartnerTLSError.truncated,
        PartnerTLSError.closed,
        PartnerTLSError.unreachable(host: "x", port: 1, reason: NetworkReason.words(ECONNREFUSED)),
        PartnerTLSError.proxyRefused(proxy: "x:1", reason: "no answer in time"),
        PartnerTLSError.invalidPath("x"), PartnerTLSError.invalidHeader("x"),
        PartnerTLSError.timeout(seconds: 3), PartnerTLSError.responseTooLarge(limitBytes: 1),
        PartnerTLSError.lineTooLong(limitBytes: 1), PartnerTLSError.streamOverrun(limitLines: 1),
        PartnerTLSError.malformedResponse(reason: "bad"), PartnerTLSError.refusedStream(status: 1),
        PartnerTLSError.cancelled,
        PartnerTLSError.unusableAuthorities(path: "/x", reason: "bad"),
        PartnerTLSError.untrustedServer(subject: "x", reason: "bad"),
    ]

    private static let logSamples: [any Error] = [
        LogStorageError.system(call: "open", path: "x", errno: EIO),
        LogStorageError.locked(path: "x", seconds: 1),
        LogStorageError.damaged(path: "x", why: "bad"),
        LogStorageError.beyondEnd(index: 1, size: 1),
        LogStorageError.format(.noKnownSignature, path: "x"), LogStorageError.closed(path: "x"),
        LogStorageError.unconfirmed(path: "x"),
        TransparencyLogError.badLogOrigin("x"),
        TransparencyLogError.indexBeyondSize(index: 1, size: 1),
        TransparencyLogError.proofLength(hashes: 1),
        TransparencyLogError.rootMismatch(expected: digest, computed: digest),
        TransparencyLogError.sizesDoNotAscend(old: 2, new: 1),
        TransparencyLogError.badTilePath("x"), TransparencyLogError.badBundle(entry: 1, why: "bad"),
        TransparencyLogError.entryTooLarge(bytes: 2, max: 1),
        TransparencyLogError.badNote(why: "bad"), TransparencyLogError.noKnownSignature,
        TransparencyLogError.badSignature(key: "x"), TransparencyLogError.badVerifierKey("x"),
        TransparencyLogError.badCheckpoint(why: "bad"),
        TransparencyLogError.otherOrigin(expected: "x", found: "y"),
        TransparencyLogError.emptyTreeWithRoot(digest), TransparencyLogError.badRequest(why: "bad"),
        TransparencyLogError.badPolicy(line: 1, why: "bad"),
        TransparencyLogError.quorumMissing(signed: 1, known: 2),
        TransparencyLogError.badProofFile(why: "bad"), TransparencyLogError.badReceipt(signing),
        TransparencyLogError.otherReceipt(why: "bad"), TransparencyLogError.badEvidence(why: "bad"),
        TransparencyLogError.noEquivocation(why: "bad"),
        WitnessRefusal.malformed(.noKnownSignature), WitnessRefusal.unknownLog(origin: "x"),
        WitnessRefusal.notSigned(.noKnownSignature), WitnessRefusal.oldSizeAbove(old: 2, size: 1),
        WitnessRefusal.otherSize(latest: 1), WitnessRefusal.badProof(.noKnownSignature),
        WitnessRefusal.otherRoot(size: 1, cosigned: digest, received: digest),
        WitnessRefusal.clockNotSet(time: -1), WitnessRefusal.signing(signing),
    ]

    private static let otherSamples: [any Error] = [
        AnnotationModelError.encoding(.truncated(offset: 1)),
        AnnotationModelError.badIdentifier(kind: "x", text: "y", rule: "z"),
        AnnotationModelError.limit(what: "x", value: 2, max: 1),
        AnnotationModelError.badGeometry(kind: "x", why: "bad"),
        AnnotationModelError.danglingString(index: 1, count: 1),
        AnnotationModelError.badOperation(position: 1, why: "bad"),
        AnnotationStoreError.sqlite(code: 10, message: "disk I/O", doing: "merging"),
        AnnotationStoreError.schemaVersion(found: 1, expected: 2, path: "x"),
        AnnotationStoreError.damagedRow(table: "x", key: 1),
        AnnotationStoreError.unreadableEntry(log: "x/y/z", index: 1, why: "it is cut"),
        AnnotationStoreError.unknownDataset("x"),
        AnnotationStoreError.tooManyLogs(limit: 1),
        AnnotationStoreError.noRoom(path: "/tmp", why: "the disk of /home/x is full"),
        ProvenanceError.unknownLog(1), ProvenanceError.unknownItem(1),
        ProvenanceError.refused(log: "x", index: 1, .badSignature),
        LabelProofError.malformed("bad"), LabelProofError.refused("bad"),
        FormatError.cannotOpen(path: "x", errno: EACCES),
        FormatError.cannotWrite(path: "x", errno: ENOSPC),
        Refusal.notFound, NodeError(.notFound, "something failed", hint: "do this"),
    ]

    /// What no message holds: others' type names, and seconds since 1970.
    private static func raw(_ text: String) -> String? {
        let marks = [
            "Error Domain", "UserInfo", "NSCocoa", "NSPOSIX", "NIO", "SocketAddressError", "errno",
            "Optional(", "ChannelError", "HPE_", "1795880000", "{\"", "Swift.",
        ]
        return marks.first { text.contains($0) }
    }

    @Test("each error of each module comes out in plain words")
    func samplesArePlain() {
        for sample in Self.samples {
            let plain = PlainError(sample)
            let line = PlainError.line(sample)
            #expect(!plain.code.word.isEmpty && plain.code != .failed, "\(sample)")
            #expect(plain.message.count > 8, "\(line)")
            #expect(Self.raw(line) == nil, "\(line)")
            #expect(!line.contains("\n"), "\(line)")
        }
    }

    @Test(
        "no case of an error is left out of the walk",
        arguments: [
            ("Signing/SigningError.swift", "SigningError"),
            ("Signing/InvitationError.swift", "InvitationError"),
            ("PartnerTLS/PartnerTLSError.swift", "PartnerTLSError"),
            ("ObjectStore/ObjectStoreError.swift", "ObjectStoreError"),
            ("SharedStore/SharedStoreError.swift", "SharedStoreError"),
            ("LogStorage/LogStorageError.swift", "LogStorageError"),
            ("TransparencyLog/TransparencyLogError.swift", "TransparencyLogError"),
            ("TransparencyLog/Witness.swift", "WitnessRefusal"),
            ("AnnotationModel/AnnotationModelError.swift", "AnnotationModelError"),
            ("AnnotationStore/AnnotationStoreError.swift", "AnnotationStoreError"),
            ("Provenance/ProvenanceError.swift", "ProvenanceError"),
        ])
    func isWhole(file: String, type: String) throws {
        let text = try source(file)
        let start = try #require(text.range(of: "enum \(type): Error"))
        let body = text[start.upperBound...].split(
            separator: "\n", omittingEmptySubsequences: false
        ).prefix { $0 != "}" && !$0.contains("public enum Refusal") }
        let names = body.compactMap { line -> String? in
            let words = line.trimmingCharacters(in: .whitespaces)
            guard words.hasPrefix("case "), !words.hasPrefix("case .") else { return nil }
            return String(words.dropFirst(5).prefix { $0.isLetter })
        }
        let known = Set(
            Self.samples.filter { "\(Swift.type(of: $0))" == type }.map { sample in
                Mirror(reflecting: sample).children.first?.label ?? Self.caseName(sample)
            })
        #expect(!names.isEmpty)
        for name in names { #expect(known.contains(name), "\(type).\(name) has no sample") }
    }

    /// The name of a case without values, whose description is words.
    private static func caseName<E: Error>(_ error: E) -> String {
        enumCaseName(error).map { String(cString: $0) } ?? ""
    }

    @Test("whatever the system, Foundation or NIO says is put into our words")
    func foreignIsPlain() throws {
        var foreign: [any Error] = [
            CancellationError(), ChannelError.connectTimeout(.seconds(1)),
            ChannelError.ioOnClosedChannel, ChannelError.eof, HTTPParserError.invalidMethod,
            DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "x")),
            EncodingError.invalidValue(1, .init(codingPath: [], debugDescription: "x")),
            NSError(domain: "NSCocoaErrorDomain", code: 4),
        ]
        for code in Int32(1)...133 {
            foreign.append(IOError(errnoCode: code, reason: "connect"))
            if let posix = POSIXErrorCode(rawValue: code) { foreign.append(POSIXError(posix)) }
            foreign.append(LogStorageError.system(call: "write", path: "/x", errno: code))
        }
        for code in [
            4, 256, 257, 258, 259, 260, 261, 262, 263, 264, 512, 513, 514, 516, 517, 518,
            640, 642, 3840, 3851, 4864,
        ] {
            foreign.append(CocoaError(CocoaError.Code(rawValue: code)))
        }
        do {
            _ = try Data(contentsOf: URL(fileURLWithPath: "/nowhere/at/all"))
        } catch { foreign.append(error) }
        for error in foreign {
            let line = PlainError.line(error)
            #expect(Self.raw(line) == nil, "\(line)")
            #expect(line.count > 12, "\(line)")
        }
        #expect(
            PlainError.line(IOError(errnoCode: ECONNREFUSED, reason: "x")).contains(
                "nobody listens"))
    }

    @Test("no source puts an error into a text by itself")
    func everyPathUsesTheTable() throws {
        let folders = ["CountermarkNode", "countermark"]
        for folder in folders {
            let root = Self.sources.appendingPathComponent(folder)
            let files = try #require(
                FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                if file.lastPathComponent == "PlainError.swift" { continue }
                let text = try String(contentsOf: file, encoding: .utf8)
                for mark in ["localizedDescription", "strerror(", "Unix time)", "in Unix time"] {
                    #expect(!text.contains(mark), "\(file.lastPathComponent): \(mark)")
                }
                // A text that a report keeps already went through it.
                let lines = text.split(separator: "\n")
                for line in lines where line.contains("\\(error)") {
                    let isText = lines.contains {
                        $0.contains("if let error = ") || $0.contains("report.error")
                            || $0.contains("guard let error = ")
                    }
                    #expect(isText, "\(file.lastPathComponent): \(line)")
                }
            }
        }
    }

    @Test("times are read as dates")
    func readableTimes() {
        #expect(ReadableTime.text(0) == "1970-01-01 00:00 UTC")
        #expect(ReadableTime.text(1_795_880_000) == "2026-11-28 15:33 UTC")
        #expect(ReadableTime.text(951_782_400) == "2000-02-29 00:00 UTC")
        #expect(ReadableTime.text(-1) == "1969-12-31 23:59 UTC")
        #expect(ReadableTime.text(.max) == "a time beyond any calendar")
        #expect(ReadableTime.text(.min) == "a time beyond any calendar")
        #expect(ReadableTime.span(3 * 86_400) == "3 days")
    }

    private static let sources = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources")

    private func source(_ file: String) throws -> String {
        try String(
            contentsOf: Self.sources.appendingPathComponent(file), encoding: .utf8)
    }
}

/// Addresses with and without brackets, zones, and what is none.
struct PartnerAddressTests {
    @Test(
        "an address to listen on is a host and a port",
        arguments: [
            ("127.0.0.1:7443", "127.0.0.1", 7443), ("[::1]:7443", "::1", 7443),
            ("::1:7443", "::1", 7443), ("[fe80::1%eth0]:1", "fe80::1%eth0", 1),
            ("node.oem.example:7443", "node.oem.example", 7443), ("[::]:7443", "::", 7443),
        ])
    func listening(text: String, host: String, port: Int) throws {
        let address = try #require(PartnerAddress(listening: text))
        #expect(address.host == host && address.port == port)
    }

    @Test(
        "what is no address is refused", arguments: ["", "7443", ":7443", "a:b", "[::1]", "[x]:1"])
    func refused(text: String) {
        #expect(PartnerAddress(listening: text) == nil)
    }

    @Test(
        "a URL names a host and a port",
        arguments: [
            ("https://oem.example:7443", "oem.example", 7443),
            ("https://oem.example/", "oem.example", 443), ("https://[::1]:7443", "::1", 7443),
            ("https://[::1]", "::1", 443), ("https://::1", "::1", 443),
            ("https://[fe80::1%25eth0]:7443", "fe80::1%eth0", 7443),
            ("https://[fe80::1%eth0]:7443", "fe80::1%eth0", 7443),
            ("HTTPS://10.0.0.1:1", "10.0.0.1", 1),
        ])
    func urls(text: String, host: String, port: Int) throws {
        let address = try #require(PartnerAddress(url: text))
        #expect(address.host == host && address.port == port)
    }

    @Test(
        "what is no URL of a partner is refused",
        arguments: [
            "http://oem.example", "oem.example:7443", "https://", "https://a b", "https://a/path",
            "https://u@a", "https://a:0", "https://a:70000", "https://[::1", "https://[a]:1",
        ])
    func badURLs(text: String) {
        #expect(PartnerAddress(url: text) == nil)
    }
}

/// Proxies as the environment names them.
struct ProxyChoiceTests {
    @Test("a proxy is read with and without a scheme, name and password")
    func reading() throws {
        #expect(try #require(HTTPProxy("http://proxy.example:3128")).name == "proxy.example:3128")
        #expect(try #require(HTTPProxy("proxy.example:3128/")).port == 3128)
        #expect(try #require(HTTPProxy("http://a:b%40c@[::1]:8080")).host == "::1")
        for bad in ["", "https://p:1", "http://", "http://p:x", "socks5://p:1", "http://p:0"] {
            #expect(HTTPProxy(bad) == nil, "\(bad)")
        }
    }

    @Test("the option goes before the environment, and NO_PROXY names exceptions")
    func choosing() throws {
        let environment = ["HTTPS_PROXY": "http://p:1", "NO_PROXY": ".oem.example, 10.0.0.1"]
        #expect(try ProxyChoice.proxy(for: "tier.example", in: environment)?.name == "p:1")
        #expect(try ProxyChoice.proxy(for: "node.oem.example", in: environment) == nil)
        #expect(try ProxyChoice.proxy(for: "10.0.0.1", in: environment) == nil)
        var chosen = environment
        chosen["COUNTERMARK_PROXY"] = "none"
        #expect(try ProxyChoice.proxy(for: "tier.example", in: chosen) == nil)
        chosen["COUNTERMARK_PROXY"] = "q:2"
        #expect(try ProxyChoice.proxy(for: "10.0.0.1", in: chosen)?.name == "q:2")
        chosen["COUNTERMARK_PROXY"] = "ftp://q"
        #expect(throws: NodeError.self) { try ProxyChoice.proxy(for: "a", in: chosen) }
    }
}

/// When the end of a certificate is told of.
struct EndingTests {
    @Test("30, 7 and 1 days before, to the second")
    func levels() {
        let end = Ending(
            kind: .certificate, org: "a.example", subject: "a", end: 100 * 86_400, renew: "x")
        for (days, level) in [
            (30, Ending.Level.notice), (7, .warning), (1, .urgent), (0, .urgent),
        ] {
            let time = end.end - Int64(days) * 86_400
            #expect(end.level(at: time) == level)
            #expect(
                end.level(at: time - 1)
                    == (days == 30 ? .later : days == 0 ? .urgent : end.level(at: time - 1)))
        }
        #expect(end.level(at: end.end - 7 * 86_400 - 1) == .notice)
        #expect(end.level(at: end.end - 86_400 - 1) == .warning)
        #expect(end.level(at: end.end + 1) == .over)
    }
}
