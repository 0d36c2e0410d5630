import AnnotationModel
import LabelText

/// Which labels of whole items are one result: what one person chose of one control is a list there.
struct LabelStudioChoices {
    /// Where a label stands in a result of several.
    struct Place {
        /// The number of the result's first label.
        var number: Int
        /// The place among the choices, from 0.
        var position: Int
        /// All choices of the result.
        var names: [String]
        /// True for the label after which the result is whole.
        var isLast: Bool
    }

    /// The classes that differ in nothing else, by what they have in common.
    private var names: ByteMap<[String]> = [:]
    private var begun: ByteMap<(number: Int, taken: Set<Int>)> = [:]

    /// Looks for what belongs together; of an item with one choice nothing is kept.
    mutating func collect(_ source: LabelSource) throws {
        var counts: ByteMap<Int> = [:]
        try source.forEachBrief { label, _ in
            if label.kind == .wholeItem, !label.isRetracted { counts[label.item, default: 0] += 1 }
        }
        var found: ByteMap<[String]> = [:]
        try source.forEachBrief { brief, whole in
            guard brief.kind == .wholeItem, (counts[brief.item] ?? 0) > 1 else { return }
            let label = try whole()
            guard let key = Self.key(label) else { return }
            let known = found[key] ?? []
            if !known.contains(where: { $0.hasSameBytes(as: label.className) }) {
                found[key] = known + [label.className]
            }
        }
        names = found.compactMapValues { $0.count > 1 ? $0 : nil }
    }

    /// What choices of one result have in common; nil for what is no choice.
    private static func key(_ label: LabelRecord) -> String? {
        guard case .wholeItem = label.selector, !label.isRetracted, !label.className.isEmpty,
            LabelStudioWriter.said(label.attributes) == nil
        else { return nil }
        var writer = JSONWriter()
        writer.beginArray()
        writer.string(label.item)
        for text in [label.author, label.source] {
            if let text { writer.string(text) } else { writer.null() }
        }
        if let confidence = label.confidence { writer.double(confidence) } else { writer.null() }
        FieldValueJSON.write(fields: label.attributes, to: &writer)
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The place of the label that the source hands over next; nil for one that is a result by itself.
    mutating func place(of label: LabelRecord, _ number: Int) -> Place? {
        if names.isEmpty { return nil }
        guard let key = Self.key(label), let names = names[key],
            let position = names.firstIndex(where: { $0.hasSameBytes(as: label.className) })
        else { return nil }
        var own = begun[key] ?? (number, [])
        // The same choice once more stands for itself.
        guard own.taken.insert(position).inserted else { return nil }
        begun[key] = own
        return Place(
            number: own.number, position: position, names: names,
            isLast: own.taken.count == names.count)
    }
}
