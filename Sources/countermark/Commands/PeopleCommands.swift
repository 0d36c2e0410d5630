import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import OperatorPage
import PlainErrors

/// Who may use the page of this node.
struct People: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Who may use this node's page, and as what.",
        subcommands: [
            Add.self, List.self, Remove.self, Link.self, PeopleKeys.self, PeopleApprove.self,
            PeopleForget.self,
        ])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes somebody in, or gives another role or password.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "Who it is: the author of what it writes on the page.") var name: String
        @Option(help: "viewer, annotator, reviewer or operator.") var role: String
        @Option(help: "A file whose first line is the password; without one, only links sign in.")
        var passwordFile: String?

        func run() throws {
            guard let role = PageRole(rawValue: role) else {
                throw ValidationError("--role is viewer, annotator, reviewer or operator")
            }
            let people = PagePeople(try Home(opening: common.homePath))
            let password = try passwordFile.map { path in
                String(try readText(path).prefix { !$0.isNewline })
            }
            let changed = try people.add(name, role, password: password)
            try common.printPeople(try people.document(changed: changed))
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All of them.")
        @OptionGroup var common: CommonOptions

        func run() throws {
            try common.printPeople(try PagePeople(try Home(opening: common.homePath)).document())
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets somebody in no more, and ends its sessions.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "The name.") var name: String

        func run() throws {
            let people = PagePeople(try Home(opening: common.homePath))
            let changed = try people.remove(name)
            try common.printPeople(try people.document(changed: changed))
        }
    }

    struct Link: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a link that signs in to the page once, within ten minutes.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "Who signs in by it; the operator if left out.") var name: String?

        func run() throws {
            let home = try Home(opening: common.homePath)
            guard let url = PageAddress(home).url else {
                throw NodeError(
                    .noAddress, "the page of this node was never served",
                    hint: "run countermark serve --ui 127.0.0.1:8443, which prints a link")
            }
            var role = PageRole.operator
            if let name {
                guard let person = try PagePeople(home).person(name) else {
                    throw NodeError(
                        .notFound, "there is nobody called \(name)",
                        hint: "run countermark people add first")
                }
                role = person.role
            }
            let time = Int64(Date().timeIntervalSince1970)
            let token = try PageLinks(home).make(name, role, at: time)
            let document = PageLinkDocument(
                url: "\(url)#token=\(token)", person: name, role: role.rawValue,
                expires: time + PageLinks.seconds)
            try common.print(document: document, [document.url])
        }
    }
}

extension CommonOptions {
    /// Prints who may use the page.
    fileprivate func printPeople(_ document: PeopleDocument) throws {
        try print(
            document: document, changed: document.changed,
            document.people.map {
                "\($0.name)  \($0.role)  \($0.password ? "password" : "links alone")"
            })
    }
}
