import Foundation
import LabelDocuments
import Testing

/// The bytes of each document, which scripts of others read: no member may change its name, its type, its place
/// or whether it is there.
@Suite("Documents")
struct GoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let golden = folder.appendingPathComponent("Golden")
    private static let sources = folder.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources/LabelDocuments")

    @Test("have the bytes that they had", arguments: Example.all.map(\.name))
    func bytes(_ name: String) throws {
        let example = try #require(Example.all.first { $0.name == name })
        let file = Self.golden.appendingPathComponent("\(name).json")
        let text = try DocumentEncoder.text(example.document) + "\n"
        #expect(try text == String(contentsOf: file, encoding: .utf8))
    }

    @Test("have an example each, and each example a file of its own")
    func completeness() throws {
        var documents: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(
            at: Self.sources, includingPropertiesForKeys: nil)
        {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /(?m)^public (?:struct|enum) (\w+)[^{]*\bDocument\b/) {
                documents.insert(String(match.1))
            }
        }
        let examples = Set(Example.all.map { "\(type(of: $0.document))" })
        #expect(documents == examples)
        #expect(documents.count > 60)
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.golden.path)
        #expect(files.sorted() == Example.all.map { "\($0.name).json" }.sorted())
    }
}
