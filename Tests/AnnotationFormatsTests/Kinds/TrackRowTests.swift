import AnnotationModel
import LabelText
import Testing

@testable import AnnotationFormats

/// Rows that many make one label: a bad one costs itself.
@Suite("Rows of tracks")
struct TrackRowTests {
    private static func times(_ label: LabelRecord?) -> [Double] {
        guard case .track(let frames)? = label?.selector else { return [] }
        return frames.filter { !$0.isOutside }.map(\.time)
    }

    @Test("MOT: a row that stands twice, of another class or without a size costs the row")
    func mot() throws {
        let good = (1...5).map { "\($0),1,\($0),20,30,40,1,1,1" }
        for (bad, why) in [
            ("3,1,99,99,1,1,1,1,1", "twice in frame 3"), ("6,1,9,9,1,1,1,2,1", "another class"),
            ("6,1,9,9,1,1,1", "number of columns"), ("6,1,9,9,-1,1,1,1,1", "size"),
            ("-9223372036854775808,1,9,9,1,1,1,1,1", ""),
        ] {
            for rows in [good + [bad], [bad] + good] {
                let reading = try Reading(
                    "mot", [textFile("run/gt/gt.txt", rows.joined(separator: "\n"))])
                #expect(reading.labels.count == 1, "\(bad): \(reading.firstSkip)")
                #expect(Self.times(reading.labels.first) == [0, 1, 2, 3, 4], "\(bad)")
                #expect(reading.skips.count == 1 && reading.firstSkip.contains(why), "\(bad)")
                let line = rows.first == bad && !why.hasPrefix("twice") ? 1 : rows.count
                if !why.hasPrefix("twice") {
                    #expect(reading.skips.first?.place.hasSuffix("line \(line)") == true)
                }
            }
        }
    }

    @Test("CVAT: a shape that stands twice or has no place costs the shape")
    func cvat() throws {
        let box = { (frame: String, more: String) in
            "<box frame=\"\(frame)\" outside=\"0\" occluded=\"0\" keyframe=\"1\" \(more)/>"
        }
        let place = "xtl=\"1\" ytl=\"2\" xbr=\"3\" ybr=\"4\""
        let good = ["0", "5", "9"].map { box($0, place) }
        for bad in [box("5", place), box("7", "xtl=\"x\""), box("", place)] {
            let text =
                "<annotations><version>1.1</version><track id=\"0\" label=\"car\">"
                + (good.prefix(2) + [bad] + good.suffix(1)).joined() + "</track></annotations>"
            let reading = try Reading("cvat", [textFile("a.xml", text)])
            #expect(Self.times(reading.labels.first) == [0, 5, 9], "\(bad) \(reading.firstSkip)")
            #expect(reading.skips.count == 1)
        }
    }

    @Test("KITTI tracklets: a pose without numbers leaves its frame empty")
    func tracklets() throws {
        let pose = { (x: String) in
            "<item><tx>\(x)</tx><ty>0</ty><tz>0</tz><rx>0</rx><ry>0</ry><rz>0</rz></item>"
        }
        let text =
            "<boost_serialization><tracklets><count>1</count><item><objectType>Car</objectType>"
            + "<h>1</h><w>2</w><l>3</l><first_frame>4</first_frame><poses>"
            + ["1", "x", "3"].map(pose).joined()
            + "</poses></item></tracklets></boost_serialization>"
        let reading = try Reading("kitti-raw", [textFile("d/tracklet_labels.xml", text)])
        #expect(Self.times(reading.labels.first) == [4, 6], "\(reading.firstSkip)")
        #expect(reading.skips.count == 1 && reading.firstSkip.contains("1 poses"))
    }

    @Test("Label Studio: a frame that stands twice or has no place costs the frame")
    func labelStudio() throws {
        let frame = { (number: Int, width: String) in
            """
            {"frame": \(number), "enabled": true, "rotation": 0, "x": 1, "y": 2, "width": \(width),
             "height": 4}
            """
        }
        for bad in [frame(1, "9"), frame(7, "\"x\""), frame(7, "-1")] {
            let text = """
                [{"id": 1, "data": {"video": "a.mp4"}, "annotations": [{"id": 1, "result": [{"id": "r",
                "type": "videorectangle", "from_name": "box", "to_name": "video", "original_width": 100,
                "original_height": 100, "value": {"sequence": [\(frame(1, "3")), \(bad), \(frame(4, "3"))],
                "labels": ["car"]}}]}]}]
                """
            let reading = try Reading("label-studio", [textFile("a.json", text)])
            #expect(Self.times(reading.labels.first) == [0, 3], "\(reading.firstSkip)")
            #expect(reading.skips.count == 1 && reading.firstSkip.contains("sequence[1]"))
        }
    }

    @Test(
        "TCPD: files of another shape are no labels, and a damaged part of one that is costs itself"
    )
    func changePoints() throws {
        let series = """
            {"name": "bank", "n_obs": 4, "n_dim": 1, "time": {"type": "integer", "index": [0, 1, 2, 3]},
             "series": [{"label": "V1", "type": "int", "raw": [3, 5, 9, 2]}]}
            """
        for other in [
            series, "[1, 2]", #"{"a": {"name": "x", "raw": [1], "type": "int"}}"#,
            #"{"images": [], "annotations": [], "categories": []}"#,
        ] {
            let reading = try Reading(
                "tcpd",
                [
                    textFile("annotations.json", #"{"bank": {"6": [33], "7": 1}}"#),
                    textFile("bank.json", other),
                ])
            #expect(reading.labels.map(\.externalID) == ["bank/6/33"], "\(other)")
            #expect(reading.items.map(\.key) == ["bank"])
            #expect(reading.skips.map(\.place) == ["annotations.json, bank.7", "bank.json"])
        }
    }
}
