import AnnotationFormats
import AnnotationModel
import Foundation
import LabelExchange
import PlainErrors
import Testing

@Suite("A folder that is exported into again")
struct ExportFolderTests {
    private let folder: TemporaryFolder
    private let out: String
    private let dataset: DatasetID

    init() throws {
        folder = try TemporaryFolder()
        out = folder.path + "/out"
        dataset = try DatasetID("oem.example/boards")
    }

    @discardableResult
    private func export(
        _ files: [String: String], format: String = "yolo", of other: DatasetID? = nil
    ) throws -> [String] {
        let target = try ExportFolder(out, format: format, dataset: other ?? dataset)
        func write(_ output: any FormatOutput) throws {
            for (path, text) in files.sorted(by: { $0.key < $1.key }) {
                try output.begin(path)
                try output.write(Array(text.utf8))
                try output.end()
            }
        }
        try target.examine(write)
        try write(target)
        return try target.finish()
    }

    private func text(_ path: String) -> String? {
        try? String(contentsOfFile: "\(out)/\(path)", encoding: .utf8)
    }

    private func put(_ text: String, _ path: String) throws {
        let file = URL(fileURLWithPath: "\(out)/\(path)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func refused(_ file: String, _ body: () throws -> Void) {
        #expect(throws: (any Error).self) { try body() }
        do {
            try body()
        } catch {
            let plain = PlainError(error)
            #expect(plain.code == .earlierExport, "\(error)")
            #expect(plain.message.contains(file), "\(plain.message)")
        }
    }

    @Test("what this export no longer has is removed, with the folders that are empty then")
    func removed() throws {
        try export(["data.yaml": "0", "labels/a.txt": "a", "labels/deep/b.txt": "b"])
        #expect(try export(["data.yaml": "1", "labels/a.txt": "a"]) == ["labels/deep/b.txt"])
        #expect(text("labels/a.txt") == "a" && text("data.yaml") == "1")
        #expect(!FileManager.default.fileExists(atPath: out + "/labels/deep"))
        #expect(try export(["data.yaml": "1", "labels/a.txt": "a"]) == [])
    }

    @Test("a user's own files stay, also those that are called like labels")
    func own() throws {
        try export(["labels/a.txt": "a", "labels/b.txt": "b"])
        try put("mine", "labels/mine.txt")
        try put("picture", "images/a.png")
        #expect(try export(["labels/a.txt": "a"]) == ["labels/b.txt"])
        #expect(text("labels/mine.txt") == "mine" && text("images/a.png") == "picture")
    }

    @Test("a file that was changed since is named, and nothing is written")
    func changed() throws {
        try export(["labels/a.txt": "a", "labels/b.txt": "b"])
        try put("by hand", "labels/b.txt")
        refused("labels/b.txt") { try export(["labels/a.txt": "new"]) }
        #expect(text("labels/b.txt") == "by hand" && text("labels/a.txt") == "a")
        // What the export has is written as ever.
        #expect(try export(["labels/a.txt": "new", "labels/b.txt": "new"]) == [])
        #expect(text("labels/b.txt") == "new")
    }

    @Test("files of which no list tells are named where a reader would take them")
    func unknown() throws {
        try put("old", "labels/old.txt")
        refused("labels/old.txt") { try export(["data.yaml": "0", "labels/a.txt": "a"]) }
        #expect(text("data.yaml") == nil)
        for (path, kept) in [("labels/old.txt", "README.txt"), ("README.txt", "images/a.png")] {
            try? FileManager.default.removeItem(atPath: "\(out)/\(path)")
            try put("kept", kept)
        }
        try put("kept", "hyper.yaml")
        #expect(try export(["data.yaml": "0", "labels/a.txt": "a"]) == [])
        #expect(text("images/a.png") == "kept" && text("hyper.yaml") == "kept")
    }

    @Test("an export that was broken off is known to the next one")
    func brokenOff() throws {
        try export(["labels/a.txt": "a", "labels/b.txt": "b"])
        do {
            let target = try ExportFolder(out, format: "yolo", dataset: dataset)
            for path in ["labels/a.txt", "labels/c.txt"] {
                try target.begin(path)
                try target.write(Array("newer".utf8))
                try target.end()
            }
        }
        // And its last line was cut off.
        let list = out + "/.countermark-export-yolo"
        let written = try String(contentsOfFile: list, encoding: .utf8)
        try (written + "0123").write(toFile: list, atomically: false, encoding: .utf8)
        #expect(try export(["labels/a.txt": "last"]) == ["labels/b.txt", "labels/c.txt"])
        #expect(text("labels/a.txt") == "last")
    }

    @Test("the list leads nowhere else: no link, no parent, no hidden file")
    func hostile() throws {
        try export(["labels/a.txt": "a"])
        let digest = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
        try Data("a".utf8).write(to: URL(fileURLWithPath: folder.path + "/outside.txt"))
        try put("a", ".hidden")
        symlink(folder.path, out + "/linked")
        let list = out + "/.countermark-export-yolo"
        var text = try String(contentsOfFile: list, encoding: .utf8)
        for path in [
            "../outside.txt", "linked/outside.txt", ".hidden", folder.path + "/outside.txt",
        ] {
            text += "\(digest)  \(path)\n"
        }
        try text.write(toFile: list, atomically: false, encoding: .utf8)
        #expect(try export(["labels/a.txt": "a"]) == [])
        #expect(FileManager.default.fileExists(atPath: folder.path + "/outside.txt"))
        #expect(self.text(".hidden") == "a")
    }

    @Test("the export of another dataset is not written over, and other formats may lie beside it")
    func others() throws {
        try export(["labels/a.txt": "a"])
        let other = try DatasetID("oem.example/other")
        refused("oem.example/boards") { try export(["labels/b.txt": "b"], of: other) }
        #expect(try export(["a.xml": "a"], format: "voc") == [])
        #expect(try export(["labels/c.txt": "c"]) == ["labels/a.txt"])
        #expect(text("a.xml") == "a")
    }

    @Test("two exports at once do not take each other's files away")
    func atOnce() throws {
        let first = try ExportFolder(out, format: "yolo", dataset: dataset)
        #expect(throws: FormatError.isBeingWritten(path: out)) {
            try export(["labels/a.txt": "a"])
        }
        withExtendedLifetime(first) {}
    }

    @Test("nothing is written into a home, by whatever path")
    func fence() throws {
        let home = folder.path + "/home"
        for place in [home + "/keys", folder.path + "/elsewhere", out] {
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: true)
        }
        symlink(folder.path + "/elsewhere", home + "/logs")
        symlink(home, folder.path + "/link")
        symlink(home + "/keys", folder.path + "/keys")
        let fence = OutputFence(around: home)
        for inside in [
            home, home + "/", home + "/config.json", home + "/keys/node.key",
            folder.path + "/link/x/y",
            folder.path + "/out/../home/x", folder.path + "/new/../home/x", folder.path + "/keys/x",
            folder.path + "/elsewhere/x",
        ] {
            #expect(fence.holds(inside), "\(inside)")
        }
        for outside in [
            folder.path, folder.path + "/homely/x", out + "/x", "x", folder.path + "/home.json",
        ] {
            #expect(!fence.holds(outside), "\(outside)")
        }
        let target = try ExportFolder(
            folder.path, format: "labelme", dataset: dataset, fence: fence)
        #expect(throws: FormatError.isFenced(path: home)) { try target.begin("home/config.json") }
    }
}
