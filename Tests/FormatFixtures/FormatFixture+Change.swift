import AnnotationFormats
import AnnotationModel

extension FormatFixture {
    /// Formats in which a label is known by its place alone, so that one that moves is another label.
    public static let movesAreNew: Set<String> = ["tcpd"]

    /// The labels with the first one changed as somebody would who corrects a file of the format: another of
    /// the classes, or another extent where the class is fixed or a label is known by it.
    public static func changed(_ format: String, _ labels: [LabelRecord]) -> [LabelRecord] {
        var labels = labels
        guard let first = labels.first else { return labels }
        switch first.selector {
        case .interval(let start, let end, let channels)
        where ["nab", "textgrid"].contains(format):
            labels[0].selector = .interval(
                start: start, end: end + (format == "nab" ? 60 : 0.5), channels: channels)
        case .cells(let start, let end, let columns):
            labels[0].selector = .cells(rowStart: start + 1, rowEnd: end + 1, columns: columns)
        case .preference(let groups) where format != "kto":
            labels[0].selector = .preference([["better 😀"]] + groups.dropFirst())
        case .pointSet(let points): labels[0].selector = .pointSet(Array(points.dropLast()))
        case .graph(let kind, let elements):
            labels[0].selector = .graph(kind: kind, elements: Array(elements.dropLast()))
        default:
            if let other = labels.first(where: { $0.className != first.className }) {
                labels[0].className = other.className
            }
        }
        return labels
    }
}
