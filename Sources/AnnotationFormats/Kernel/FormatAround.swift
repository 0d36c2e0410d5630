/// A format that does something around another one, and goes by its name.
protocol FormatAround: AnnotationFormat {
    var base: any AnnotationFormat { get }
}

extension FormatAround {
    var name: String { base.name }
    var summary: String { base.summary }
    var defaultFileName: String? { base.defaultFileName }
    var profile: FormatProfile { base.profile }
    func mayNameEntries(_ files: [InputFile]) throws -> Bool { try base.mayNameEntries(files) }
}
