import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("Which files become items")
struct ItemFilesTests {
    @Test("neither the home nor what is hidden becomes an item, and that is said")
    func hidden() throws {
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        // Everything of the test, its homes too, lies in one folder.
        let folder = all.folder.path
        for name in ["pictures/a.jpg", "pictures/.secret/k.pem", "pictures/.b.jpg"] {
            let path = "\(folder)/\(name)"
            try FileManager.default.createDirectory(
                atPath: FileSystem.parent(path), withIntermediateDirectories: true)
            try Data("x".utf8).write(to: URL(fileURLWithPath: path))
        }
        let report = try node.addItems(all.dataset, ["\(folder)/pictures"], groupBy: nil)
        #expect(report.added == 1)
        #expect(report.notes.map(\.what).contains { $0.contains("hidden") })

        let home = node.home.path
        #expect(FileSystem.exists("\(home)/keys"))
        _ = try node.addItems(all.dataset, [FileSystem.parent(home)], groupBy: nil)
        var keys: [String] = []
        try node.store.forEachItem(all.dataset) { keys.append($0.key) }
        let own = FileSystem.lastComponent(home) + "/"
        #expect(!keys.contains { $0.hasPrefix(own) }, "\(keys.sorted())")
        _ = try node.addItems(all.dataset, [home], groupBy: nil)
        var again = 0
        try node.store.forEachItem(all.dataset) { _ in again += 1 }
        #expect(again == keys.count)
    }

    @Test("what is no file is refused by itself, and named among those of a folder")
    func obstacles() throws {
        let all = try Companies(["oem.example"])
        let node = try all.node("oem.example")
        let folder = "\(all.folder.path)/odd"
        try FileManager.default.createDirectory(
            atPath: "\(folder)/deep", withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/a.jpg"))
        #expect(mkfifo("\(folder)/pipe.jpg", 0o600) == 0)
        #expect(symlink("/dev/zero", "\(folder)/zero.jpg") == 0)
        #expect(symlink("nowhere", "\(folder)/lost.jpg") == 0)
        #expect(symlink("deep", "\(folder)/linked") == 0)
        let odd = "\(folder)/b".utf8.map { CChar(bitPattern: $0) } + [-1, 0x2e, 0x6a, 0]
        let file = open(odd, O_WRONLY | O_CREAT, 0o600)
        #expect(file >= 0)
        close(file)
        // No key may hold these, so they cost nothing but themselves.
        for name in ["new\nline.jpg", "tab\t.jpg", "back\\..\\x.jpg"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let report = try node.addItems(all.dataset, [folder], groupBy: nil)
        #expect(report.added == 1)
        #expect(report.notes.count { $0.what.contains("was not registered: the item's name") } == 3)
        let notes = report.notes.map(\.what)
        #expect(notes.count { $0.contains("a pipe, a socket or a device") } == 2, "\(notes)")
        #expect(notes.count { $0.contains("leads nowhere") } == 1)
        #expect(notes.count { $0.contains("not UTF-8") } == 1)
        #expect(notes.count { $0.contains("not followed") } == 1)
        for name in ["pipe.jpg", "zero.jpg", "lost.jpg", "b\u{fffd}.j"] {
            #expect {
                try node.addItems(all.dataset, ["\(folder)/\(name)"], groupBy: nil)
            } throws: {
                ($0 as? NodeError)?.code == .noFile
            }
        }
    }
}
