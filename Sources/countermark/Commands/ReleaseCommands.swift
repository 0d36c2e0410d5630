import AnnotationFormats
import AnnotationModel
import ArgumentParser
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import Provenance
import Signing

/// Label sets that are named for ever.
struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Names a label set for ever, and countersigns, checks and compares such names.",
        subcommands: [
            Create.self, Countersign.self, Withdraw.self, Quorum.self, List.self, Show.self,
            Verify.self, Diff.self, Prove.self, Sheet.self,
        ])

    /// Which dataset and release.
    struct Name: ParsableArguments {
        @Argument var dataset: String
        @Argument(help: "The release's name.") var name: String
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Names the label set as it is now; the steward's act.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @OptionGroup var named: Name
        @Option(help: "Only what this organisation added; may be repeated.") var org: [String] = []
        @Option(help: "Only labels in STAGE=STATE, their own or their item's; none for no state.")
        var stage: String?
        @Flag(help: "Only labels whose standing reviews all accept, at least one.")
        var accepted = false
        @Flag(help: "Only labels that nobody contests.") var settled = false
        @Flag(help: "Leave out items that the stage filter excludes, with their labels.")
        var onlyKept = false
        @Flag(help: "Retracted labels too.") var retracted = false
        @Option(help: "How many members have to countersign before it holds.") var quorum = 0

        func validate() throws {
            guard (0...Changeset.headsMax).contains(quorum) else {
                throw ValidationError("--quorum is 0...\(Changeset.headsMax)")
            }
        }

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(named.dataset, node)
            var terms = ReleaseTerms()
            terms.companies = try Set(org.map { try Origin($0) }).sorted()
            terms.stage = try stage.map {
                let (stage, state) = try stageFilter($0)
                return .init(stage: stage, state: state)
            }
            (terms.isAcceptedOnly, terms.isSettledOnly) = (accepted, settled)
            (terms.isWithoutExcluded, terms.holdsRetracted) = (onlyKept, retracted)
            terms.quorum = quorum
            try node.createRelease(named.name, of: id, terms: terms)
            try report(named.name, id, node, common)
        }
    }

    struct Countersign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recomputes a release from the logs, and signs that it is right.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @OptionGroup var named: Name

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(named.dataset, node)
            try node.countersignRelease(named.name, of: id)
            try report(named.name, id, node, common)
        }
    }

    struct Withdraw: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says that a release is not to be used any more; the steward's act.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @OptionGroup var named: Name
        @Option(help: "Why.") var reason: String

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(named.dataset, node)
            try node.withdrawRelease(named.name, of: id, reason: reason)
            try report(named.name, id, node, common)
        }
    }

    struct Quorum: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows or sets who has to countersign each release that is named from now on."
        )
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @OptionGroup var quorum: QuorumOptions

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(dataset, node)
            let asked = try quorum.asked
            if let asked { try node.setReleasePolicy(id, asked) }
            try node.require(id)
            try node.catchUp(id)
            let policy = try node.mergedState(id).membership.releasePolicy
            let changed = asked == nil ? nil : node.hasWritten
            try common.print(
                document: ReleaseQuorumDocument(
                    dataset: id.description, required: policy?.threshold,
                    members: policy?.members.map(\.description) ?? [], changed: changed),
                changed: changed,
                [
                    policy?.words
                        ?? "no policy: each release says itself how many have to countersign"
                ])
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A dataset's releases.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            let releases = try node.releases(id).map { ReleaseDocument($0, id) }
            try common.print(
                document: ReleaseListDocument(releases: releases), releases.map(\.line))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a release holds, recomputed from the logs.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var named: Name

        func run() throws {
            let document = try checked(named.name, named.dataset, common)
            try common.print(
                document: document, [document.line] + document.details + [document.verdict])
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Whether the logs still give what the steward signed.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var named: Name
        @Flag(help: "Also fail where too few have countersigned it, or it was withdrawn.")
        var holds = false

        func run() throws {
            let document = try checked(named.name, named.dataset, common)
            try common.print(document: document, [document.verdict])
            if document.contents?.ok != true || holds && !document.holds { throw ExitCode(1) }
        }
    }

    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What changed from one release to another.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var named: Name
        @Argument(help: "The newer release.") var other: String

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(named.dataset, node)
            let contents = try [named.name, other].map { name in
                let release = try node.release(name, of: id).release
                let check = try node.check(release, of: id)
                try node.requireRight(check, release)
                return check.contents
            }
            let document = ReleaseDiffDocument(
                try ReleaseDifference(from: contents[0], to: contents[1]), from: named.name,
                to: other)
            try common.print(document: document, document.lines)
        }
    }

    struct Prove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Writes a release as a file that anybody checks offline, and its labels beside it.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var named: Name
        @Option(
            name: .shortAndLong, help: "The file to write; its leaves go to FILE.leaves.")
        var output: String
        @Flag(
            help:
                "Write W3C PROV (PROV-JSON) instead, which says what the proof says and proves nothing."
        )
        var prov = false

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(named.dataset, node)
            try common.requireOutside(output)
            let release = try node.release(named.name, of: id).release
            let check = try node.check(release, of: id)
            if prov { return try writeProv(node, check, release) }
            let leaves = output + Node.leavesEnding
            let (file, bytes, leavesBytes) = try node.write(
                check, release, to: DiskOutput(file: output), as: output,
                leavesTo: DiskOutput(file: leaves))
            try common.print(
                document: ReleaseFileDocument(
                    name: release.name, dataset: id.description,
                    digest: Digest(release.digest)?.hex ?? "", file: output, bytes: bytes,
                    entries: file.pieces.count, leaves: leaves, leavesBytes: leavesBytes),
                [
                    "\(output): \(bytes) bytes, \(file.pieces.count) entries",
                    "\(leaves): \(check.commitment.labels) labels of \(check.commitment.items) items, "
                        + "\(leavesBytes) bytes",
                ])
        }

        private func writeProv(_ node: Node, _ check: ReleaseCheck, _ release: Release) throws {
            try node.requireRight(check, release)
            let file = try node.file(of: check, release)
            let shown = try file.verify(
                trusting: try node.roots(
                    of: check.commitment.dataset.owner, check.commitment.dataset),
                at: Int64(Date().timeIntervalSince1970))
            let bytes = Array(ProvDocument(file, shown).text.utf8)
            try common.writeWhole(bytes, to: output)
            try common.print(
                document: ReleaseSheetDocument(
                    name: release.name, dataset: check.commitment.dataset.description, file: output,
                    bytes: bytes.count), ["\(output): \(bytes.count) bytes"])
        }
    }

    struct Sheet: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a data sheet of a release, for whoever files it.")

        /// As what it is written.
        enum Form: String, ExpressibleByArgument, CaseIterable {
            case markdown = "md"
            case html
        }

        @OptionGroup var common: CommonOptions
        @OptionGroup var named: Name
        @Option(help: "md or html.") var format = Form.markdown
        @Option(name: .shortAndLong, help: "The file to write.") var output: String
        @OptionGroup var progress: ProgressOptions

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(named.dataset, node)
            try common.requireOutside(output)
            let sheet = try progress.show(
                node, common, stays: "nothing was written to \(output)"
            ) {
                let facts = try node.facts(of: named.name, in: id)
                node.remark(on: facts.view)
                return DataSheet(
                    facts, try node.agreementHistory(of: facts.view.release, in: id))
            }
            let bytes = Array((format == .html ? sheet.html : sheet.markdown).utf8)
            try common.writeWhole(bytes, to: output)
            try common.print(
                document: ReleaseSheetDocument(
                    name: named.name, dataset: id.description, file: output, bytes: bytes.count),
                ["\(output): \(bytes.count) bytes"])
        }
    }

    private static func checked(
        _ name: String, _ dataset: String, _ common: CommonOptions
    ) throws -> ReleaseDocument {
        let node = try common.node()
        let id = try common.dataset(dataset, node)
        let view = try node.release(name, of: id)
        return ReleaseDocument(view, id).with(try node.check(view.release, of: id))
    }

    /// Prints a release after an act on it, and says where the act had nothing to change.
    private static func report(
        _ name: String, _ id: DatasetID, _ node: Node, _ common: CommonOptions
    ) throws {
        var document = ReleaseDocument(try node.release(name, of: id), id)
        document.changed = node.hasWritten
        try common.print(
            document: document,
            (node.hasWritten ? [] : ["nothing has changed"]) + [document.line])
        let uncounted = node.uncounted
        for one in uncounted { Terminal.warn("countermark: \(one.line)") }
        if !uncounted.isEmpty { throw ExitCode(1) }
    }
}
