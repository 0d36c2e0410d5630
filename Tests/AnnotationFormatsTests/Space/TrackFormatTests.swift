import AnnotationFormats
import AnnotationModel
import Foundation
import Testing

@Suite("MOT tracks")
struct MOTTests {
    static let text = """
        1,7,11,21,30,40,1,2,0.5
        2,7,12,21,30,40,1,2,0.25
        1,3,1,1,5,5,0,1,1
        4,-1,1,1,5,5,1,1,1
        4,-1,2,1,5,5,1,1,1
        """
    static let labels = textFile("run/gt/labels.txt", "ped\ncar\n")

    @Test("pixels count from 1, rows of one id are one track, and rows without one stand alone")
    func tracks() throws {
        let info = "[Sequence]\nimWidth=640\nimHeight=480\nframeRate=12.5\nimExt=.jpg\n"
        let reading = try Reading(
            "mot",
            [
                textFile("run/gt/gt.txt", Self.text), Self.labels,
                textFile("run/seqinfo.ini", info),
            ])
        #expect(reading.items.map(\.key) == ["run"])
        #expect(
            reading.items.first?.fields == [
                "width": .integer(640), "height": .integer(480), "frameRate": .float(12.5),
                "timeUnit": .text("frame"),
            ])
        #expect(
            reading.labels.map(\.externalID) == [
                "run/gt/gt#7", "run/gt/gt#3", "run/gt/gt#4/1", "run/gt/gt#4/2",
            ])
        #expect(reading.labels.map(\.className) == ["car", "ped", "ped", "ped"])
        guard case .track(let frames)? = reading.labels.first?.selector else {
            Issue.record("no track")
            return
        }
        #expect(frames.map(\.time) == [0, 1])
        #expect(frames.first?.selector == .box(.init(x: 10, y: 20, width: 30, height: 40)))
        #expect(
            reading.labels.first?.attributes["mot.visibilities"]
                == .array([.float(0.5), .float(0.25)]))
        #expect(reading.labels[1].attributes["mot.ignored"] == .bool(true))
    }

    @Test("an own export reads back the same")
    func ownExport() throws {
        try expectOwnExport("mot", [textFile("run/gt/gt.txt", Self.text), Self.labels])
        let scores = "1,1,1,1,5,5,0.5\n2,1,1,1,5,5,0.25\n1,2,1,1,5,5,53.5\n"
        try expectOwnExport("mot", [textFile("run/gt/gt.txt", scores)])
    }

    @Test("frames without a row are out of sight, not interpolated")
    func gaps() throws {
        let text = "1,1,1,1,5,5,1,1,1\n5,1,9,1,5,5,1,1,1\n"
        let reading = try expectOwnExport("mot", [textFile("run/gt/gt.txt", text), Self.labels])
        guard case .track(let frames)? = reading.labels.first?.selector else {
            Issue.record("no track")
            return
        }
        #expect(frames.map(\.time) == [0, 1, 4])
        #expect(frames.map(\.isOutside) == [false, true, false])
    }

    @Test("frames between keyframes are written out, a gap is not, and an endless track is refused")
    func interpolation() throws {
        let box = { (x: Double) in Selector.box(.init(x: x, y: 1, width: 4, height: x)) }
        let frames: [Selector.Keyframe] = [
            .init(time: 1, selector: box(10)), .init(time: 5, selector: box(18)),
            .init(time: 6, selector: box(18), isOutside: true), .init(time: 9, selector: box(30)),
            .init(time: 11, selector: box(40), isOutside: true),
        ]
        let label = LabelRecord(item: "run.mp4", className: "a", selector: .track(frames))
        let items = [ItemRecord(key: "run.mp4")]
        let (files, report) = try written("mot", items: items, labels: [label])
        let table = try #require(files["run/gt/gt.txt"])
        let rows = String(decoding: table, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: ",").prefix(6).map(String.init)
        }
        #expect(rows.map { $0[0] } == ["2", "3", "4", "5", "6", "10", "11"])
        #expect(rows.map { $0[2] } == ["11", "13", "15", "17", "19", "31", "36"])
        #expect(rows.map { $0[5] } == ["10", "12", "14", "16", "18", "30", "35"])
        #expect(report.losses.contains { $0.why.contains("interpolated") })
        var endless = label
        endless.selector = .track([
            .init(time: 1, selector: box(1)), .init(time: 1e12, selector: box(2)),
        ])
        #expect(try written("mot", items: items, labels: [endless]).report.skipped == 1)
    }

    @Test("a cuboid between keyframes turns evenly, the short way round")
    func turning() throws {
        let cuboid = { (x: Double, angle: Double, sign: Double) in
            Selector.cuboid(
                .init(
                    center: [x, 0, 1], size: [4, 2, 1],
                    rotation: [sign * cos(angle / 2), 0, 0, sign * sin(angle / 2)]))
        }
        let frames: [Selector.Keyframe] = [
            .init(time: 0, selector: cuboid(0, 3, 1)), .init(time: 4, selector: cuboid(8, 3.4, -1)),
        ]
        let label = LabelRecord(item: "d", className: "Car", selector: .track(frames))
        let (files, _) = try written("kitti-raw", items: [ItemRecord(key: "d")], labels: [label])
        let back = try Reading(
            "kitti-raw", files.map { InputFile(name: $0.key, bytes: $0.value) })
        guard case .track(let read)? = back.labels.first?.selector else {
            Issue.record("no track: \(back.firstSkip)")
            return
        }
        #expect(read.map(\.time) == [0, 1, 2, 3, 4])
        for (step, frame) in read.enumerated() {
            guard case .cuboid(let found) = frame.selector else { continue }
            #expect((found.center[0] - 2 * Double(step)).magnitude < 1e-9)
            let half = (3 + 0.1 * Double(step)) / 2
            let dot = found.rotation[0] * cos(half) + found.rotation[3] * sin(half)
            #expect((dot.magnitude - 1).magnitude < 1e-12, "step \(step)")
        }
    }

    @Test("what cannot be a track is skipped where it stands")
    func skips() throws {
        let text = """
            1,1,1,1,5,5,1,1,1
            1,1,2,2,5,5,1,1,1
            1,2,1,1,5,5,1,9,1
            1,3,1,1,-5,5,1,1,1
            1,4,nan,1,5,5,1,1,1
            1.5,5,1,1,5,5
            3,6
            1,7,1,1,5,5,1,1,1
            2,7,1,1,5,5,1,2,1
            5,8,1,1,5,5,1,1,1
            """
        let reading = try Reading("mot", [textFile("run/gt/gt.txt", text), Self.labels])
        #expect(
            reading.labels.map(\.externalID) == ["run/gt/gt#1", "run/gt/gt#7", "run/gt/gt#8"])
        #expect(reading.skips.count == 7)
        #expect(reading.skips.allSatisfy { $0.place.hasPrefix("run/gt/gt.txt, line ") })
    }

    @Test("a track between its keyframes, and beyond its end, is told as lost")
    func losses() throws {
        let box = Selector.box(.init(x: 1, y: 1, width: 2, height: 2))
        let label = LabelRecord(
            item: "run", className: "car",
            selector: .track([
                .init(time: 1, selector: box), .init(time: 9, selector: box, isOutside: true),
                .init(time: 11, selector: box), .init(time: 12, selector: box, isOutside: true),
            ]))
        let (_, report) = try written("mot", items: [ItemRecord(key: "run")], labels: [label])
        #expect(report.losses.count == 2)
    }

    @Test("public sample")
    func sample() throws {
        guard let folder = sharedData("format-samples/datumaro/mot_dataset") else { return }
        let reading = try Reading("mot", [folder])
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        #expect(reading.items.map(\.key) == ["mot_seq", "mot_seq_with_seqinfo"])
        #expect(reading.items.last?.fields["width"] == .integer(16))
        #expect(reading.labels.map(\.className) == ["label_2", "label_2"])
        guard let one = sharedData("format-samples/datumaro/mot_dataset/mot_seq/gt/gt.txt") else {
            return
        }
        #expect(try Reading("mot", [one]).items.map(\.key) == ["mot_seq"])
    }
}

