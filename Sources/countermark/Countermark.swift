import ArgumentParser
@main struct Countermark: AsyncParsableCommand { static let configuration = CommandConfiguration(commandName: "countermark") }
