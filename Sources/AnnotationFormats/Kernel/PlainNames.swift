import AnnotationModel

/// Names of classes and attributes without control characters, which the model's names cannot hold.
///
/// People write labels of two lines, and paste names with tabs. A space takes the place of such characters, and
/// that is said.
struct PlainNames {
    private var count = 0
    private var example = ""

    /// What was changed, in words; nil if nothing was.
    var note: String? {
        if count == 0 { return nil }
        return
            "line ends, tabs and the like in \(count) names of classes or attributes became spaces, as in "
            + "\"\(example)\""
    }

    /// Cleans a label's names.
    mutating func clean(_ label: inout LabelRecord) {
        if let name = cleaned(label.className) { label.className = name }
        guard label.attributes.keys.contains(where: Self.isUnclean) else { return }
        var attributes: [String: FieldValue] = [:]
        for (name, value) in label.attributes.sorted(by: { $0.key < $1.key }) {
            var other = cleaned(name) ?? name
            // Two names that differ in nothing else stay two.
            while attributes[other] != nil { other += "_" }
            attributes[other] = value
        }
        label.attributes = attributes
    }

    private mutating func cleaned(_ name: String) -> String? {
        guard Self.isUnclean(name) else { return nil }
        let parts = name.unicodeScalars.split { Self.isControl($0.value) }
        let joined = parts.map { String(String.UnicodeScalarView($0)) }.joined(separator: " ")
        let plain = joined.isEmpty ? "-" : joined
        if count == 0 { example = plain }
        count += 1
        return plain
    }

    private static func isUnclean(_ name: String) -> Bool {
        name.utf8.contains { isControl(UInt32($0)) }
    }

    private static func isControl(_ scalar: UInt32) -> Bool { scalar < 0x20 || scalar == 0x7f }
}
