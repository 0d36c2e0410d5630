import AnnotationFormats
import AnnotationModel
import Testing

/// Small clouds in the formats that are read.
enum Clouds {
    static func header(
        fields: String = "x label instance", size: String = "4 2 4", type: String = "F U U",
        width: String = "4", points: String = "4", data: String = "ascii"
    ) -> String {
        """
        # .PCD v.7
        VERSION .7
        FIELDS \(fields)
        SIZE \(size)
        TYPE \(type)
        WIDTH \(width)
        HEIGHT 1
        POINTS \(points)
        DATA \(data)

        """
    }

    static let text = header() + "0.5 2 0\nnan 2 7\n1 0 0\n1 300 0\n"

    /// The same points column after column: x, label, instance.
    static var columns: [UInt8] {
        [UInt8](repeating: 0, count: 16) + [2, 0, 2, 0, 0, 0, 44, 1]
            + [0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    }

    static var binary: [UInt8] {
        let points: [[UInt8]] = [[2, 0], [2, 0], [0, 0], [44, 1]]
        var bytes: [UInt8] = []
        for (index, label) in points.enumerated() {
            bytes += [0, 0, 0, 0] + label
            bytes += [index == 1 ? 7 : 0, 0, 0, 0]
        }
        // Zeros behind the last point occur in the wild.
        return Array(header(data: "binary").utf8) + bytes + [UInt8](repeating: 0, count: 5)
    }

    static var compressed: [UInt8] {
        // One zero, a back reference for 15 more, and the rest as literals of at most 32 bytes.
        let rest = Array(columns.dropFirst(16))
        let block: [UInt8] = [0, 0, 0xe0, 6, 0] + [UInt8(rest.count - 1)] + rest
        return Array(header(data: "binary_compressed").utf8)
            + [UInt8(block.count), 0, 0, 0, UInt8(columns.count), 0, 0, 0] + block
    }

    /// LAS 1.2, point format 0, with the class codes given.
    static func las(_ codes: [UInt8], format: UInt8 = 0, count: UInt32? = nil) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 227)
        bytes.replaceSubrange(0..<4, with: Array("LASF".utf8))
        (bytes[24], bytes[25], bytes[94], bytes[96]) = (1, 2, 227, 227)
        (bytes[104], bytes[105]) = (format, 20)
        let count = count ?? UInt32(codes.count)
        for index in 0..<4 { bytes[107 + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
        for code in codes {
            var point = [UInt8](repeating: 9, count: 20)
            point[15] = code
            bytes += point
        }
        return bytes
    }
}

@Suite("Point clouds with classes")
struct CloudFormatTests {
    static func sets(_ reading: Reading) -> [String] {
        reading.labels.map { label in
            guard case .pointSet(let indices) = label.selector else { return "?" }
            let instance = label.attributes["instance"]?.numberValue ?? 0
            return "\(label.className) \(Int(instance)) \(indices)"
        }
    }

    @Test("text, binary and compressed clouds say the same")
    func storages() throws {
        let expected = ["ok 0 [0]", "ok 7 [1]", "300 0 [3]"]
        for bytes in [Array(Clouds.text.utf8), Clouds.binary, Clouds.compressed] {
            let reading = try Reading(
                "pcd", [InputFile(name: "c/a.pcd", bytes: bytes), textFile("c/labels.txt", "2 ok")])
            #expect(Self.sets(reading) == expected, "\(reading.firstSkip)")
            #expect(reading.items.first?.fields["points"] == .integer(4))
            #expect(reading.labels.map(\.externalID) == ["c/a#ok", "c/a#ok:7", "c/a#300"])
            #expect(reading.notes.count == 1)
        }
        for format in ["pcd", "pcd-ascii"] {
            try expectOwnExport(
                format,
                [
                    InputFile(name: "c/a.pcd", bytes: Clouds.binary),
                    textFile("c/labels.txt", "2 ok"),
                ]
            )
        }
    }

