import AnnotationFormats
import AnnotationModel
import AnnotationStore
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import LabelSchema
import NodeDocuments
import Provenance
import Signing

extension CommonOptions {
    /// Prints a dataset after a steward's act, and says where the act had nothing to change.
    func printAct(_ node: Node, _ id: DatasetID) throws {
        var document = try DatasetDocument(id, node)
        document.changed = node.hasWritten
        try print(document: document, changed: document.changed, document.lines)
    }
}

/// Datasets.
struct DatasetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset", abstract: "Creates and shows datasets.",
        subcommands: [Create.self, List.self, Show.self, Join.self, Leave.self, Witnesses.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a dataset, of which this organisation is the steward.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "owner-origin/name, or the name alone.") var id: String
        @Option(help: "A title.") var title: String
        @Option(help: "The label schema (JSON).") var schema: String?

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(id, node)
            let schema = try schema.map(readSchema) ?? LabelSchema()
            try node.create(id, title: title, schema: try Node.logText(schema))
            let document = try DatasetDocument(id, node)
            try common.print(document: document, document.lines)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The datasets of this home.")
        @OptionGroup var common: CommonOptions

        func run() throws {
            let node = try common.node()
            let document = try DatasetListDocument(node)
            try common.print(document: document, document.datasets.flatMap(\.lines))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A dataset, its members, policies and stages.")
        @OptionGroup var common: CommonOptions
        @Argument var id: String

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(id, node)
            var document = try DatasetDocument(id, node)
            if common.json { document.stages = StageSummaryDocument(try node.stages(id).all) }
            try common.print(document: document, document.lines)
        }
    }
}

extension DatasetCommand {
    /// The end of this organisation's part.
    struct Leave: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Ends taking part in a dataset; its logs stay here, and can be read and checked.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "owner-origin/name.") var id: String

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(id, node)
            try node.require(id)
            try node.catchUp(id)
            let unshared = try node.standing(of: id).unshared
            let changed = try node.home.leave(id)
            if changed, unshared > 0 {
                Terminal.warn(
                    "countermark: warning: of the last \(unshared) entries written here nobody else is known "
                        + "to have any; the next countermark sync still gives them")
            }
            var document = try DatasetDocument(id, node)
            (document.left, document.changed) = (true, changed)
            try common.print(
                document: document,
                [
                    changed
                        ? "left \(id): nothing more is taken or written; tell \(id.owner), which can cut "
                            + "\(node.home.origin) off (countermark member cut)"
                        : "nothing has changed: \(id) was left already"
                ])
        }
    }
}

/// Members, the steward's acts.
struct Member: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The steward's acts about members.",
        subcommands: [Set.self, Cut.self, Succeed.self])

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an organisation a member, or gives it another role.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Argument(help: "The member's origin.") var org: String
        @Option(help: "reader, annotator, reviewer.") var role: String
        @Option(help: "Its root certificate (PEM); else the partner's pinned one.") var root:
            String?

        func run() throws {
            guard let role = Role(name: role), role != .steward else {
                throw ValidationError("--role is reader, annotator or reviewer")
            }
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            let roots = try root.map { try Certificate.all(pem: try readText($0)) } ?? []
            try node.setMember(id, try Origin(org), role: role, roots: roots)
            try common.printAct(node, id)
        }
    }

    struct Cut: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a member's part at an entry of its log.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Argument(help: "The member's origin.") var org: String
        @Option(help: "The first entry that no longer counts; else what is merged of its log here.")
        var at: UInt64?

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            try node.cutMember(id, try Origin(org), at: at)
            try common.printAct(node, id)
        }
    }
}

extension Member {
    /// Lets one member go on for another, whose log forked or whose home was lost.
    struct Succeed: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a member's log act as the owner of what an ended log added.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Argument(help: "The origin of the log that ended.") var old: String
        @Argument(help: "The member that goes on for it.") var new: String

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            try node.succeed(id, try Origin(old), by: try Origin(new))
            try common.printAct(node, id)
        }
    }
}

/// Who may read this organisation's log.
struct Audience: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows or narrows who may read this organisation's log of a dataset.")
    @OptionGroup var common: CommonOptions
    @Argument var dataset: String
    @Option(
        name: .customLong("org"),
        help: "A member that may read the log, besides the steward; may be repeated.")
    var orgs: [String] = []
    @Flag(help: "Let all members read it again.") var all = false

    func run() throws {
        if all, !orgs.isEmpty { throw ValidationError("give either --all or --org") }
        let node = try common.node()
        let id = try common.dataset(dataset, node)
        if all || !orgs.isEmpty {
            try node.setAudience(id, try orgs.map { try Origin($0) })
        }
        try node.require(id)
        try node.catchUp(id)
        let audience = try node.read(id) { merge in
            merge.state.number(node.home.origin).flatMap { merge.state.audiences[$0] }
        }
        let names = audience?.map(\.description)
        let changed = all || !orgs.isEmpty ? node.hasWritten : nil
        try common.print(
            document: AudienceDocument(
                dataset: id.description, audience: names, changed: changed), changed: changed,
            [names.map { "the steward and " + $0.joined(separator: ", ") } ?? "all members"])
    }
}

