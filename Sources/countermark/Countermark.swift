import ArgumentParser
import CountermarkNode
import Foundation
import PlainErrors

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
            Invite.self, JoinInvitation.self, StageCommand.self, Examined.self, Doctor.self,
            Backup.self, RepairCommand.self, ReleaseCommand.self, AgreementCommand.self,
            ConsensusCommand.self, GoldCommand.self, QueueCommand.self, BlindCommand.self,
            LabelErrorsCommand.self, People.self, StoreCommand.self,
        ])

    static func main() async {
        StandardOutput.open()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Terminal.exit(0)
        } catch {
            exit(with: error)
        }
    }

    private static func exit(with error: any Error) -> Never {
        if let code = error as? ExitCode { Terminal.exit(code.rawValue) }
        let isJSON = CommandLine.arguments.contains("--json")
        switch exitCode(for: error) {
        case .success:
            // Help and the version.
            Terminal.say(lines: fullMessage(for: error) + "\n")
            Terminal.exit(0)
        case .validationFailure where !(error is NodeError):
            if isJSON {
                Failure(usage: message(for: error)).report(asJSON: true)
            } else {
                Terminal.warn(lines: fullMessage(for: error))
            }
            Terminal.exit(NodeError.Kind.usage.rawValue)
        default:
            let failure = Failure(error)
            failure.report(asJSON: isJSON)
            Terminal.exit(failure.status)
        }
    }
}
