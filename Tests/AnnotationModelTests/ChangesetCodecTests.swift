import AnnotationModel
import CanonicalCBOR
import Testing

@Suite("Selectors on the wire")
struct SelectorCodingTests {
    static let samples: [Selector] = [
        .wholeItem,
        .box(.init(x: 473.07, y: 1, width: 20.5, height: 0)),
        .box(.init(x: 0.1 + 0.2, y: 1e300, width: 1, height: 2)),
        .rotatedBox(.init(centerX: 1.5, centerY: 2, width: 3, height: 4, angle: 0.785)),
        .polygon([[[0, 0, 10, 0, 10, 10], [2, 2, 3, 2, 3, 3]], [[20, 20, 30, 20, 25.5, 30]]]),
        .polyline([0, 0, 1.25, 3]),
        .ellipse(.init(centerX: 1, centerY: 2, width: 3, height: 4, angle: -0.5)),
        .keypoints([
            .init(x: 1, y: 2, visibility: .visible), .init(x: 0, y: 0, visibility: .absent),
        ]),
        .mask(.init(width: 4, height: 3, counts: [0, 5, 7])),
        .blob(sha256: [UInt8](repeating: 1, count: 32), byteCount: 1 << 40, mediaType: "image/png"),
        .cuboid(.init(center: [1, 2, 3], size: [4, 5, 6], rotation: [1, 0, 0, 0])),
        .pointSet([0, 1, 5, 1_000_000]),
        .interval(start: 0.25, end: 12, channels: ["temperature"]),
        .textSpan(start: 3, end: 9, quote: "Gewinde"),
        .cells(rowStart: 0, rowEnd: 10, columns: ["failure"]),
        .graph(kind: "atom", elements: ["3", "4"]),
        .track([
            .init(time: 0, selector: .box(.init(x: 1, y: 1, width: 2, height: 2))),
            .init(time: 0.5, selector: .wholeItem, isOutside: true),
        ]),
        .relation(
            kind: "aligned", from: [.init(.item("scan.pcd"))],
            to: [.init(.annotation("oem.example:1.2"), role: "view")]),
        .preference([["answer-b"], ["answer-a", "answer-c"]]),
        .targets([.init(.item("a.png"), role: "left")]),
        .all([.wholeItem, .interval(start: 0, end: 1, channels: [])]),
    ]

    @Test("what was encoded is read back, byte for byte", arguments: samples)
    func roundTrip(selector: Selector) throws {
        let decoded = try Selector(decoding: selector.encoded)
        #expect(decoded == selector)
        #expect(decoded.encoded == selector.encoded)
    }

    @Test("every kind of selector is among the samples")
    func allKinds() { #expect(Set(Self.samples.map(\.kind)) == Set(Selector.Kind.allCases)) }

    @Test("no byte string but the encoding itself is accepted", arguments: samples)
    func canonical(selector: Selector) throws {
        let bytes = selector.encoded
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                guard let other = try? Selector(decoding: changed) else { continue }
                #expect(other.encoded == changed)
            }
        }
        for count in 0..<bytes.count {
            #expect(throws: AnnotationModelError.self) {
                try Selector(decoding: Array(bytes.prefix(count)))
            }
        }
    }

    @Test("two decimals cost as much as whole numbers", arguments: [(473.07, 47_307), (0.5, 5)])
    func decimals(value: Double, whole: Int) {
        let selector = Selector.box(.init(x: value, y: value, width: 0, height: 0))
        #expect(selector.encoded.count < 20)
    }

    @Test(
        "a geometry that describes nothing is refused",
        arguments: [
            Selector.box(.init(x: 0, y: 0, width: -1, height: 2)),
            .box(.init(x: .nan, y: 0, width: 1, height: 2)),
            .box(.init(x: .infinity, y: 0, width: 1, height: 2)),
            .polygon([]), .polygon([[[0, 0, 1, 1]]]), .polyline([1, 2, 3]),
            .mask(.init(width: 2, height: 2, counts: [1, 1])),
            .interval(start: 2, end: 1, channels: []), .pointSet([3, 3]),
            .cuboid(.init(center: [0, 0, 0], size: [1, 1, 1], rotation: [2, 0, 0, 0])),
        ])
    func refused(selector: Selector) {
        #expect(throws: AnnotationModelError.self) { try selector.validate() }
    }
}