extension DatasetCommand {
    /// Whose cosignatures make an entry a witnessed one.
    struct Witnesses: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows or sets whose cosignatures make a label a witnessed one.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @OptionGroup var quorum: QuorumOptions

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            let asked = try quorum.asked
            if let asked {
                try node.setWitnessPolicy(
                    id, threshold: asked.threshold, witnesses: asked.members)
            }
            try node.require(id)
            try node.catchUp(id)
            let policy = try node.mergedState(id).membership.witnessPolicy
            let changed = asked == nil ? nil : node.hasWritten
            try common.print(
                document: WitnessesDocument(
                    dataset: id.description, required: policy?.threshold,
                    witnesses: policy?.members.map(\.description) ?? [], changed: changed),
                changed: changed, [policy?.words ?? "no policy: nothing is asked of witnesses"])
        }
    }
}

/// How many of which members are asked for something.
struct QuorumOptions: ParsableArguments {
    @Option(help: "How many have to do so; the steward's act.") var require: Int?
    @Option(
        name: .customLong("org"),
        help: "One that is asked; may be repeated; all members if left out.")
    var orgs: [String] = []

    func validate() throws {
        if require == nil, !orgs.isEmpty {
            throw ValidationError("--org goes with --require")
        }
    }

    /// The policy to set; nil where one is only shown.
    var asked: MemberQuorum? {
        get throws {
            try require.map {
                MemberQuorum(threshold: $0, members: try orgs.map { try Origin($0) })
            }
        }
    }
}

extension MemberQuorum {
    /// How many of whom.
    var words: String {
        "\(threshold) of "
            + (members.isEmpty
                ? "all members" : members.map(\.description).joined(separator: ", "))
    }
}

/// What is stored and not counted.
struct Quarantine: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What is stored and not counted, and why.")
    @OptionGroup var common: CommonOptions
    @Argument var dataset: String

    func run() throws {
        let node = try common.node()
        let id = try common.dataset(dataset, node)
        let document = try QuarantineDocument(id, node)
        try common.print(
            document: document, document.entries.map { "\($0.log) \($0.index)  \($0.why)" })
    }
}

/// Checks everything from the bytes.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks tiles, roots, signatures, certificates and the label table, or a proof.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "One dataset; all if left out.") var dataset: String?
    @Option(help: "A file that countermark prove wrote; no home is needed.") var proof: String?
    @Option(help: "A root certificate (PEM) that you trust for the steward; may be repeated.")
    var trust: [String] = []
    @OptionGroup var progress: ProgressOptions

    func run() throws {
        if let proof { return try verifyProof(proof, trusting: trust, common) }
        let node = try common.node()
        let ids = try dataset.map { [try common.dataset($0, node)] } ?? node.home.datasets()
        var report = VerificationReport()
        try progress.show(node, common, stays: "datasets before it: \(report.soFar)") {
            for id in ids {
                try node.require(id)
                report.add(try node.verify(id))
            }
        }
        if dataset == nil { report.problems += try node.verifyHome() }
        let document = VerificationDocument(report)
        try common.print(document: document, document.lines)
        if !document.ok { throw ExitCode(1) }
    }
}

/// Makes the derived state anew.
struct Rebuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Throws the label table away and makes it anew from the logs.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "One dataset; all if left out.") var dataset: String?
    @OptionGroup var progress: ProgressOptions

    func run() throws {
        let home = try Home(opening: common.homePath)
        var ids = try home.datasets()
        let isRemoved = try LabelStore.removeIfUnusable(path: home.path + "/state.sqlite")
        let node = try common.node()
        // Where the tables were unusable, all datasets have lost theirs.
        if let dataset, !isRemoved { ids = [try common.dataset(dataset, node)] }
        let start = Date()
        var (entries, operations) = (UInt64(0), 0)
        var digest = ""
        for id in ids {
            try node.require(id)
            try progress.show(
                node, common, stays: "the label table of \(id) is as it was before"
            ) { try node.rebuild(id) }
            let state = try node.mergedState(id)
            entries += state.logs.values.reduce(0) { $0 + $1.applied }
            operations += state.counts.operations
            digest = state.digest.hex
        }
        let seconds = Date().timeIntervalSince(start)
        try common.print(
            document: RebuildDocument(
                entries: entries, operations: operations, digest: digest, seconds: seconds),
            ["\(entries) entries, \(operations) operations, digest \(digest)"])
    }
}
