import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("Sidecars")
struct SidecarTests {
    /// Formats of our own carry everything and get no sidecar.
    static let formats = FormatRegistry.all.map(\.name).filter { $0 != "csv" && $0 != "jsonl" }
    static let classes = [ClassRecord(name: "scratch", parent: "defect")]

    static func export(_ format: String) throws -> (files: [InputFile], sidecar: InputFile) {
        let output = MemoryOutput()
        _ = try FormatRegistry.format(named: format).write(
            LabelSource(
                classes: classes, items: FormatCorpus.items, annotations: FormatCorpus.labels),
            to: output, options: WriteOptions(writesSidecar: true))
        let files = output.files.sorted { $0.key < $1.key }
            .map { InputFile(name: $0.key, bytes: $0.value) }
        return (
            files,
            InputFile(name: "out.countermark.jsonl", bytes: try #require(output.sidecarBytes))
        )
    }

    @Test("with its sidecar every format comes back without loss", arguments: formats)
    func lossless(_ format: String) throws {
        if FormatCorpus.readOnly.contains(format) { return }
        let (files, sidecar) = try Self.export(format)
        let reading = try Reading(
            format, files + [sidecar], context: ReadContext(items: FormatCorpus.items))
        #expect(reading.items == FormatCorpus.items)
        #expect(reading.classes == Self.classes)
        let byID = { (labels: [LabelRecord]) in
            labels.sorted { $0.externalID ?? "" < $1.externalID ?? "" }
        }
        #expect(byID(reading.labels) == byID(FormatCorpus.labels))
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
    }

    @Test("a file that was edited since is right, and what did not change keeps its identity")
    func edited() throws {
        let (files, sidecar) = try Self.export("voc-zero")
        let file = try #require(files.first { $0.name.hasSuffix("a.xml") })
        let text = String(decoding: file.bytes, as: UTF8.self)
        let changed = text.split(separator: "<xmin>10</xmin>", omittingEmptySubsequences: false)
            .joined(separator: "<xmin>11</xmin>")
        #expect(changed != text)
        let reading = try Reading(
            "voc-zero", [InputFile(name: file.name, bytes: Array(changed.utf8)), sidecar])
        #expect(reading.notes.count == 1)
        let box = try #require(
            reading.labels.first { $0.selector == .box(.init(x: 11, y: 20, width: 29, height: 40)) }
        )
        #expect(box.provenance?.id == "oem.example:0.0")
        #expect(
            !reading.labels.contains {
                $0.selector == .box(.init(x: 10, y: 20, width: 30, height: 40))
            })
        // What VOC could not carry at all was not in the file, so nobody can have removed it there.
        #expect(reading.labels.contains { $0.externalID == "ext-9" })
    }

    @Test("on disk it lies beside the output and is found there")
    func disk() throws {
        let folder = "/tmp/countermark-sidecar-\(UInt64.random(in: 0 ... .max))"
        let source = LabelSource(items: FormatCorpus.items, annotations: FormatCorpus.labels)
        let format = try FormatRegistry.format(named: "yolo")
        _ = try format.write(
            source, to: try DiskOutput(folder: folder), options: WriteOptions(writesSidecar: true))
        #expect(FileSystem.exists(folder + ".countermark.jsonl"))
        #expect(FileSystem.exists(folder + "/labels/a.txt"))
        let reading = try Reading("yolo", [InputFile(path: folder + "/")])
        #expect(reading.labels.count == FormatCorpus.labels.count)
        #expect(reading.notes.isEmpty)
        let file = folder + "/out.xml"
        let cvat = try FormatRegistry.format(named: "cvat")
        _ = try cvat.write(
            source, to: DiskOutput(file: file), options: WriteOptions(writesSidecar: true))
        #expect(
            try Reading("cvat", [InputFile(path: file)]).labels.count == FormatCorpus.labels.count)
    }

    @Test("a damaged sidecar is an error or a skip")
    func damaged() throws {
        let (files, sidecar) = try Self.export("voc")
        for end in stride(from: 0, to: sidecar.bytes.count, by: 7) {
            let cut = InputFile(name: sidecar.name, bytes: Array(sidecar.bytes[..<end]))
            do {
                _ = try Reading("voc", files + [cut])
            } catch is FormatError {}
        }
        let garbage = InputFile(name: sidecar.name, bytes: Array("{\"place\":3}\n".utf8))
        #expect(throws: FormatError.self) { _ = try Reading("voc", files + [garbage]) }
    }
}
