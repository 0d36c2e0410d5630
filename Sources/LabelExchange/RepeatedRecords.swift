import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Provenance

/// Finds out whether the records of one item say of its labels what holds already, byte for byte: most items of a file
/// that is imported again.
///
/// What is compared is encoded, so nothing is made of a label. Wherever a record says more or less than its label, or
/// two could be meant, it is for the comparison field by field.
struct RepeatedRecords {
    private let records: [ImportPlan.Pending]
    private let ids: [String]
    private let options: ImportOptions
    private let isComplete: Bool
    /// The places of records by their ids; made when labels come in another order than records.
    private var byID: ByteMap<Int>?
    private var found: [OperationKey?]
    private var missing: Int
    private var next = 0
    /// False once something has to be compared field by field.
    private(set) var mayRepeat: Bool

    init(_ records: [ImportPlan.Pending], _ options: ImportOptions, isComplete: Bool) {
        (self.records, self.options, self.isComplete) = (records, options, isComplete)
        found = Array(repeating: nil, count: records.count)
        missing = records.count
        ids = records.compactMap(\.record.externalID)
        mayRepeat =
            ids.count == records.count
            && records.allSatisfy { record, exported in
                exported == nil && record.provenance == nil && !record.isRetracted
                    && !record.className.isEmpty
            }
    }

    /// The labels that the records repeat, one for each; nil if that is not so of all of them.
    var labels: [OperationKey]? {
        mayRepeat && missing == 0 ? found.compactMap { $0 } : nil
    }

    /// Compares a label of the item with the record that has its id.
    mutating func weigh(_ label: EncodedLabel) throws {
        var (id, author, source): (String?, String?, String?)
        var confidence: FieldValue?
        var attributes: [(name: String, value: FieldValue)] = []
        try label.forEachField { field, bytes in
            let value = try FieldValue(decoding: bytes)
            switch Field.Known(rawValue: Int(field)) {
            case .externalID: id = value.textValue
            case .author: author = value.textValue
            case .source: source = value.textValue
            case .confidence: confidence = value
            default: attributes.append((try label.field(field), value))
            }
        }
        guard let id, let place = place(of: id) else { return }
        let record = records[place].record
        mayRepeat =
            try mayRepeat && found[place] == nil && !label.isRetracted() && isExactly(record, label)
            && isSame(record, confidence, attributes)
            && isOfOneRater(
                record, author ?? name(label.author(), label),
                source ?? name(label.source(), label))
        found[place] = label.key
        missing -= 1
    }

    /// The place of the record with an id: mostly the one behind the last.
    private mutating func place(of id: String) -> Int? {
        if ids.indices.contains(next), ids[next].hasSameBytes(as: id) {
            next += 1
            return next - 1
        }
        let places = byID ?? madePlaces()
        byID = places
        guard let place = places[id] else { return nil }
        next = place + 1
        return place
    }

    /// The records' places; two with one id are not told apart here.
    private mutating func madePlaces() -> ByteMap<Int> {
        var places: ByteMap<Int> = [:]
        for (place, id) in ids.enumerated() {
            if places.updateValue(place, forKey: id) != nil { mayRepeat = false }
        }
        return places
    }

    private func name(_ id: Int64, _ label: EncodedLabel) throws -> String? {
        id == 0 ? nil : try label.name(id)
    }

    private func isExactly(_ record: LabelRecord, _ label: EncodedLabel) throws -> Bool {
        try label.name(label.className()).hasSameBytes(as: record.className)
            && label.encodedSelector.elementsEqual(record.selector.encoded)
    }

    /// True if a label has all that a record says beside its class and place, and no more where a record says all.
    private func isSame(
        _ record: LabelRecord, _ confidence: FieldValue?,
        _ attributes: [(name: String, value: FieldValue)]
    ) -> Bool {
        if let said = record.confidence {
            guard confidence == .float(said) else { return false }
        } else if isComplete, confidence != nil {
            return false
        }
        if record.attributes.isEmpty { return attributes.isEmpty || !isComplete }
        guard !isComplete || attributes.count == record.attributes.count else { return false }
        return record.attributes.allSatisfy { name, value in
            let name = Field.attribute(name).name
            return attributes.contains {
                $0.name.hasSameBytes(as: name) && $0.value.encoded == value.encoded
            }
        }
    }

    private func isOfOneRater(_ record: LabelRecord, _ author: String?, _ source: String?) -> Bool {
        if let said = record.author ?? options.author {
            guard let author, author.hasSameBytes(as: said) else { return false }
        }
        if let said = record.source {
            guard let source, source.hasSameBytes(as: said) else { return false }
        }
        return !RaterSource.areApart(record.source ?? options.source, source)
    }
}

extension ImportPlan {
    /// The groups of records that say anything but what the labels of their items say already.
    func withoutRepeats(_ groups: [[Pending]]) throws -> [[Pending]] {
        guard told == nil, classes?.schema.mappings.isEmpty ?? true,
            let own = logs.first(where: { $0.value == dataset.home.origin })?.key
        else { return groups }
        var open: [(group: Int, item: Int64, repeated: RepeatedRecords)] = []
        for (group, records) in groups.enumerated() {
            guard let key = records.first?.record.item, kept[key] == nil,
                let item = try items.stored(key), try same.names(of: item.record).count == 1
            else { continue }
            let repeated = RepeatedRecords(records, options, isComplete: isComplete)
            if repeated.mayRepeat { open.append((group, -item.target, repeated)) }
        }
        try dataset.store.forEachEncodedLabel(
            ofItems: open.map(\.item), in: own, dataset.home.origin
        ) { place, label in
            try open[place].repeated.weigh(label)
            return open[place].repeated.mayRepeat
        }
        var repeated = Set<Int>()
        for (group, item, records) in open {
            guard let labels = records.labels, let key = groups[group].first?.record.item,
                !labels.contains(where: { met.contains($0.packed) })
            else { continue }
            repeated.insert(group)
            try items.mention(key)
            metItems.insert(item)
            for label in labels { met.insert(label.packed) }
            if !options.isUpdate { agreeing += labels.count }
            report.unchanged += labels.count
        }
        return groups.indices.filter { !repeated.contains($0) }.map { groups[$0] }
    }
}
