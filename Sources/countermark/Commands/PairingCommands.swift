import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import Glibc
import LabelDocuments
import NodeDocuments
import PlainErrors
import Provenance
import Signing

/// A duration such as `90s`, `30m`, `12h` or `7d`, in seconds.
func durationSeconds(_ text: String) throws -> Int64 {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
        (1...Invitation.lifetimeSecondsMax / unit).contains(count)
    else {
        throw ValidationError(
            "\"\(text)\" is no duration such as 30m, 12h or 7d, half a year at most")
    }
    return count * unit
}

private func lines(_ view: InvitationView) -> [String] {
    [
        "\(view.nonce)  \(view.dataset)  \(view.role)  \(view.state)  until \(Output.time(view.expiresAt))"
    ]
        + (view.org.map { ["  \($0) answered: \(view.words.joined(separator: " "))"] } ?? [])
        + view.refusals.map { "  refused \(Output.time($0.time)) \($0.org): \($0.why)" }
}

/// Invitations, the steward's side of pairing.
struct Invite: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Invites a company to a dataset.",
        subcommands: [Create.self, List.self, Accept.self, Revoke.self],
        defaultSubcommand: Create.self)

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes an invitation for a mail.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Option(help: "reader, annotator or reviewer.") var role: String
        @Option(help: "How long it may be used: 30m, 12h, 7d.") var expires = "7d"
        @Option(name: [.customShort("o"), .long], help: "Write the text to this file.")
        var output: String?
        @Option(help: "Where newcomers reach this node: https://HOST:PORT; remembered.")
        var url: String?
        @Flag(help: "Accept the first right answer without comparing words: trusts the mail.")
        var autoAccept = false

        func run() throws {
            guard let role = Role(name: role), role != .steward else {
                throw ValidationError("--role is reader, annotator or reviewer")
            }
            if let output { try common.requireOutside(output) }
            let node = try common.node()
            let (text, view) = try node.invite(
                try common.dataset(dataset, node), role: role, url: url,
                seconds: try durationSeconds(expires), isAutomatic: autoAccept)
            do {
                if let output {
                    try common.writeWhole(Array(text.utf8), to: output, mode: 0o600)
                }
                try common.print(
                    document: NewInvitationDocument(
                        view, by: node.home.origin, text: text, file: output),
                    output.map { ["invitation \(view.nonce) in \($0)"] }
                        ?? text.split(separator: "\n", omittingEmptySubsequences: false).map(
                            String.init))
                try Terminal.flush()
            } catch {
                throw lost(text, view, node, why: PlainError(error).message)
            }
        }

        /// An invitation that nobody got is kept in the home: its secret is nowhere else.
        private func lost(
            _ text: String, _ view: InvitationView, _ node: Node, why: String
        ) -> NodeError {
            do {
                let file = try node.keep(invitation: text, view)
                return NodeError(
                    .outputLost, "the invitation \(view.nonce) is made and not handed over: \(why)",
                    hint: "it lies in \(file): mail it and remove the file")
            } catch {
                return NodeError(
                    .outputLost, "the invitation \(view.nonce) is made and lost: \(why)",
                    hint: "make room, run countermark invite revoke \(view.nonce) and make another")
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Invitations, who answered, and the words to compare.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "One dataset; all if left out.") var dataset: String?

        func run() throws {
            let node = try common.node()
            let id = try dataset.map { try common.dataset($0, node) }
            if let id { try node.require(id) }
            let views = try node.invitations(to: id)
            try common.print(
                document: InvitationListDocument(
                    invitations: views.map { InvitationDocument($0) }),
                views.flatMap { lines($0) })
        }
    }

    struct Accept: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Accepts an answer after the words were compared.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "The invitation.") var nonce: String?
        @Option(help: "An answer that came by mail.") var answer: String?
        @Flag(help: "The words were compared.") var yes = false

        func run() throws {
            let node = try common.node()
            guard (nonce == nil) != (answer == nil) else {
                throw ValidationError("give the invitation's nonce or --answer FILE")
            }
            var accepting = nonce
            if let answer {
                let view = try node.takeMailed(answer: try readText(answer))
                let question =
                    "\(view.org ?? "") answers. Does it read out: "
                    + "\(view.words.joined(separator: " "))?"
                guard view.state == "accepted" || yes || Terminal.ask(question) == true else {
                    return try common.print(
                        document: InvitationDocument(view),
                        lines(view) + ["after comparing: countermark invite accept \(view.nonce)"])
                }
                accepting = view.nonce
            }
            let before = try node.invitations(to: nil)
            let view = try node.acceptInvitation(accepting ?? "")
            let wasAccepted = before.contains { $0.nonce == view.nonce && $0.state == "accepted" }
            let changed = !wasAccepted || node.hasWritten
            try common.print(
                document: InvitationDocument(view, changed: changed), changed: changed,
                lines(view))
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Takes an invitation back.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "The invitation.") var nonce: String

        func run() throws {
            let (view, changed) = try common.node().revokeInvitation(nonce)
            try common.print(
                document: InvitationDocument(view, changed: changed), changed: changed,
                lines(view))
        }
    }
}
