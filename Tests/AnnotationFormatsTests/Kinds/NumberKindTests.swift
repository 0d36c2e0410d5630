import AnnotationFormats
import AnnotationModel
import FormatFixtures
import LabelText
import Testing

@testable import AnnotationFormats

/// Numbers and outlines that programs give a meaning.
@Suite("Class numbers and outlines")
struct NumberKindTests {
    private func read(_ format: String, _ files: [String: String]) throws -> Reading {
        try Reading(
            format,
            files.sorted { $0.key < $1.key }.map {
                InputFile(name: $0.key, bytes: Array($0.value.utf8))
            })
    }

    private static let rows = """
        1,1,912,484,97,109,1,1,1
        1,2,12,484,97,109,1,3,1
        1,3,12,84,97,109,0,12,1
        """

    private func numbers(_ reading: Reading, classes: [ClassRecord]) throws -> [String] {
        let (files, _) = try written(
            "mot", classes: classes, items: reading.items, labels: reading.labels)
        let text = String(decoding: try #require(files["s/gt/gt.txt"]), as: UTF8.self)
        return text.split(separator: "\n").map { String($0.split(separator: ",")[7]) }
    }

    @Test("the challenge's class numbers are fixed, and those of a list keep its order")
    func challenge() throws {
        let reading = try read("mot", ["s/gt/gt.txt": Self.rows])
        #expect(reading.labels.map(\.className) == ["Pedestrian", "Car", "Reflection"])
        #expect(try numbers(reading, classes: reading.classes) == ["1", "3", "12"])
        let names = (1...12).map { "kind \(13 - $0)" }
        let listed = try read(
            "mot",
            ["s/gt/gt.txt": Self.rows, "s/gt/labels.txt": names.joined(separator: "\n")])
        #expect(listed.classes.map(\.name) == names)
        #expect(try numbers(listed, classes: listed.classes) == ["1", "3", "12"])
    }

    @Test("the outline beside a box is the label's shape, in VOC too")
    func outline() throws {
        let object = { (more: String) in
            """
            <annotation><filename>a.jpg</filename><size><width>100</width><height>80</height></size>
            <object><name>cat</name><bndbox><xmin>11</xmin><ymin>21</ymin><xmax>40</xmax><ymax>60</ymax></bndbox>
            \(more)</object></annotation>
            """
        }
        let polygon =
            "<polygon><x1>11</x1><y1>21</y1><x2>41</x2><y2>21</y2><x3>41</x3><y3>61</y3></polygon>"
        let reading = try read("voc", ["a.xml": object(polygon + "<confidence>0.5</confidence>")])
        let label = try #require(reading.labels.first)
        #expect(label.selector == .polygon([[[10, 20, 40, 20, 40, 60]]]))
        #expect(label.attributes[ObjectAttribute.box] == nil)
        #expect(label.confidence == 0.5)
        let other = try read(
            "voc",
            [
                "a.xml": object(
                    polygon.replacing("41", with: "31") + "<point><x>5</x><y>6</y></point>")
            ])
        #expect(other.labels.first?.attributes[ObjectAttribute.box] != nil)
        #expect(
            other.labels.first?.attributes["voc.point"] == .array([.float(4), .float(5)]))
        let none = try read("voc", ["a.xml": object("<polygon><x1>11</x1></polygon>")])
        #expect(
            none.labels.first?.selector == .box(.init(x: 10, y: 20, width: 30, height: 40)))
    }

    @Test("a category that a text does not have is said again, and is no label")
    func absentCategories() throws {
        let text = "{\"text\": \"so\", \"cats\": {\"pos\": 1.0, \"neg\": 0.0, \"x\": 0.3}}"
        let reading = try read("spacy", ["a.jsonl": text])
        #expect(reading.labels.map(\.className) == ["pos", "x"])
        let (files, _) = try written("spacy", items: reading.items, labels: reading.labels)
        let json = try JSONValue(parsing: try #require(files.sortedByKey().first?.value))
        #expect(
            json["cats"] == .object(["neg": .double(0), "pos": .double(1), "x": .double(0.3)]))
        let back = try Reading(
            "spacy", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(back.labels.map(\.externalID).map { $0?.suffix(3) } == ["#c1", "#c2"])
        #expect(reading.labels.map(\.externalID).map { $0?.suffix(3) } == ["#c1", "#c2"])
        // Somebody says since that it has it.
        var more = reading.labels
        more.append(more[0])
        more[2].className = "neg"
        let (changed, _) = try written("spacy", items: reading.items, labels: more)
        let now = try JSONValue(parsing: try #require(changed.sortedByKey().first?.value))
        #expect(now["cats"]?["neg"] == .double(1))
    }

    @Test("OpenLABEL's tags speak of the tagged file")
    func tags() throws {
        let text = """
            {"openlabel": {"metadata": {"schema_version": "1.0.0", "tagged_file": "../v/a.mp4"},
             "ontologies": {"0": "https://o.example"}, "tags": {
              "0": {"ontology_uid": "0", "type": "WeatherRain",
                    "tag_data": {"num": [{"name": "mm", "val": 3}]}},
              "1": {"ontology_uid": "0"}}}}
            """
        let reading = try read("openlabel", ["t.json": text])
        let label = try #require(reading.labels.first)
        #expect(reading.labels.count == 1 && reading.skips.count == 1)
        #expect((label.item, label.className) == ("v/a.mp4", "WeatherRain"))
        #expect(label.attributes["mm"] == .integer(3))
        #expect(label.attributes["openlabel.ontology"] == .text("https://o.example"))
    }

    @Test("what OpenLABEL says of an object in its frames changes along the track")
    func frameData() throws {
        let frame = { (brakes: Bool, more: String) in
            """
            {"objects": {"0": {"object_data": {\(more)
             "boolean": [{"name": "braking", "val": \(brakes)}]}}}}
            """
        }
        let box = "\"bbox\": [{\"name\": \"s\", \"val\": [10, 10, 4, 4]}],"
        let text = """
            {"openlabel": {"metadata": {"schema_version": "1.0.0"},
             "objects": {"0": {"name": "car", "type": "Car"}},
             "frames": {"0": \(frame(true, box)), "1": \(frame(false, box)), "2": \(frame(true, ""))}}}
            """
        let reading = try read("openlabel", ["t.json": text])
        let label = try #require(reading.labels.first)
        #expect(
            label.attributes["openlabel.changes.braking"]
                == .array([
                    .array([.integer(0), .bool(true)]), .array([.integer(1), .bool(false)]),
                ]), "\(label.attributes)")
        #expect(reading.skips.map(\.place).first?.contains("frames.2") == true)
    }

    @Test(
        "where a format cannot say who or what made a label, the report does",
        arguments: FormatRegistry.all.filter(\.profile.isWritten).map(\.name))
    func origins(_ name: String) throws {
        let fixture = try #require(FormatFixture.of(name))
        var labels = fixture.active
        for index in labels.indices {
            (labels[index].author, labels[index].source) = ("ann@x.example", nil)
        }
        let profile = FormatProfile.of(name)
        let people = try written(name, items: fixture.items, labels: labels).report
        #expect(
            people.losses.contains { $0.why.contains("author") } == !profile.keepsAuthor,
            "\(people.losses)")
        for index in labels.indices {
            (labels[index].author, labels[index].source) = (nil, "model:yolo@8")
        }
        let models = try written(name, items: fixture.items, labels: labels).report
        #expect(
            models.losses.contains { $0.why.contains("a model made") } == !profile.keepsModel,
            "\(models.losses)")
    }

    @Test(
        "a format in whose files labels name entries says so before it is read",
        arguments: FormatRegistry.all.filter(\.profile.isWritten).map(\.name))
    func entryNames(_ name: String) throws {
        let fixture = try #require(FormatFixture.of(name))
        var labels = fixture.active
        for index in labels.indices {
            labels[index].provenance = .init(
                id: "oem.example:7.\(index)", org: "oem.example", isContested: false)
        }
        let files = try written(name, items: fixture.items, labels: labels).files
            .map { InputFile(name: $0.key, bytes: $0.value) }
        let format = try FormatRegistry.format(named: name)
        let isNamed = try Reading(name, files).labels.contains { $0.provenance != nil }
        #expect(try !isNamed || format.mayNameEntries(files))
        #expect(isNamed == ["coco", "csv", "jsonl"].contains(name))
    }

    @Test("a name of an entry is found where its letters are escaped, and in a folder")
    func escapedEntryNames() throws {
        let file = { (text: String) in InputFile(name: "a.json", bytes: Array(text.utf8)) }
        let coco = COCOFormat()
        #expect(try !coco.mayNameEntries([file(#"{"images":[]}"#)]))
        #expect(try !coco.mayNameEntries([file("")]))
        #expect(try coco.mayNameEntries([file(#"{"images":[],"countermark"#)]))
        #expect(try coco.mayNameEntries([file(#"{"\u0063ountermark":{}}"#)]))
        #expect(try coco.mayNameEntries([InputFile(path: "/")]))
        #expect(throws: FormatError.self) {
            try coco.mayNameEntries([InputFile(path: "/nowhere/a.json")])
        }
    }
}
