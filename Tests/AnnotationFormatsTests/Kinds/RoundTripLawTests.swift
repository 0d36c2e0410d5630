import AnnotationFormats
import AnnotationModel
import FormatFixtures
import Testing

/// What two formats make of a label set, one after the other, for each pair of them.
@Suite("Round trips over pairs of formats")
struct RoundTripLawTests {
    static let formats = FormatRegistry.all.filter(\.profile.isWritten).map(\.name)

    private static func read(
        _ name: String, _ files: ByteMap<[UInt8]>, _ items: [ItemRecord]
    ) throws -> Reading {
        try Reading(
            name,
            files.sorted { $0.key < $1.key }.map { InputFile(name: $0.key, bytes: $0.value) },
            context: ReadContext(items: items))
    }

    /// What was written; a format in which nothing has a place writes nothing that it reads.
    private static func readBack(
        _ name: String, _ files: ByteMap<[UInt8]>, _ items: [ItemRecord]
    ) throws -> Reading {
        do {
            return try read(name, files, items)
        } catch FormatError.noInput {
            return Reading()
        }
    }

    /// The items of a dataset with what a file said of them.
    private static func merged(_ items: [ItemRecord], _ more: [ItemRecord]) -> [ItemRecord] {
        var all = ByteMap<ItemRecord>(items.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        for item in more {
            all[item.key, default: ItemRecord(key: item.key)].fields.merge(item.fields) { $1 }
        }
        return all.sortedByKey().map(\.value)
    }

    /// A box as one that is turned by nothing, which is the same place.
    private static func turned(_ selector: Selector) -> Selector {
        guard case .box(let box) = selector else { return selector }
        return .rotatedBox(
            .init(
                centerX: box.x + box.width / 2, centerY: box.y + box.height / 2, width: box.width,
                height: box.height, angle: 0))
    }

    private static func isFound(_ label: LabelRecord, in labels: inout [LabelRecord]) -> Bool {
        let index = labels.firstIndex {
            $0.item.hasSameBytes(as: label.item) && $0.className.hasSameBytes(as: label.className)
                && RoundTrip.isSame(turned(label.selector), turned($0.selector))
        }
        if let index { labels.remove(at: index) }
        return index != nil
    }

    @Test("what the second format does not carry is counted, label by label", arguments: formats)
    func nothingIsLost(_ first: String) throws {
        let fixture = try #require(FormatFixture.of(first))
        let (files, _) = try written(first, items: fixture.items, labels: fixture.labels)
        let source = try Self.read(first, files, fixture.items)
        let items = Self.merged(fixture.items, source.items)
        for second in Self.formats {
            let profile = FormatProfile.of(second)
            let (output, report) = try written(
                second, classes: source.classes, items: items, labels: source.labels)
            let back = try Self.readBack(second, output, items)
            let place: Comment = "\(first) to \(second)"
            #expect(back.skips.isEmpty && back.refused.isEmpty, "\(place): \(back.firstSkip)")
            var open = back.labels
            let missing = source.labels.filter { !Self.isFound($0, in: &open) }
            #expect(
                missing.count <= report.skipped + report.poorer,
                "\(place): \(missing.count) labels are missing, the report counts \(report.losses)")
            if report.losses.isEmpty { #expect(missing.isEmpty, place) }
            for label in missing where profile.shapes[label.selector.kind] == nil {
                #expect(report.skipped + report.poorer > 0, "\(place): \(label)")
            }
        }
    }

    @Test("an examined item without labels comes back, or is in the report", arguments: formats)
    func examined(_ name: String) throws {
        let fixture = try #require(FormatFixture.of(name))
        let format = try FormatRegistry.format(named: name)
        let empty = try #require(fixture.labels.last?.item)
        var items = fixture.items
        let index = try #require(items.firstIndex { $0.key == empty })
        items[index].fields["examined"] = .bool(true)
        let labels = fixture.active.filter { $0.item != empty }
        let (files, report) = try written(name, items: items, labels: labels)
        // What writes nothing at all has to have said so.
        let back = files.isEmpty ? nil : try Self.read(name, files, fixture.items)
        let isBack = (back?.items ?? []).contains {
            $0.key == empty && $0.fields["examined"] == .bool(true)
        }
        let isSaid = report.losses.contains { $0.isSkipped && $0.why.contains("examined") }
        if format.profile.emptyItems == .unsaid {
            #expect(isBack || isSaid, "\(name): \(report.losses)")
        } else {
            #expect(isBack, "\(name)")
        }
        // An item that nobody looked at is no empty one.
        let todo = ItemRecord(key: items[index].key, fields: fixture.items[index].fields)
        items[index] = ItemRecord(
            key: todo.key, fields: todo.fields.filter { $0.key != "examined" })
        if labels.isEmpty { return }
        let again = try Self.read(
            name, try written(name, items: items, labels: labels).files, fixture.items)
        let isTaken = again.items.contains {
            $0.key == todo.key && $0.fields["examined"] == .bool(true)
        }
        #expect(!isTaken, "\(name) takes an item that nobody looked at for an empty one")
    }
}
