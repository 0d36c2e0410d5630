import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import Glibc
import LabelDocuments
import NodeDocuments
import Signing

/// Pairing, the newcomer's side.
struct JoinInvitation: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Answers an invitation and takes part in its dataset.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "The invitation's file; standard input if left out or -.")
    var invitation: String?
    @Flag(help: "The words were compared, or the mail is trusted: pin the steward.")
    var yes = false
    @Option(help: "Write the answer to this file, for a mail: this side cannot dial out.")
    var answer: String?
    @Option(help: "Where the steward can dial this node: https://HOST:PORT.")
    var listenURL: String?
    @Option(help: "Wait so long for the steward to accept: 30s, 10m.") var wait: String?

    func run() async throws {
        if let answer { try common.requireOutside(answer) }
        let home = try Home(opening: common.homePath)
        let joining = try Joining(
            home, invitation: try text(), listenURL: listenURL, isMailed: answer != nil,
            at: Int64(Date().timeIntervalSince1970))
        if let answer {
            try common.writeWhole(Array(joining.answerText.utf8), to: answer)
            let words = try joining.words()
            let isConfirmed = try confirm(joining, words)
            return try report(joining, words, isConfirmed ? "answered" : "unconfirmed")
        }
        var (words, isAccepted) = try await joining.ask()
        guard try confirm(joining, words) else {
            return try report(joining, words, "unconfirmed")
        }
        let end = ContinuousClock.now + .seconds(try wait.map { try durationSeconds($0) } ?? 0)
        while !isAccepted, ContinuousClock.now < end {
            try await Task.sleep(for: .seconds(2))
            isAccepted = try await joining.ask().isAccepted
        }
        guard isAccepted else { return try report(joining, words, "pending") }
        try await joining.takePart()
        try report(joining, words, "joined")
    }

    private func text() throws -> String {
        if let invitation, invitation != "-" { return try readText(invitation) }
        let data = try FileHandle.standardInput.read(upToCount: Invitation.textBytesMax + 1)
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    /// Pins the steward once somebody has compared the words.
    private func confirm(_ joining: Joining, _ words: InvitationWords) throws -> Bool {
        if try joining.isConfirmed() { return true }
        var isAgreed = yes
        if !yes {
            let question = "Call \(joining.invitation.steward). Does it read out: \(words)?"
            isAgreed = Terminal.ask(question) == true
        }
        if isAgreed { try joining.confirm() }
        return isAgreed
    }

    private func report(_ joining: Joining, _ words: InvitationWords, _ state: String) throws {
        let invitation = joining.invitation
        let next =
            switch state {
            case "unconfirmed":
                "compare the words by phone, then run countermark join again with --yes"
            case "pending": "\(invitation.steward) has not accepted yet; run the same command again"
            case "answered": "mail \(answer ?? "the answer") to \(invitation.steward)"
            default: "joined \(invitation.dataset)"
            }
        try common.print(
            document: JoinDocument(joining, words, state: state),
            [
                "\(invitation.steward) invites to \(invitation.dataset) as \(invitation.role)",
                "words: \(words)", next,
            ])
    }
}
