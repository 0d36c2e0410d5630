import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

/// Faults that public reports tell of annotation programs, each with inputs of our own.
@Suite("Kinds of fault in label files")
struct ReaderKindTests {
    @Test("positions by the index are those of counting from the start, in any order")
    func lineIndex() {
        let text = Array("ab\n\nxyz\n\n\nlast line without end".utf8)
        text.withUnsafeBytes { bytes in
            let index = LineIndex()
            for offset in [0, 3, 8, 2, 30, 12, 12, 5, 99, 1, 9] {
                #expect(
                    index.position(of: offset, in: bytes) == TextPosition(of: offset, in: bytes))
            }
        }
    }

    @Test("names of classes in every spelling of YAML")
    func yaml() throws {
        let spellings = [
            "names: [a, 'b, c', \"d\"]", "names: [a,\n  'b, c',\n\n  \"d\" ] # end",
            "names:\n- a\n- b, c\n- d\n", "names:\n    - a # first\n    - 'b, c'\n    - d",
            "names: {0: a, 1: 'b, c', 2: d}", "names:\n  2: d\n  0: a\n  1: b, c\n",
            "---\n# set\npath: x\nroboflow:\n  workspace: w\n  tags:\n  - t\nnames:\n  - a\n  - \"b, c\"\n  - d\n",
        ]
        for spelling in spellings {
            let tree = try YAMLText.parse(spelling)
            let names: [String?]
            if case .object(let members)? = tree["names"] {
                names = (0..<3).map { members["\($0)"]?.string }
            } else {
                names = tree["names"]?.array?.map(\.string) ?? []
            }
            #expect(names == ["a", "b, c", "d"], "\(spelling)")
        }
        for bad in ["names: [a, b", "names: &x [a]", "a: 1\na: 2", "names:\n   - a\n  - b"] {
            #expect(throws: YAMLText.Problem.self) { try YAMLText.parse(bad) }
        }
    }

    @Test("a frame is one number inside, and each format counts in its own way")
    func frames() throws {
        let item = ItemRecord(
            key: "clip.mp4", fields: ["width": .integer(64), "height": .integer(48)])
        let label = LabelRecord(
            item: item.key, className: "car",
            selector: .track([
                .init(time: 0, selector: .box(.init(x: 1, y: 2, width: 3, height: 4))),
                .init(time: 1, selector: .box(.init(x: 2, y: 2, width: 3, height: 4))),
            ]))
        let mot = try written("mot", items: [item], labels: [label]).files
        let rows = String(decoding: try #require(mot["clip/gt/gt.txt"]), as: UTF8.self)
        #expect(rows.hasPrefix("1,"))
        let cvat = try written("cvat", items: [item], labels: [label]).files
        #expect(
            String(decoding: try #require(cvat["annotations.xml"]), as: UTF8.self)
                .contains("frame=\"0\""))
        for (name, files) in [("mot", mot), ("cvat", cvat)] {
            let back = try Reading(
                name, files.map { InputFile(name: $0.key, bytes: $0.value) },
                context: ReadContext(items: [item]))
            guard case .track(let frames)? = back.labels.first?.selector else {
                Issue.record("\(name) gives no track back")
                continue
            }
            #expect(frames.map(\.time) == [0, 1], "\(name)")
        }
        let zero = try Reading("mot", text: "0,1,5,5,2,2,1\n1,1,6,5,2,2,1\n", name: "s/gt/gt.txt")
        #expect(zero.notes.contains { $0.why.contains("count from 0") })
    }

    @Test("points of a skeleton come by their names, in images and in tracks, and go out by them")
    func skeleton() throws {
        let meta = """
            <meta><task><labels><label><name>tri</name><type>skeleton</type></label>
            <label><name>top</name><type>points</type><parent>tri</parent></label>
            <label><name>left</name><type>points</type><parent>tri</parent></label></labels></task></meta>
            """
        let text = """
            <annotations><version>1.1</version>\(meta)<image id="0" name="a.png" width="9" height="9">
            <skeleton label="tri"><points label="left" outside="0" occluded="0" points="3,4"/>
            <points label="top" outside="0" occluded="0" points="1,2"/></skeleton></image>
            <track id="0" label="tri"><skeleton frame="0" keyframe="1" outside="0">
            <points label="left" outside="0" occluded="0" points="7,8"/>
            <points label="top" outside="0" occluded="0" points="5,6"/></skeleton></track></annotations>
            """
        let reading = try Reading("cvat", text: text, name: "a.xml")
        #expect(reading.classes == [ClassRecord(name: "tri", keypoints: ["top", "left"])])
        guard case .keypoints(let points)? = reading.labels.first?.selector else {
            Issue.record("no keypoints")
            return
        }
        #expect(points.map(\.x) == [1, 3])
        let files = try written(
            "cvat", classes: reading.classes, items: reading.items, labels: reading.labels
        ).files
        let output = String(decoding: try #require(files["annotations.xml"]), as: UTF8.self)
        #expect(output.contains("label=\"top\" outside=\"0\" occluded=\"0\" points=\"5,6\""))
        let back = try Reading("cvat", text: output, name: "a.xml")
        #expect(back.labels.map(\.selector) == reading.labels.map(\.selector))
    }

    @Test("lines with columns too many are named and are no labels")
    func columns() throws {
        let rttm = try Reading(
            "rttm", text: "SPEAKER a b 1 0 1 <NA> <NA> s <NA> <NA> x\n", name: "x.rttm")
        #expect(rttm.labels.isEmpty && rttm.skips.count == 1)
        let mot = try Reading("mot", text: "1,1,5,5,2,2,1,1,1,1,1\n", name: "s/gt/gt.txt")
        #expect(mot.labels.isEmpty && mot.skips.count == 1)
        let conll = try Reading(
            "conll", text: "Anna NNP B-PER\nNew York NNP B-LOC\n", name: "x.conll")
        #expect(conll.labels.map(\.className) == ["PER"])
        #expect(conll.skips.count == 1)
    }

    @Test("the sixth number of YOLO is a track where it is one, and is named where it may be one")
    func track() throws {
        let yaml = InputFile(name: "data.yaml", bytes: Array("names: [car]".utf8))
        let context = ReadContext(items: [
            ItemRecord(
                key: "images/a.png", fields: ["width": .integer(10), "height": .integer(10)])
        ])
        func read(_ text: String) throws -> Reading {
            try Reading(
                "yolo", [yaml, InputFile(name: "labels/a.txt", bytes: Array(text.utf8))],
                context: context)
        }
        let tracks = try read("0 .5 .5 .2 .2 1\n0 .5 .5 .2 .2 7\n")
        #expect(tracks.labels.map { $0.attributes["track"] } == [.integer(1), .integer(7)])
        #expect(tracks.labels.allSatisfy { $0.confidence == nil })
        let unclear = try read("0 .5 .5 .2 .2 1\n")
        #expect(unclear.notes.count == 1)
        let sure = try read("0 .5 .5 .2 .2 1\n0 .5 .5 .2 .2 0.5\n")
        #expect(sure.labels.map(\.confidence) == [1, 0.5] && sure.notes.isEmpty)
    }

    @Test("null is no judgement, and a format asks for its own kind")
    func judgements() throws {
        let text = """
            {"prompt": "a", "completion": "b", "label": true}
            {"prompt": "a", "completion": "b", "label": null}
            {"prompt": "a", "completion": "b"}
            """
        let kto = try Reading("kto", text: text, name: "x.jsonl")
        #expect(kto.labels.map(\.className) == ["desirable"] && kto.skips.count == 2)
        let all = try Reading("preference", text: text, name: "x.jsonl")
        #expect(all.labels.map(\.className) == ["desirable", "answer"] && all.skips.count == 1)
        let pairs = try Reading("dpo", text: text, name: "x.jsonl")
        #expect(pairs.labels.isEmpty && pairs.skips.count == 3)
    }

    @Test("code pages are those that the file names")
    func codePages() throws {
        func drawing(_ page: String, _ bytes: [UInt8]) -> [UInt8] {
            let head =
                "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1009\n9\n$DWGCODEPAGE\n3\n\(page)\n0\nENDSEC\n"
            return Array((head + "0\nSECTION\n2\nENTITIES\n0\nTEXT\n8\n0\n10\n0\n20\n0\n1\n").utf8)
                + bytes + Array("\n0\nENDSEC\n0\nEOF\n".utf8)
        }
        let pages: [(String, [UInt8], String)] = [
            ("ANSI_1252", [0x67, 0xf6, 0xdf, 0x65, 0x96], "göße–"),
            ("ANSI_1251", [0xcf, 0xf0, 0xe8], "При"),
            ("ANSI_936", [0xc1, 0xaa, 0xcd, 0xa8], "联通"),
        ]
        for (page, bytes, text) in pages {
            let reading = try Reading(
                "dxf", [InputFile(name: "a.dxf", bytes: drawing(page, bytes))])
            #expect(reading.labels.map { $0.attributes["text"] } == [.text(text)], "\(page)")
            #expect(reading.labels.first?.selector == .graph(kind: "entity", elements: ["@1"]))
            #expect(reading.notes.contains { $0.why.contains("no handle") })
        }
        #expect(throws: FormatError.self) {
            try Reading(
                "dxf", [InputFile(name: "a.dxf", bytes: drawing("ANSI_99999", [0xff]))])
        }
        let xml =
            Array("<?xml version=\"1.0\" encoding=\"gb2312\"?><annotation><filename>".utf8)
            + [0xcd, 0xbc] + Array(".jpg</filename></annotation>".utf8)
        let voc = try Reading("voc", [InputFile(name: "a.xml", bytes: xml)])
        #expect(voc.items.map(\.key) == ["图.jpg"])
    }
}