    @Test("headers that promise more than there is are refused before anything is held")
    func promises() {
        let cases = [
            Clouds.header(width: "10737418240", points: "10737418240"),
            Clouds.header(width: "4000000000", points: "4000000000", data: "binary") + "x",
            Clouds.header(points: "5"), Clouds.header(width: "-4", points: "-4"),
            Clouds.header(size: "4 2"), Clouds.header(size: "4 3 4"), Clouds.header(type: "F Q U"),
            Clouds.header(data: "binary"), Clouds.header(data: "binary_compressed") + "12345678",
            Clouds.header(data: "zip"), Clouds.header(), Clouds.header() + "0 2\n",
            Clouds.header() + "0 -2 0\n", Clouds.header() + "0 nan 0\n", "VERSION .7\n",
            "FIELDS x\nFIELDS y\nDATA ascii\n",
            Clouds.header(width: "9223372036854775807", points: "1"),
        ]
        for text in cases {
            #expect(formatError("pcd", text, name: "a.pcd") != nil, "\(text)")
        }
        // A block that promises 4 GB.
        let bomb =
            Array(
                Clouds.header(width: "400000000", points: "400000000", data: "binary_compressed")
                    .utf8) + [3, 0, 0, 0, 0, 0x28, 0x6b, 0xee, 0xe0, 255, 0]
        #expect(throws: FormatError.self) {
            _ = try Reading("pcd", [InputFile(name: "a.pcd", bytes: bomb)])
        }
    }

    @Test("a class of many points becomes several labels, the same ones each time")
    func parts() throws {
        let count = 100_000
        let header = Clouds.header(
            fields: "label", size: "1", type: "U", width: "\(count)", points: "\(count)",
            data: "binary")
        let file = InputFile(
            name: "a.pcd", bytes: Array(header.utf8) + [UInt8](repeating: 5, count: count))
        let reading = try expectOwnExport("pcd", [file])
        #expect(reading.labels.map(\.externalID) == ["a#5", "a#5/2", "a#5/3"])
        for label in reading.labels { #expect(label.selector.encoded.count <= Selector.bytesMax) }
        let all = reading.labels.flatMap { label -> [UInt64] in
            guard case .pointSet(let indices) = label.selector else { return [] }
            return indices
        }
        #expect(all == (0..<UInt64(count)).map { $0 })
    }

    @Test("what a cloud of classes cannot say is told")
    func losses() throws {
        let item = ItemRecord(key: "a.pcd", fields: ["points": .integer(4)])
        let labels = [
            LabelRecord(
                item: "a.pcd", className: "x", selector: .pointSet([0, 1]), confidence: 0.5),
            LabelRecord(item: "a.pcd", className: "y", selector: .pointSet([1, 2])),
            LabelRecord(item: "a.pcd", className: "y", selector: .pointSet([4])),
            LabelRecord(item: "b.pcd", className: "y", selector: .pointSet([0])),
        ]
        let (files, report) = try written("pcd", items: [item], labels: labels)
        #expect(report.annotations == 2)
        #expect(report.skipped == 2)
        #expect(report.losses.count == 4)
        #expect(files["labels.txt"] == Array("1 x\n2 y\n".utf8))
    }

    @Test("LAS classes have the standard's names; the upper bits of a code are flags")
    func las() throws {
        let reading = try Reading(
            "las", [InputFile(name: "s.las", bytes: Clouds.las([2, 0x82, 0, 1, 31]))])
        #expect(
            Self.sets(reading) == ["unclassified 0 [3]", "ground 0 [0, 1]", "31 0 [4]"],
            "\(reading.firstSkip)")
        #expect(reading.notes.count == 1)
        for bytes in [
            Clouds.las([2], format: 128), Clouds.las([2], format: 11), Clouds.las([2], format: 1),
            Clouds.las([2], count: 2), Clouds.las([2], count: .max),
            Array(Clouds.las([]).dropLast()),
        ] {
            #expect(throws: FormatError.self) {
                _ = try Reading("las", [InputFile(name: "s.las", bytes: bytes)])
            }
        }
    }

    @Test("public samples: 1,065 points of a scan, 307,200 of a depth camera, a drive's clouds")
    func samples() throws {
        guard let scan = sharedData("las-laspy/simple.las"),
            let packed = sharedData("las-laspy/simple.laz"),
            let depth = sharedData("rgbd-mosd/learn/learn17.pcd"),
            let drive = sharedData("cuboids-sustech/lidar/000965.pcd")
        else { return }
        let reading = try Reading("las", [scan])
        let counts = reading.labels.map { label -> String in
            guard case .pointSet(let indices) = label.selector else { return "?" }
            return "\(label.className) \(indices.count)"
        }
        #expect(counts == ["unclassified 789", "ground 276"])
        #expect(throws: FormatError.self) { _ = try Reading("las", [packed]) }
        let image = try expectOwnExport("pcd", [depth])
        #expect(image.items.first?.fields["width"] == .integer(640))
        #expect(image.labels.count > 4)
        let plain = try Reading("pcd", [drive])
        #expect(plain.items.first?.fields["points"] == .integer(66_781))
        #expect(plain.notes.count == 1)
    }
}
