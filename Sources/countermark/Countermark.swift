import ArgumentParser
import CountermarkNode
import Foundation

/// The command line.
///
/// Exit status: 0 done, 1 the check or the work failed, 2 wrong use, 3 another
/// process holds the lock, 4 the network or a partner refused.
@main
struct Countermark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "countermark",
        abstract: "Keeps the labels that several companies put on one shared dataset.",
        subcommands: [
            Init.self, Status.self, Key.self, PartnerCommand.self, DatasetCommand.self,
            Member.self, PolicyCommand.self, Audience.self, Items.self, Import.self, Export.self,
            Annotate.self,
            SetCommand.self,
            Retract.self, Restore.self, Review.self, Comment.self, Show.self, List.self,
            Conflicts.self, Resolve.self, History.self, Quarantine.self, Verify.self, Prove.self,
            Rebuild.self, SchemaCommand.self, Evidence.self, Bench.self, Sync.self, Carry.self,
            Serve.self,
            Invite.self, JoinInvitation.self, StageCommand.self, Examined.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            exit(with: error)
        }
    }

    private static func exit(with error: any Error) -> Never {
        let isOurs = error is any ReportedError
        if !isOurs, !(error is ExitCode) {
            // The argument parser's own: help, version, wrong use.
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code == .success {
                Terminal.say(lines: text + "\n")
                Foundation.exit(0)
            }
            if CommandLine.arguments.contains("--json") {
                Failure(error, isUsage: code == .validationFailure).report(asJSON: true)
            } else {
                Terminal.warn(lines: text)
            }
            Foundation.exit(code == .validationFailure ? 2 : Failure(error).status)
        }
        if let code = error as? ExitCode { Foundation.exit(code.rawValue) }
        let failure = Failure(error)
        failure.report(asJSON: CommandLine.arguments.contains("--json"))
        Foundation.exit(failure.status)
    }
}
