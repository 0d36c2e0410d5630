import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import Signing

/// A certificate for the key that a person's browser has made.
struct PeopleApprove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract:
            "Issues the certificate of a key in a person's browser, if the words are those of the key."
    )
    @OptionGroup var common: CommonOptions
    @Argument(help: "The person.") var name: String
    @Argument(help: "The six words that the person reads out.") var words: [String]
    @Option(help: "The authority's key, where the home does not hold it.") var caKey: String?

    func run() throws {
        let home = try Home(opening: common.homePath)
        let key = try home.approvePersonKey(
            name, words: words.joined(separator: " "), caKeyText: try caKey.map { try keyText($0) },
            at: Int64(Date().timeIntervalSince1970))
        try common.print(
            document: try BrowserKeysDocument([key], home),
            ["\(key.author) signs with \(key.certificate.fingerprint.hex)"])
    }
}

/// The keys in people's browsers.
struct PeopleKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Keys in people's browsers, and who waits for a certificate."
    )
    @OptionGroup var common: CommonOptions
    @Argument(help: "One person; everybody if left out.") var name: String?

    func run() throws {
        let home = try Home(opening: common.homePath)
        let document = try BrowserKeysDocument(
            home, of: name, at: Int64(Date().timeIntervalSince1970))
        try common.print(document: document, document.lines)
    }
}

/// The end of all of a person's keys on this node.
struct PeopleForget: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract:
            "Takes no more of what a person's browsers sign; key revoke and key retire tell partners."
    )
    @OptionGroup var common: CommonOptions
    @Argument(help: "The person.") var name: String

    func run() throws {
        let home = try Home(opening: common.homePath)
        let document = try BrowserKeysDocument(try home.forgetPersonKeys(name), home)
        try common.print(
            document: document,
            document.lines.map { "forgotten: " + $0 }
                + (document.keys.isEmpty
                    ? []
                    : [
                        "if a key is in other hands: countermark key revoke, and countermark key retire"
                    ]))
    }
}

extension BrowserKeysDocument {
    /// A line a key, and a line for each who waits.
    fileprivate var lines: [String] {
        keys.map {
            "\($0.fingerprint.prefix(16))  \($0.person)  until \(Output.time($0.until))"
                + ($0.revoked ? "  revoked" : "")
        }
            + waiting.map {
                "\($0.person) waits since \(Output.time($0.since)): countermark people approve \($0.person) WORDS"
            }
    }
}
