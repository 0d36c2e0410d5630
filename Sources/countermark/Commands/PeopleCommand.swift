import ArgumentParser

/// The people who use this node's page.
struct PeopleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "people", abstract: "Keys of the people who use this node's page.",
        subcommands: [PeopleKeys.self, PeopleApprove.self, PeopleForget.self])
}
