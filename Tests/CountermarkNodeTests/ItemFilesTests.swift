import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import Testing

@testable import CountermarkNode

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
}
