import AnnotationFormats
import AnnotationModel
import Testing

@Suite("Items that a file names in a way of its own")
struct SameNameTests {
    @Test("two images of one name in one task of CVAT are refused")
    func images() throws {
        func file(_ second: String) -> String {
            """
            <annotations><version>1.1</version>
            <image id="0" name="a.jpg" width="10" height="10"><box label="c" xtl="1" ytl="1" xbr="2" ybr="2"/></image>
            <image id="1" \(second) width="20" height="20"/>
            </annotations>
            """
        }
        let error = try #require(
            formatError("cvat", file(#"name="a.jpg""#), name: "annotations.xml"))
        #expect("\(error)".contains("two images must not become one"))
        #expect(formatError("cvat", file(#"name="b.jpg""#), name: "annotations.xml") == nil)
    }

    @Test("two items of one id in a file of Datumaro are refused")
    func items() throws {
        func file(_ id: String) -> String {
            #"{"info":{},"categories":{"label":{"labels":[{"name":"c"}]}},"items":[{"id":"x","annotations":[]},"#
                + #"{"id":"\#(id)","annotations":[]}]}"#
        }
        let error = try #require(formatError("datumaro", file("x"), name: "annotations/train.json"))
        #expect("\(error)".contains("two items must not become one"))
        #expect(formatError("datumaro", file("y"), name: "annotations/train.json") == nil)
    }

    @Test("what a task of Label Studio says beside its picture is kept")
    func text() throws {
        let reading = try Reading(
            "label-studio",
            text:
                #"[{"id":1,"data":{"image":"a.jpg","text":"a caption","html":"<b>x</b>"},"annotations":[]}]"#,
            name: "export.json")
        let item = try #require(reading.items.first)
        #expect(item.fields["ls.data.text"] == .text("a caption"))
        #expect(item.fields["ls.data.html"] == .text("<b>x</b>"))
    }

    @Test(
        "a name with steps up means the item that lies there, and no other",
        arguments: [#"../images/1.png"#, #"..\\images\\1.png"#])
    func stepsUp(_ name: String) throws {
        let text =
            #"{"images":[{"id":1,"file_name":"\#(name)","width":9,"height":9}],"#
            + #""categories":[{"id":1,"name":"c"}],"annotations":[{"id":1,"image_id":1,"category_id":1,"#
            + #""bbox":[1,1,2,2]}]}"#
        let file = InputFile(name: "coco.json", bytes: Array(text.utf8))
        let known = try Reading(
            "coco", [file], context: ReadContext(items: [ItemRecord(key: "images/1.png")]))
        #expect(known.labels.map(\.item) == ["images/1.png"])
        let unknown = try Reading(
            "coco", [file], context: ReadContext(items: [ItemRecord(key: "other/2.png")]))
        #expect(unknown.labels.isEmpty && !unknown.skips.isEmpty)
    }
}
