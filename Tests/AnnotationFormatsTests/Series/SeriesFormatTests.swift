import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("Formats of series")
struct SeriesFormatTests {
    @Test("NAB stamps are seconds of the file's own zone, both ends of a window belong to it")
    func nab() throws {
        let text = """
            {"data/a.csv": [["1970-01-01 00:00:00", "1970-01-02 00:00:01.5"],
              ["1969-12-31 23:59:59.250000", "1969-12-31 23:59:59.250000"],
              "2000-02-29 12:00:00", ["2001-02-29 00:00:00", "2001-03-01 00:00:00"],
              ["1970-01-02 00:00:00", "1970-01-01 00:00:00"], ["x"], 5, ["1970-01-01T00:00:00Z", 1]],
             "b.csv": [], "../c.csv": [], "d.csv": 3}
            """
        let reading = try Reading("nab", text: text, name: "AL_labels_v1.0.json")
        #expect(
            reading.labels.map(\.selector) == [
                .interval(start: 0, end: 86_401.500_001, channels: []),
                .interval(start: -0.75, end: -0.75, channels: []),
                .interval(start: 951_825_600, end: 951_825_600, channels: []),
            ])
        #expect(reading.labels.allSatisfy { $0.author == "AL" && $0.className == "anomaly" })
        #expect(reading.labels.first?.externalID == "AL/data/a.csv#1")
        #expect(
            reading.skips.map(\.place) == (3...7).map {
                "AL_labels_v1.0.json, data/a.csv[\($0)]"
            } + ["AL_labels_v1.0.json, ../c.csv", "AL_labels_v1.0.json, d.csv"])
        #expect(
            reading.items.filter { $0.fields["examined"] == .bool(true) }.map(\.key) == ["b.csv"])
        for bad in ["{\"a\": [], \"a\": []}", "[]", "{\"a\": [NaN]}", "{\"a\":"] {
            #expect(formatError("nab", bad, name: "a.json") != nil)
        }
    }

    @Test("every day of four centuries has a stamp that reads back")
    func calendar() throws {
        let labels = (0..<1_500).map { index in
            let time = Double(index * 97 - 40_000) * 86_400 + 0.25
            return LabelRecord(
                item: "a.csv", className: "anomaly",
                selector: .interval(start: time, end: time, channels: []),
                externalID: "a.csv#\(index + 1)")
        }
        let (files, report) = try written("nab", items: [ItemRecord(key: "a.csv")], labels: labels)
        #expect(report.losses.isEmpty)
        let reading = try Reading(
            "nab", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(reading.labels == labels)
    }

    @Test("change points are rows by annotator, and \"none seen\" is a statement of its own")
    func tcpd() throws {
        let text = """
            {"s": {"6": [143, 10], "7": [], "8": [1, 1], "9": [-1, 1.5, "2"], "10": 3}, "t": [],
             "../u": {"6": [1]}}
            """
        let reading = try Reading("tcpd", text: text, name: "annotations.json")
        #expect(
            reading.labels.map(\.externalID) == ["s/6/143", "s/6/10", "s/7/none", "s/8/1"])
        #expect(
            reading.labels.first?.selector == .cells(rowStart: 143, rowEnd: 144, columns: []))
        #expect(reading.labels.map(\.author) == ["6", "6", "7", "8"])
        #expect(
            reading.skips.map(\.place)
                == [
                    "s.10", "s.8[1]", "s.9[0]", "s.9[1]", "s.9[2]", "t", "../u",
                ].map { "annotations.json, \($0)" })
        let (files, report) = try written("tcpd", items: reading.items, labels: reading.labels)
        #expect(report.losses.isEmpty)
        #expect(
            String(decoding: files.values.first ?? [], as: UTF8.self)
                == "{\n\"s\": {\"6\":[10,143],\"7\":[],\"8\":[1]}\n}\n")
    }

    @Test(
        "real windows of three people and change points of five come back without a change",
        .enabled(if: SharedFiles.exists(SharedFiles.root + "/data/sensor-nab")))
    func real() throws {
        let nab = SharedFiles.root + "/data/sensor-nab/labels/"
        for (path, count) in [
            ("combined_windows.json", 17), ("combined_labels.json", 17),
            ("raw/AL_labels_v1.0.json", 8), ("raw/CB_labels_v1.0.json", 6),
            ("raw/SA_labels_v1.0.json", 7), ("raw/known_labels_v1.0.json", 4),
        ] {
            let reading = try Reading("nab", [InputFile(path: nab + path)])
            #expect(reading.labels.count == count)
            #expect(reading.skips.isEmpty)
            let author =
                path.hasPrefix("raw/k") || !path.hasPrefix("raw/") ? nil : path.prefix(6).suffix(2)
            #expect(reading.labels.allSatisfy { $0.author == author.map(String.init) })
            let (files, _) = try written("nab", items: reading.items, labels: reading.labels)
            let again = try Reading("nab", files.map { InputFile(name: $0.key, bytes: $0.value) })
            #expect(Set(again.labels.map(\.selector)) == Set(reading.labels.map(\.selector)))
            if path == "combined_windows.json" {
                let original = try JSONValue(parsing: InputFile(path: nab + path).bytes)
                #expect(try JSONValue(parsing: files.values.first ?? []) == original)
            }
        }
        let path = SharedFiles.root + "/data/changepoints-tcpd/annotations.json"
        let points = try Reading("tcpd", [InputFile(path: path)])
        #expect(points.labels.filter { $0.className == "change point" }.count == 144)
        #expect(Set(points.labels.map { "\($0.item) \($0.author ?? "")" }).count == 45)
        let (files, report) = try written("tcpd", items: points.items, labels: points.labels)
        #expect(report.losses.isEmpty)
        #expect(
            try JSONValue(parsing: files.values.first ?? [])
                == JSONValue(parsing: InputFile(path: path).bytes))
    }
}
