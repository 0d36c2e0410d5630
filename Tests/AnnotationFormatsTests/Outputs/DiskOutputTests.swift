import AnnotationFormats
import Glibc
import LabelText
import Testing

@Suite("Files that an export writes")
final class DiskOutputTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/disk-output-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        try write("precious", to: folder + "/target")
        mkdir(folder + "/out", 0o755)
    }

    deinit {
        let removal = "find \(folder) -depth -delete"
        _ = removal.withCString { system($0) }
    }

    private func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    private func text(_ path: String) throws -> String {
        try InputFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }
    }

    private func export(_ output: DiskOutput, _ name: String, _ text: String = "new") throws {
        try output.begin(name)
        try output.write(Array(text.utf8))
        try output.end()
    }

    @Test(
        "nothing is written through a link",
        arguments: ["file", "file.partial", "out/a/b.xml", "out/a/b.xml.partial", "out/a"])
    func links(place: String) throws {
        let isFolder = place == "out/a"
        mkdir(folder + "/out/a", 0o755)
        if isFolder { rmdir(folder + "/out/a") }
        symlink(isFolder ? folder : folder + "/target", "\(folder)/\(place)")
        let output =
            place.hasPrefix("out")
            ? try DiskOutput(folder: folder + "/out") : DiskOutput(file: folder + "/file")
        let error = #expect(throws: FormatError.self) { try export(output, "a/b.xml") }
        #expect(error == .isLink(path: "\(folder)/\(place)"))
        #expect(try text(folder + "/target") == "precious")
        #expect(!FileSystem.exists(folder + "/b.xml"))
    }

    @Test("an output folder may be a link that the user names, and so may the folders above a file")
    func chosen() throws {
        symlink(folder + "/out", folder + "/link")
        try export(try DiskOutput(folder: folder + "/link"), "a/b.xml")
        try export(DiskOutput(file: folder + "/link/c.json"), "")
        #expect(try text(folder + "/out/a/b.xml") == "new")
        #expect(try text(folder + "/out/c.json") == "new")
    }

    @Test("a plain file is replaced, anything else is not")
    func places() throws {
        try export(DiskOutput(file: folder + "/target"), "")
        #expect(try text(folder + "/target") == "new")
        mkfifo(folder + "/fifo", 0o600)
        for place in ["fifo", "out"] {
            #expect(throws: FormatError.notAFile(path: "\(folder)/\(place)")) {
                try self.export(DiskOutput(file: "\(self.folder)/\(place)"), "")
            }
        }
        #expect(throws: FormatError.notAFile(path: folder + "/new/")) {
            try self.export(DiskOutput(file: self.folder + "/new/"), "")
        }
    }

    @Test("what a dead export left is taken away, what another is writing is not")
    func unfinished() throws {
        try write("half", to: folder + "/x.partial")
        try export(DiskOutput(file: folder + "/x"), "", "whole")
        #expect(try text(folder + "/x") == "whole")
        let first = DiskOutput(file: folder + "/x")
        try first.begin("")
        try first.write(Array("first".utf8))
        #expect(throws: FormatError.isBeingWritten(path: folder + "/x")) {
            try self.export(DiskOutput(file: self.folder + "/x"), "", "second")
        }
        try first.end()
        #expect(try text(folder + "/x") == "first")
        #expect(!FileSystem.exists(folder + "/x.partial"))
    }

    @Test("a hard link at the place of the unfinished file leads nowhere")
    func hardLink() throws {
        link(folder + "/target", folder + "/x.partial")
        try export(DiskOutput(file: folder + "/x"), "")
        #expect(try text(folder + "/target") == "precious" && text(folder + "/x") == "new")
    }

    @Test("no file of an export is written twice")
    func twice() throws {
        let output = try DiskOutput(folder: folder + "/out")
        try export(output, "a.xml")
        #expect(throws: FormatError.isSameFile(path: folder + "/out/a.xml")) {
            try self.export(output, "a.xml")
        }
        try export(output, "A.xml")
        #expect(try FileSystem.names(in: folder + "/out") == ["A.xml", "a.xml"])
    }

    @Test("names of one look and other bytes are two files")
    func bytes() throws {
        let output = try DiskOutput(folder: folder + "/out")
        try export(output, "\u{e9}.xml", "1")
        try export(output, "e\u{301}.xml", "2")
        #expect(try FileSystem.names(in: folder + "/out").count == 2)
    }

    @Test("a file for its owner alone is that from the first byte on")
    func mode() throws {
        let output = DiskOutput(file: folder + "/secret", mode: 0o600)
        try output.begin("")
        var status = stat()
        #expect(lstat(folder + "/secret.partial", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        try output.end()
    }
}
