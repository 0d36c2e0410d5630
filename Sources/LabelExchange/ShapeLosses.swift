import AnnotationFormats
import AnnotationModel
import AnnotationStore

/// Counts the labels that come back from a format which cannot say their shape: without the sidecar of the export
/// they change to the shape that was written, or are there twice.
struct ShapeLosses {
    private var changed = 0
    private var added = 0
    private var example = ""
    /// Writing a shape in whole pixels moves its edges by one at most, and half of one is rounding.
    private static let pixelsMax = 1.5

    /// Weighs a label whose selector a record changes.
    mutating func weigh(_ label: LabelView, _ record: LabelRecord, _ profile: FormatProfile) {
        guard label.selector.kind != record.selector.kind,
            Self.isLost(label.selector.kind, profile)
        else { return }
        if changed + added == 0 { example = record.item }
        changed += 1
    }

    /// Weighs a record that is added, besides labels of its item that the files say nothing of.
    mutating func weigh(
        _ record: LabelRecord, besides labels: ItemLabels, _ profile: FormatProfile
    ) {
        guard !profile.isLossless,
            labels.hold(record, inAnother: { Self.isLost($0, profile) })
        else { return }
        if changed + added == 0 { example = record.item }
        added += 1
    }

    private static func isLost(_ kind: Selector.Kind, _ profile: FormatProfile) -> Bool {
        profile.shapes[kind] != .kept
    }

    static func isNear(_ left: Selector.Box, _ right: Selector.Box) -> Bool {
        [
            left.x - right.x, left.y - right.y, left.x + left.width - right.x - right.width,
            left.y + left.height - right.y - right.height,
        ].allSatisfy { abs($0) <= pixelsMax }
    }

    /// What a person should know.
    func notes(_ format: String) -> [String] {
        guard changed + added > 0 else { return [] }
        var parts: [String] = []
        if changed > 0 { parts.append("\(changed) labels change to a shape that \(format) has") }
        if added > 0 {
            parts.append(
                "\(added) labels are added where a label of the class has another shape, which \(format) "
                    + "cannot say")
        }
        return [
            parts.joined(separator: "; ")
                + "; the first is on \(example.prefix(120)); if the files are "
                + "an export of this dataset, import it with its sidecar (export --sidecar)"
        ]
    }
}
