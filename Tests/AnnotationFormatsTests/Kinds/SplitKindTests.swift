import AnnotationModel
import Testing

@testable import AnnotationFormats

/// What the pictures of a YOLO data set are for.
@Suite("YOLO's splits")
struct SplitKindTests {
    private static let line = "0 0.5 0.5 0.2 0.2 0.5 0.5 2 0.6 0.6 1\n"

    /// Reads labels of pictures whose sizes are known.
    private static func read(
        _ yaml: String, _ pictures: [String], lists: [InputFile] = []
    ) throws -> Reading {
        let items = pictures.map {
            ItemRecord(key: $0, fields: ["width": .integer(200), "height": .integer(100)])
        }
        let labels = pictures.map { picture in
            let parts = picture.split(separator: "/").map { $0 == "images" ? "labels" : $0 }
            return textFile(FileTree.stem(parts.joined(separator: "/")) + ".txt", line)
        }
        return try Reading(
            "yolo-pose", [textFile("data.yaml", yaml)] + lists + labels,
            context: ReadContext(items: items))
    }

    private static func splits(_ reading: Reading) -> [String: String] {
        var found: [String: String] = [:]
        for item in reading.items { found[item.key] = item.fields["split"]?.textValue ?? "-" }
        return found
    }

    private static let pose = "kpt_shape: [2, 3]\nflip_idx: [1, 0]\nnames: [car]\n"

    @Test("folders, lists of folders and other programs' ways to name them are the items' split")
    func folders() throws {
        for (yaml, pictures) in [
            (
                "path: .\ntrain: images/train\nval: images/val\ntest: images/test\n",
                ["images/train/a.png", "images/val/b.png", "images/test/deep/c.png"]
            ),
            (
                "path: ../datasets/mine\ntrain: images/train\nval: [images/val]\ntest: images/test/\n",
                ["images/train/a.png", "images/val/b.png", "images/test/deep/c.png"]
            ),
            (
                "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n",
                ["train/images/a.png", "valid/images/b.png", "test/images/c.png"]
            ),
            (
                "train: /home/kim/set/train/images\nval: /home/kim/set/valid/images\n"
                    + "test: /home/kim/set/test/images\n",
                ["train/images/a.png", "valid/images/b.png", "test/images/c.png"]
            ),
        ] {
            let reading = try Self.read(yaml + Self.pose, pictures)
            #expect(reading.labels.count == 3)
            #expect(
                Self.splits(reading) == [
                    pictures[0]: "train", pictures[1]: "val", pictures[2]: "test",
                ], "\(yaml)")
            #expect(reading.notes.isEmpty)
        }
    }

    @Test("lists of pictures are the split, also under names of one's own")
    func lists() throws {
        let reading = try Self.read(
            "train: train.txt\nval: lists/checked.txt\n" + Self.pose,
            ["images/a.png", "images/b.png", "images/c.png"],
            lists: [
                textFile("train.txt", "./images/a.png\n"),
                textFile("lists/checked.txt", "images/b.png\n\n"),
            ])
        #expect(
            Self.splits(reading)
                == ["images/a.png": "train", "images/b.png": "val", "images/c.png": "-"])
        #expect(reading.labels.count == 3)
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
    }

    @Test("a folder of two splits says nothing, and the innermost folder holds")
    func overlap() throws {
        let both = try Self.read(
            "train: images\nval: images\n" + Self.pose, ["images/a.png"])
        #expect(Self.splits(both) == ["images/a.png": "-"])
        let inner = try Self.read(
            "train: images\nval: images/val\n" + Self.pose, ["images/a.png", "images/val/b.png"])
        #expect(Self.splits(inner) == ["images/a.png": "train", "images/val/b.png": "val"])
    }

    @Test("an export has the splits and flip_idx that were read")
    func export() throws {
        let head = "path: .\ntrain: images/train\nval: images/val\n"
        let pictures = ["images/train/a.png", "images/val/b.png"]
        let reading = try Self.read(head + Self.pose, pictures)
        let (files, _) = try written("yolo-pose", items: reading.items, labels: reading.labels)
        #expect(
            text(files["data.yaml"])
                == head + "kpt_shape: [2, 3]\nflip_idx: [1, 0]\nnames:\n  0: \"car\"\n")
        #expect(files["labels/val/b.txt"] != nil)
        let again = try Self.read(text(files["data.yaml"]), pictures)
        #expect(again.items == reading.items)
        // The same field as of other formats, in their words.
        var items = reading.items
        items[1].fields["split"] = .text("validation")
        #expect(
            text(try written("yolo-pose", items: items, labels: reading.labels).files["data.yaml"])
                .hasPrefix(head))
    }

    @Test("splits in one folder leave as lists, and what is in none is counted")
    func mixed() throws {
        let size: [String: FieldValue] = ["width": .integer(200), "height": .integer(100)]
        let items = [("a", "train"), ("b", "val"), ("c", ""), ("d", "default")].map { name, split in
            ItemRecord(
                key: "\(name).png",
                fields: size.merging(split.isEmpty ? [:] : ["split": .text(split)]) { $1 })
        }
        let labels = items.map {
            LabelRecord(
                item: $0.key, className: "car",
                selector: .box(.init(x: 1, y: 2, width: 3, height: 4)))
        }
        let (files, report) = try written("yolo", items: items, labels: labels)
        #expect(text(files["data.yaml"]).hasPrefix("path: .\ntrain: train.txt\nval: val.txt\n"))
        #expect(text(files["train.txt"]) == "./images/a.png\n")
        #expect(text(files["val.txt"]) == "./images/b.png\n")
        #expect(report.notes.contains { $0.hasPrefix("2 items have no split") })
        let again = try Reading(
            "yolo",
            files.sorted { $0.key < $1.key }.map { InputFile(name: $0.key, bytes: $0.value) },
            context: ReadContext(
                items: items.map { ItemRecord(key: "images/\($0.key)", fields: size) }))
        #expect(again.labels.count == 4)
        #expect(
            Self.splits(again) == [
                "images/a.png": "train", "images/b.png": "val", "images/c.png": "-",
                "images/d.png": "-",
            ])
        // Without splits nothing has changed.
        let plain = try written(
            "yolo", items: items.map { ItemRecord(key: $0.key, fields: size) }, labels: labels)
        #expect(text(plain.files["data.yaml"]).hasPrefix("path: .\ntrain: images\nval: images\n"))
    }

    @Test("members of data.yaml without a place are named")
    func others() throws {
        let reading = try Self.read(
            "train: images\nval: images\nlicense: mine\nnc: 1\n" + Self.pose, ["images/a.png"])
        #expect(reading.notes.map(\.why) == ["license has no place and was left out"])
    }

    private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }
}
