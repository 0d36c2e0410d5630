import AnnotationModel

/// A label of a track with those attributes that it has at one frame after the other.
struct TrackChanges {
    private var label: LabelRecord
    /// What changes an attribute, the next one last: from which frame on, and as which of the listed changes.
    private var coming: [(from: Double, order: Int, name: String, value: FieldValue)] = []
    /// Which of the listed changes an attribute has its value from: a later one holds, whatever its frame.
    private var orders: ByteMap<Int> = [:]

    init(_ label: LabelRecord) {
        self.label = label
        for (name, value) in label.attributes where name.hasPrefix(OpenLABELFormat.changesPrefix) {
            guard case .array(let changes) = value else { continue }
            let plain = String(name.dropFirst(OpenLABELFormat.changesPrefix.count))
            for (order, change) in changes.enumerated() {
                guard case .array(let change) = change, change.count == 2,
                    let from = change[0].number
                else { continue }
                coming.append((from, order, plain, change[1]))
            }
        }
        coming.sort { $0.from > $1.from }
    }

    /// The label at a frame, which is none before the last one asked for.
    mutating func label(at frame: Int64) -> LabelRecord {
        while let change = coming.last, change.from <= Double(frame) {
            coming.removeLast()
            if change.order < orders[change.name] ?? 0 { continue }
            orders[change.name] = change.order
            label.attributes[change.name] = change.value
        }
        return label
    }
}
