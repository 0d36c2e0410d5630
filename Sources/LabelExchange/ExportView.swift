import AnnotationFormats
import AnnotationModel

/// Which labels to export.
public enum ExportView: Equatable, Sendable {
    /// The resolved label set without what is retracted.
    case resolved
    /// Everything, retracted labels too.
    case union
    /// What one organisation added.
    case org(Origin)
}

/// A part of the label set, for formats that have one class or one annotator a file.
public struct ExportPart: Equatable, Sendable {
    /// The classes to write; empty for all.
    public var classes: Set<String>
    /// The authors whose labels to write; empty for all.
    public var authors: Set<String>

    /// A part; everything if nothing is named.
    public init(classes: Set<String> = [], authors: Set<String> = []) {
        (self.classes, self.authors) = (classes, authors)
    }

    package func holds(_ label: LabelRecord) -> Bool {
        (classes.isEmpty || classes.contains(label.className))
            && (authors.isEmpty || label.author.map(authors.contains) == true)
    }
}

/// Under which names to export classes.
public enum ExportClasses: String, CaseIterable, Sendable {
    /// As the schema calls them now.
    case mapped
    /// As the labels were written.
    case asWritten = "as-written"
}

extension ExportView: CustomStringConvertible {
    /// As the command line writes it.
    public var description: String {
        switch self {
        case .resolved: "resolved"
        case .union: "union"
        case .org(let origin): "org:\(origin)"
        }
    }
}
