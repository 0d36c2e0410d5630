import AnnotationFormats
import AnnotationModel
import AnnotationStore
import ArgumentParser
import CountermarkNode
import DatasetReading
import Foundation
import LabelDocuments
import LabelSchema
import NodeDocuments
import PlainErrors
import Provenance

/// The label schema.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "The label schema.",
        subcommands: [
            Show.self, Set.self, Check.self, History.self, ExportJSONSchema.self,
        ])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the schema, or writes it to a file.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Argument(help: "Write it here instead of to standard output.") var file: String?

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            try node.require(id)
            try node.catchUp(id)
            let schema = try node.schema(of: id)
            warn(of: schema, id)
            let text = schema.schema.map { common.json ? $0.text : $0.textInLines }
            try put((text ?? schema.text) + "\n", file, common)
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives the dataset another schema; the steward's act.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var signing: SigningOptions
        @Argument var dataset: String
        @Argument(help: "The schema (JSON).") var file: String

        func run() throws {
            let node = try signing.node(common)
            let id = try common.dataset(dataset, node)
            let isNew = try node.setSchema(id, try readSchema(file))
            var document = try DatasetDocument(id, node)
            let outside = try node.outsideSchema(id, try node.schema(of: id)) ?? 0
            (document.changed, document.outsideSchema) = (isNew, outside)
            try common.print(
                document: document,
                [
                    (isNew
                        ? "\(id) has the schema of \(file)"
                        : "nothing has changed: \(id) has this schema already")
                        + ", \(outside) labels outside it"
                ])
        }
    }

    struct ExportJSONSchema: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export-json-schema",
            abstract: "The attributes of each class as JSON Schema (draft 2020-12).")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String
        @Option(name: [.customShort("o"), .long], help: "The file to write.") var output: String?

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            try node.require(id)
            try node.catchUp(id)
            try put(try readable(node, id).jsonSchemaText + "\n", output, common)
        }
    }
}

/// Prints a text, or writes it to a file.
private func put(_ text: String, _ file: String?, _ common: CommonOptions) throws {
    if let file {
        try common.writeWhole(Array(text.utf8), to: file)
    } else if common.json || !common.quiet {
        Terminal.say(json: text)
    }
}

/// A dataset's schema, or an error that says why it cannot be read.
private func readable(_ node: Node, _ id: DatasetID) throws -> LabelSchema {
    let found = try node.schema(of: id)
    if let schema = found.schema { return schema }
    throw NodeError(
        .badSchema, "\(id): \(found.warning ?? "")",
        hint: "use a newer program, or ask the steward for a schema that this one reads")
}

extension SchemaCommand {
    /// How labels fit.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How a dataset's labels fit its schema or the one in a file.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "The dataset; left out, the file alone is checked.") var dataset: String?
        @Option(help: "The schema (JSON) to check by instead of the present one.")
        var file: String?
        @Flag(help: "Exit with 1 if a label does not fit.") var strict = false

        func run() throws {
            let candidate = try file.map(readSchema)
            if let candidate { _ = try Node.logText(candidate) }
            guard let dataset else {
                guard let candidate else { throw ValidationError("give DATASET, --file or both") }
                return try common.print(
                    document: SchemaFileDocument(schema: Output.parsed(candidate.text)),
                    ["\(file ?? "") is a schema of \(candidate.classes?.count ?? 0) classes"])
            }
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            try node.require(id)
            try node.catchUp(id)
            let schema = try candidate ?? readable(node, id)
            let fit = try node.fit(id, DatasetSchema(text: schema.text))
            try common.print(document: SchemaFitDocument(fit), lines(fit))
            if strict, fit.outside > 0 { throw ExitCode(1) }
        }

        private func lines(_ fit: SchemaFit) -> [String] {
            var lines = ["\(fit.labels) labels, \(fit.outside) outside the schema"]
            for entry in fit.classes {
                lines.append(
                    "  \(entry.name)"
                        + (entry.className == entry.name ? "" : " (now \(entry.className))")
                        + ": \(entry.labels)"
                        + (entry.outside == 0 ? "" : ", \(entry.outside) outside"))
            }
            for finding in fit.findings {
                let examples = finding.examples.map(\.description).joined(separator: ", ")
                lines.append("\(finding.labels)x \(finding.problem), such as \(examples)")
            }
            if fit.hasMore { lines.append("more problems than are listed") }
            return lines
        }
    }

    /// All versions.
    struct History: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The schema's versions, newest first.")
        @OptionGroup var common: CommonOptions
        @Argument var dataset: String

        func run() throws {
            let node = try common.node()
            let id = try common.dataset(dataset, node)
            let versions = try node.schemaVersions(id).reversed()
            let documents = versions.enumerated().map { place, version in
                SchemaHistoryDocument.Version(version, isCurrent: place == 0)
            }
            try common.print(
                document: SchemaHistoryDocument(versions: documents), versions.map(line))
        }

        private func line(_ version: Node.SchemaVersion) -> String {
            let content = version.schema.schema.map { "\($0.classes?.count ?? 0) classes" }
            return "\(version.number)  \(Output.time(version.time))  \(version.operation)  "
                + "\(version.signerName)  \(content ?? "cannot be read")"
        }
    }
}
