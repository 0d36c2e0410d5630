import AnnotationModel

/// Confidences that are no number within 0…1: they cost themselves, not their labels, and stay as attributes.
struct StrayConfidences {
    private var count = 0
    private var place = ""
    private var example = ""
    /// The attribute that keeps one.
    static let attribute = "confidence"

    /// Keeps a value of a label.
    mutating func keep(_ value: FieldValue, in label: inout LabelRecord, at place: String) {
        var name = Self.attribute
        while label.attributes[name] != nil { name += "_" }
        label.attributes[name] = value
        if count == 0 { (self.place, example) = (place, String(value.plainText.prefix(40))) }
        count += 1
    }

    /// What a person should know of a file; nil where there was none.
    var note: FormatEvent? {
        if count == 0 { return nil }
        return .note(
            where: place,
            why: "\(count) confidences are no number within 0...1, the first is \(example); they "
                + "are kept as the attribute \"\(Self.attribute)\"")
    }
}