@Suite("KITTI raw tracklets")
struct TrackletTests {
    static func text(_ poses: String, height: String = "2") -> String {
        """
        <?xml version="1.0"?>
        <!DOCTYPE boost_serialization>
        <boost_serialization signature="serialization::archive" version="9">
        <tracklets class_id="0" tracking_level="0" version="0"><count>1</count><item_version>1</item_version>
        <item class_id="1"><objectType>Car</objectType><h>\(height)</h><w>1.5</w><l>4</l>
        <first_frame>12</first_frame><poses><count>2</count><item_version>2</item_version>
        \(poses)</poses><finished>1</finished></item></tracklets></boost_serialization>
        """
    }

    static func pose(_ x: String, state: Int) -> String {
        "<item><tx>\(x)</tx><ty>2</ty><tz>3</tz><rx>0</rx><ry>0</ry><rz>0.5</rz>"
            + "<state>\(state)</state><occlusion>0</occlusion><truncation>-1</truncation></item>"
    }

    @Test("the bottom of a tracklet is not its centre, and its size is h, w, l")
    func geometry() throws {
        let text = Self.text(Self.pose("1", state: 1) + Self.pose("2", state: 2))
        let reading = try expectOwnExport("kitti-raw", [textFile("tracklet_labels.xml", text)])
        let label = try #require(reading.labels.first, "\(reading.firstSkip)")
        guard case .track(let frames) = label.selector,
            case .cuboid(let cuboid)? = frames.last?.selector
        else {
            Issue.record("no track of cuboids")
            return
        }
        #expect(frames.map(\.time) == [12, 13])
        #expect(cuboid.center == [2, 2, 4])
        #expect(cuboid.size == [4, 1.5, 2])
        #expect(label.attributes["occlusion"] == .integer(0))
        #expect(
            label.attributes["kitti.changes.state"]
                == .array([
                    .array([.integer(12), .integer(1)]), .array([.integer(13), .integer(2)]),
                ]))
    }

    @Test("a track that goes out of sight at its end is written until then")
    func ends() throws {
        let cuboid = Selector.cuboid(
            .init(center: [1, 2, 3], size: [4, 2, 1], rotation: [1, 0, 0, 0]))
        let frames: [Selector.Keyframe] = [
            .init(time: 3, selector: cuboid), .init(time: 4, selector: cuboid),
            .init(time: 5, selector: cuboid, isOutside: true),
        ]
        for (track, count) in [(frames, 1), ([frames[0], frames[2], frames[1]], 0)] {
            let label = LabelRecord(item: "d", className: "Car", selector: .track(track))
            let (files, report) = try written(
                "kitti-raw", items: [ItemRecord(key: "d")], labels: [label])
            #expect(report.annotations == count)
            #expect(report.losses.count == 1)
            let back = try Reading(
                "kitti-raw", files.map { InputFile(name: $0.key, bytes: $0.value) })
            #expect(
                back.labels.map(\.selector) == (count == 1 ? [.track(Array(frames[..<2]))] : []))
        }
    }

    @Test("sizes below 0, missing figures and text that is no number are skipped")
    func skips() throws {
        for text in [
            Self.text(Self.pose("1", state: 1), height: "-3"),
            Self.text(Self.pose("nan", state: 1)), Self.text(Self.pose("", state: 1)),
            Self.text(Self.pose("1", state: 1), height: ""), Self.text(""),
        ] {
            let reading = try Reading("kitti-raw", [textFile("t.xml", text)])
            #expect(reading.labels.isEmpty)
            #expect(reading.skips.count == 1)
            #expect(reading.firstSkip.hasPrefix("t.xml, line "), "\(reading.firstSkip)")
        }
    }

    @Test("entities that grow are refused")
    func entityBomb() {
        let bomb = """
            <!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><boost_serialization>&b;</boost_serialization>
            """
        guard case .text(_, let line, _)? = formatError("kitti-raw", bomb, name: "a.xml") else {
            Issue.record("taken")
            return
        }
        #expect(line == 1)
    }

    @Test("public sample, whose sizes are partly negative")
    func sample() throws {
        guard
            let file = sharedData(
                "format-samples/datumaro/kitti_dataset/kitti_raw/tracklet_labels.xml")
        else { return }
        let reading = try Reading("kitti-raw", [file])
        // Of a file of which no label is taken no item is either.
        #expect(reading.items.isEmpty && reading.labels.isEmpty)
        #expect(reading.skips.count == 3)
        #expect(reading.skips.allSatisfy { $0.why.contains("negative") })
    }
}
