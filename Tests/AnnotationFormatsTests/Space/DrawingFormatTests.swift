import AnnotationFormats
import AnnotationModel
import Testing

/// Small drawings.
enum Drawings {
    static func file(_ body: String, version: String = "AC1027") -> String {
        """
          0
        SECTION
          2
        HEADER
          9
        $ACADVER
          1
        \(version)
          9
        $INSUNITS
         70
        4
          0
        ENDSEC
          0
        SECTION
          2
        BLOCKS
          0
        BLOCK
          5
        20
          2
        TITLE
          0
        LINE
          5
        21
          8
        frame
          0
        ENDBLK
          5
        22
          0
        ENDSEC
          0
        SECTION
          2
        ENTITIES
        \(body)  0
        ENDSEC
          0
        EOF

        """
    }

    static func entity(_ pairs: [(Int, String)]) -> String {
        pairs.map { "\($0.0)\n\($0.1)\n" }.joined()
    }

    static let body =
        entity([(0, "INSERT"), (5, "2a"), (8, "0"), (2, "TITLE"), (10, "1.5"), (20, "2")])
        + entity([(0, "ATTRIB"), (5, "2B"), (8, "0"), (1, "Flansch \\U+00D8 8"), (2, "PART")])
        + entity([(0, "SEQEND"), (5, "2C")])
        + entity([(0, "MTEXT"), (5, "2D"), (3, "one "), (1, "two")])
        + entity([(0, "DIMENSION"), (5, "2E"), (1, "<> H7"), (42, "8.0")])
    static let sample = file(body)
}

@Suite("Drawings")
struct DrawingFormatTests {
    @Test("entities are known by their handles, with layer, block, text and field name")
    func entities() throws {
        let reading = try Reading("dxf", [textFile("d/a.dxf", Drawings.sample)])
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(reading.items.map(\.key) == ["d/a.dxf"])
        #expect(reading.items.first?.fields["unit"] == .text("mm"))
        #expect(
            reading.labels.map { "\($0.className) \($0.externalID ?? "")" } == [
                "LINE d/a#21", "INSERT d/a#2A", "ATTRIB d/a#2B", "MTEXT d/a#2D", "DIMENSION d/a#2E",
            ])
        #expect(
            reading.labels.map { $0.attributes["text"] } == [
                nil, nil, .text("Flansch Ø 8"), .text("one two"), .text("<> H7"),
            ])
        #expect(reading.labels[0].attributes["block"] == .text("TITLE"))
        #expect(reading.labels[1].attributes["places"] == .text("TITLE"))
        #expect(reading.labels[1].attributes["position"] == .array([.float(1.5), .float(2)]))
        #expect(reading.labels[2].attributes["tag"] == .text("PART"))
        #expect(reading.labels[4].attributes["measurement"] == .float(8))
        #expect(reading.labels[1].selector == .graph(kind: "entity", elements: ["2A"]))
    }

    @Test(
        "entities without handle go by their place; with one that is taken, or without numbers, they are skipped"
    )
    func skips() throws {
        let body =
            Drawings.entity([(0, "LINE"), (8, "0")])
            + Drawings.entity([(0, "LINE"), (5, "xyz"), (8, "0")])
            + Drawings.entity([(0, "LINE"), (5, "21"), (8, "0")])
            + Drawings.entity([(0, "LINE"), (5, "0")])
            + Drawings.entity([(0, "LINE"), (5, "99"), (10, "nan"), (20, "1")])
            + Drawings.entity([(0, "LINE"), (5, "77")])
        let reading = try Reading("dxf", [textFile("a.dxf", Drawings.file(body))])
        #expect(reading.labels.map(\.externalID) == ["a#21", "a#@2", "a#77"])
        #expect(reading.skips.count == 4)
        #expect(reading.notes.contains { $0.why.contains("no handle") })
        #expect(reading.skips.allSatisfy { $0.place.hasPrefix("a.dxf, line ") })
    }

    @Test("text before UTF-8 is read as Western European and noted; after it, it is an error")
    func oldText() throws {
        let body = Drawings.entity([(0, "TEXT"), (5, "2B"), (1, "Gr#n")])
        for (version, isOld) in [("AC1015", true), ("AC1027", false)] {
            let bytes = Drawings.file(body, version: version).utf8.map {
                $0 == UInt8(ascii: "#") ? 0xfc : $0
            }
            let file = InputFile(name: "a.dxf", bytes: bytes)
            guard isOld else {
                #expect(throws: FormatError.self) { _ = try Reading("dxf", [file]) }
                continue
            }
            let reading = try Reading("dxf", [file])
            #expect(reading.labels.last?.attributes["text"] == .text("Grün"))
            #expect(reading.notes.count == 1)
        }
    }

    @Test("files that are cut, binary or no pairs are errors with a line")
    func broken() {
        for text in [
            "AutoCAD Binary DXF\r\n", "x\ny\n", "0", "0\nSECTION\n", "",
            "99999999999999999999\nx\n", String(Drawings.sample.dropLast(6)),
        ] {
            guard case .text? = formatError("dxf", text, name: "a.dxf") else {
                Issue.record("taken: \(text.prefix(20))")
                continue
            }
        }
    }

    @Test("public samples")
    func samples() throws {
        guard let folder = sharedData("drawings/dxf") else { return }
        let reading = try Reading("dxf", [folder])
        #expect(reading.items.count == 3)
        let classes = Dictionary(grouping: reading.labels, by: \.className).mapValues(\.count)
        #expect(classes["TEXT"] == 16)
        #expect(classes["CIRCLE"] == 32)
        #expect(classes["DIMENSION"] == 2)
        #expect(classes["INSERT", default: 0] >= 2)
        #expect(Set(reading.labels.compactMap(\.externalID)).count == reading.labels.count)
    }
}
