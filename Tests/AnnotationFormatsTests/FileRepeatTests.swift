import AnnotationFormats
import AnnotationModel
import FormatFixtures
import Glibc
import Testing

@Suite("Files that are met twice in one reading")
final class FileRepeatTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/file-repeats-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        let removal = "find \(folder) -depth -delete"
        _ = removal.withCString { system($0) }
    }

    private func put(_ text: String, _ path: String) throws {
        let file = try #require(fopen("\(folder)/\(path)", "w"))
        fputs(text, file)
        fclose(file)
    }

    /// The items of the labels that are read, in ascending order, and how often a file is said to be another.
    private func read(_ format: String, _ names: [String]) throws -> (items: [String], notes: Int) {
        var (items, notes): ([String], Int) = ([], 0)
        let files = names.map { InputFile(path: "\(folder)/\($0)") }
        try FormatRegistry.format(named: format).read(files) { event in
            switch event {
            case .annotation(let label): items.append(label.item)
            case .note(_, let why) where why.contains("is the same f"): notes += 1
            case .skipped(_, let why), .fileRefused(_, let why): Issue.record("\(why)")
            default: break
            }
        }
        return (items.sorted(), notes)
    }

    /// The ways to name one file twice.
    private func names(_ ending: String) throws -> [[String]] {
        symlink("x\(ending)", "\(folder)/in/soft\(ending)")
        link("\(folder)/in/x\(ending)", "\(folder)/hard\(ending)")
        symlink("in", "\(folder)/alias")
        return [
            ["in/x", "in/x"], ["in/x", "in/../in/x"], ["in/x", "in/soft"], ["in/soft", "in/x"],
            ["in/x", "hard"], ["in/x", "alias/x"],
        ].map { $0.map { $0 + ending } }
    }

    @Test(
        "is read once, by a path, a link or a hard link",
        arguments: [
            "coco", "csv", "jsonl", "voc", "labelme", "label-studio", "datumaro", "cvat", "rttm",
            "tcpd",
        ])
    func once(_ format: String) throws {
        let fixture = try #require(FormatFixture.of(format))
        let output = MemoryOutput()
        _ = try FormatRegistry.format(named: format).write(
            LabelSource(items: fixture.items, annotations: fixture.active), to: output,
            options: WriteOptions())
        let (path, bytes) = try #require(output.files.sortedByKey().first { !$0.value.isEmpty })
        let ending = "." + (path.split(separator: ".").last.map(String.init) ?? "")
        mkdir(folder + "/in", 0o755)
        try put(String(decoding: bytes, as: UTF8.self), "in/x" + ending)
        let alone = try read(format, ["in/x" + ending])
        #expect(!alone.items.isEmpty && alone.notes == 0)
        for names in try names(ending) {
            let both = try read(format, names)
            #expect(both.items == alone.items, "\(names)")
            #expect(both.notes == 1, "\(names)")
        }
    }

    private static let voc =
        "<annotation><filename>b.jpg</filename><size><width>9</width><height>9</height></size><object><name>c</name>"
        + "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>"

    @Test("a folder and a file of it, and a folder twice, are read once")
    func folders() throws {
        mkdir(folder + "/v", 0o755)
        try put(Self.voc, "v/b.xml")
        symlink("v", folder + "/w")
        for names in [
            ["v", "v/b.xml"], ["v/b.xml", "v"], ["v", "v"], ["v", "w"], ["v", "w/b.xml"],
        ] {
            let (items, notes) = try read("voc", names)
            #expect(items == ["b.jpg"], "\(names)")
            #expect(notes == 1, "\(names)")
        }
    }

    @Test("two names of one file are two files where the name says which item it is of")
    func twoItems() throws {
        mkdir(folder + "/y", 0o755)
        try put("0.5\t1.5\tspeech\n", "y/a.txt")
        link(folder + "/y/a.txt", folder + "/y/b.txt")
        symlink("a.txt", folder + "/y/c.txt")
        let (items, notes) = try read("audacity", ["y"])
        #expect(items.count == 3 && Set(items).count == 3, "\(items)")
        #expect(notes == 0)
        #expect(try read("audacity", ["y", "y"]).items == items)
    }

    @Test("a map that says two things of one name is refused with both lines")
    func map() throws {
        try put("x.jpg\ta.jpg\ny.jpg\tc.jpg\nx.jpg\tb.jpg\n", "map")
        let file = InputFile(path: folder + "/map")
        let error = #expect(throws: FormatError.self) { try ItemRules.map(file) }
        #expect(
            error?.description.contains("line 3: x.jpg is b.jpg here and a.jpg in line 1") == true)
        try put("x.jpg\ta.jpg\nx.jpg\ta.jpg\n", "map")
        #expect(try ItemRules.map(file)["x.jpg"] == "a.jpg")
    }
}