@Suite("Changesets on the wire")
struct ChangesetCodecTests {
    private func sample() throws -> [UInt8] {
        var builder = try ChangesetBuilder(author: "anna", message: "first look", source: "human")
        let target = OperationID(
            origin: try Origin("tier1.example"), slot: Slot(entry: 300, position: 17))
        let operations: [Operation] = [
            .addItem(key: "a.png", fields: [.known(.width): 640, .attribute("line"): "L2"]),
            .addAnnotation(
                item: "a.png", className: "spur", selector: SelectorCodingTests.samples[1],
                fields: [.known(.confidence): 0.5, .attribute("severity"): "high"]),
            .set(target, [.className("open"), .selector(.wholeItem)]),
            .setItem(key: "a.png", fields: [.known(.examined): true]),
            .review(target, .needsWork, reason: "too large"),
            .comment(target, text: "see the template"),
            .commentItem(key: "a.png", text: "blurred"),
        ]
        #expect(try builder.append(.governance(.setPolicy("role-rank"))))
        for operation in operations { #expect(try builder.append(operation)) }
        return try builder.payload(heads: [
            Head(
                origin: try Origin("oem.example"), merged: 5, size: 7,
                root: [UInt8](repeating: 3, count: 32),
                signature: [UInt8](repeating: 4, count: 64))
        ])
    }

    @Test("a changeset is read back with all its parts")
    func readBack() throws {
        try (try sample()).withUnsafeBytes { bytes in
            let view = try ChangesetView(bytes)
            try view.check()
            #expect(view.operationCount == 8)
            #expect(view.message == "first look")
            #expect(view.author.map(view.string) == "anna")
            #expect(view.heads.map(\.size) == [7])
        }
    }

    @Test("a governance act behind another operation is refused by builder and reader")
    func actsComeFirst() throws {
        var builder = try ChangesetBuilder()
        _ = try builder.append(.commentItem(key: "a", text: "b"))
        #expect(throws: AnnotationModelError.self) {
            try builder.append(.governance(.setPolicy("role-rank")))
        }
        // [1, ["a"], [], {}, [[6, 0, "b"], [20, "x"]]], the act behind the comment.
        var first = try ChangesetBuilder()
        _ = try first.append(.governance(.setPolicy("role-rank")))
        let act = try first.payload().dropFirst(6)
        var both = try builder.payload()
        let count = both.count - 5
        #expect(both[count - 1] == 0x81)
        both[count - 1] = 0x82
        both += act
        #expect(throws: AnnotationModelError.self) {
            try both.withUnsafeBytes { try ChangesetView($0).check() }
        }
    }

    @Test("a changed byte is refused with an offset, or is another changeset; never a crash")
    func mutations() throws {
        let payload = try sample()
        for index in payload.indices {
            for value in [UInt8(0), 0x18, 0x7f, 0x9f, 0xff] {
                var changed = payload
                changed[index] = value
                changed.withUnsafeBytes { bytes in
                    do {
                        try ChangesetView(bytes).check()
                    } catch let error as AnnotationModelError {
                        if case .encoding(let cause) = error {
                            #expect((0...payload.count).contains(cause.offset))
                        }
                    } catch {
                        Issue.record("an error of another type: \(error)")
                    }
                }
            }
        }
        for count in 0..<payload.count {
            #expect(throws: AnnotationModelError.self) {
                try Array(payload.prefix(count)).withUnsafeBytes { try ChangesetView($0).check() }
            }
        }
    }

    @Test(
        "an index into an empty table of strings is refused, wherever it stands",
        arguments: [
            "a0 81 83 06 00 61 78", "a0 81 84 01 00 00 81 00", "a0 81 85 02 00 00 03 00",
            "a0 81 84 04 00 00 00", "a0 81 85 03 00 18 20 01 00", "a1 00 00 81 83 06 00 61 78",
            "a1 02 00 81 83 06 00 61 78",
        ])
    func emptyTable(_ rest: String) throws {
        let bytes =
            [0x85, 0x02, 0x80, 0x80]
            + rest.split(separator: " ").compactMap { UInt8($0, radix: 16) }
        #expect(throws: AnnotationModelError.self) {
            try bytes.withUnsafeBytes { try ChangesetView($0).check() }
        }
    }

    @Test("a head of an organisation that stands in no table is refused")
    func headWithoutStrings() throws {
        let head =
            [0x85, 0x00, 0x01, 0x01, 0x58, 0x20] + Array(repeating: UInt8(0), count: 32) + [
                0x58, 0x40,
            ]
        let bytes =
            [0x85, 0x02, 0x80, 0x81] + head + Array(repeating: UInt8(0), count: 64) + [
                0xa0, 0x81, 0x83, 0x06, 0x00, 0x61, 0x78,
            ]
        #expect(throws: AnnotationModelError.self) {
            try bytes.withUnsafeBytes { try ChangesetView($0).check() }
        }
    }

    @Test("a full builder says so and keeps what it has")
    func full() throws {
        var builder = try ChangesetBuilder()
        var count = 0
        while try builder.append(.addItem(key: "board-\(count).png", fields: [:])) { count += 1 }
        #expect(count == builder.count)
        #expect(count > 3_000)
        let payload = try builder.payload()
        #expect(payload.count <= Changeset.payloadBytesMax)
        try payload.withUnsafeBytes { try ChangesetView($0).check() }
    }

    @Test("an operation that fits no changeset is an error, not a silent loss")
    func tooLarge() throws {
        var builder = try ChangesetBuilder()
        let ring = (0..<40_000).map { Double($0) * 1.1 }
        #expect(throws: AnnotationModelError.self) {
            try builder.append(
                .addAnnotation(
                    item: "a.png", className: "x", selector: .polygon([[ring]]), fields: [:]))
        }
        #expect(throws: AnnotationModelError.self) {
            try builder.append(.addItem(key: String(repeating: "a", count: 1_025), fields: [:]))
        }
    }

    @Test("names of fields go both ways, also those that look like the model's own")
    func fieldNames() {
        for name in ["class", "severity", "attr.class", "attr.attr.x", "stage.filter"] {
            #expect(Field(name: name).name == name)
        }
        #expect(Field.attribute("class").name == "attr.class")
    }

    @Test("ids go both ways and refuse what they do not write")
    func ids() throws {
        let text = "tier1.example:123.4"
        #expect(try OperationID.parse(text).id.description == text)
        let wide = try OperationID.parse("tier1.example/oem.example/boards:1.0")
        #expect(wide.dataset?.description == "oem.example/boards")
        for bad in ["", "a:1", "A.example:1.0", "a.example:01.0", "a.example:1.4096", ":1.1"] {
            #expect(throws: AnnotationModelError.self) { try OperationID.parse(bad) }
        }
    }
}
