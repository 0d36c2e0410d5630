import AnnotationFormats
import AnnotationModel
import Testing

@Suite("Names of files that other systems cannot keep")
struct NamedOutputTests {
    private func notes(_ keys: [String]) throws -> [String] {
        let items = keys.map {
            ItemRecord(key: $0, fields: ["width": .integer(9), "height": .integer(9)])
        }
        let labels = keys.map {
            LabelRecord(
                item: $0, className: "c", selector: .box(.init(x: 1, y: 1, width: 2, height: 2)))
        }
        let (files, report) = try written("voc", items: items, labels: labels)
        #expect(files.keys.filter { $0.hasSuffix(".xml") }.count == keys.count)
        return report.notes.filter { $0.contains("Windows") }
    }

    @Test(
        "two names of one in another case are told",
        arguments: [["a/Board.png", "a/board.png"], ["s.png", "\u{17f}.png"]])
    func alike(_ keys: [String]) throws {
        let notes = try notes(keys)
        #expect(notes.count == 1 && notes[0].contains("1 files have a name that another one has"))
    }

    @Test(
        "names that Windows reserves are told",
        arguments: ["CON.png", "a/nul.1.png", "x:y.png", "folder /a.png"])
    func reserved(_ key: String) throws {
        let notes = try notes([key, "plain.png"])
        #expect(notes.count == 1 && notes[0].contains("1 files have a name that Windows cannot"))
    }

    @Test("plain names are not")
    func plain() throws {
        #expect(try notes(["a/Board 1.png", "b/Board 1.png", "console.png", "ü.png"]).isEmpty)
    }
}
