import AnnotationFormats
import AnnotationModel
import ArgumentParser
import CountermarkNode
import DatasetReading
import Foundation
import LabelDocuments
import LabelExchange
import LabelSchema
import NodeDocuments
import PlainErrors

/// What `import` does about classes that the schema does not have.
struct ClassOptions: ParsableArguments {
    @Option(help: "A file (JSON) that says what the files' classes are called in the dataset.")
    var mapping: String?
    @Option(
        help: """
            Write a mapping for the classes that do not fit the schema to this new file, and import \
            nothing.
            """)
    var proposeMapping: String?
    @Flag(help: "Refuse labels that do not fit the schema.") var strictSchema = false

    func validate() throws {
        guard mapping == nil || proposeMapping == nil else {
            throw ValidationError("give either --mapping or --propose-mapping")
        }
    }

    /// Takes the options over.
    func apply(to options: inout ImportOptions, _ node: Node, _ id: DatasetID) throws {
        options.strictSchema = strictSchema
        if mapping == nil, !strictSchema { return }
        try node.require(id)
        try node.catchUp(id)
        let schema = try node.schema(of: id)
        warn(of: schema, id)
        if strictSchema, let problem = schema.problem {
            throw NodeError(
                .badSchema, "\(id): no label can be judged: \(problem)",
                hint: "import without --strict-schema, or use a newer program")
        }
        options.classMapping = try mapping.map { try readMapping($0, for: schema.schema) }
    }

    /// Writes the proposal that was asked for.
    ///
    /// - Returns: False if none was.
    func propose(
        _ node: Node, _ id: DatasetID, _ files: [String], format: String, _ common: CommonOptions
    ) throws -> Bool {
        guard let proposeMapping else { return false }
        try common.requireOutside(proposeMapping)
        let (classes, mapping) = try node.proposeMapping(
            id, files, format: try FormatRegistry.format(named: format), options: ImportOptions())
        try writeNew(mapping.text, to: proposeMapping)
        try common.print(
            document: MappingProposalDocument(
                classes: classes.map { .init($0) }, mapping: proposeMapping),
            classes.map(\.line) + [
                "\(classes.count) classes do not fit; \(proposeMapping) has a mapping to look over, "
                    + "nothing was imported"
            ])
        return true
    }
}

extension UnfitClass {
    /// The class as people read it.
    var line: String {
        "the schema has no class \"\(name)\" (\(labels) labels)"
            + (suggestion.map { "; did they mean \"\($0)\"?" } ?? "")
    }
}

extension ExportClasses: ExpressibleByArgument {}
