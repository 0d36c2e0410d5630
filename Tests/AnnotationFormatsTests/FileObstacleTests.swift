import AnnotationModel
import Foundation
import LabelText
import Testing

@testable import AnnotationFormats

@Suite("What is no file is named, and keeps nobody waiting")
struct FileObstacleTests {
    private static func folder() throws -> String {
        let path = NSTemporaryDirectory() + "obstacle-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func refusal(_ path: String) -> String? {
        do {
            _ = try Reading("coco", [InputFile(path: path)])
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("pipes, devices, links to nowhere and names that are no text")
    func kinds() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(mkfifo(folder + "/pipe", 0o600) == 0)
        #expect(symlink("/dev/zero", folder + "/zero") == 0)
        #expect(symlink("nowhere", folder + "/lost") == 0)
        #expect(refusal(folder + "/pipe")?.contains("it is a pipe, a socket or a device") == true)
        #expect(refusal(folder + "/zero")?.contains("it is a pipe, a socket or a device") == true)
        #expect(refusal(folder + "/lost")?.contains("a link that leads nowhere") == true)
        #expect(refusal(folder + "/b\u{fffd}.json")?.contains("its name is not UTF-8") == true)
        #expect(refusal(folder + "/none.json")?.contains("check the path") == true)
        #expect(FileObstacle.at(folder) == nil)
    }

    @Test("in a folder they are named, and the others go on")
    func folders() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let text = "<annotation><filename>a.jpg</filename></annotation>"
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/a.xml"))
        #expect(mkfifo(folder + "/b.xml", 0o600) == 0)
        let odd =
            folder.utf8.map { CChar(bitPattern: $0) } + [0x2f, 0x63, -1, 0x2e, 0x78, 0x6d, 0x6c, 0]
        let file = open(odd, O_WRONLY | O_CREAT, 0o600)
        #expect(file >= 0)
        close(file)
        let reading = try Reading("voc", [InputFile(path: folder)])
        #expect(reading.items.map(\.key) == ["a.jpg"])
        #expect(reading.refused.count == 2)
        #expect(reading.refused.contains { $0.why.contains("a pipe") })
        #expect(reading.refused.contains { $0.why.contains("not UTF-8") })
    }
}
