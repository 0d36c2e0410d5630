import AnnotationModel
import FormatFixtures
import LabelText
import Testing

@testable import AnnotationFormats

/// Items of others whose keys lead to the files of honest ones, in every format that is written.
@Suite("Names of items in exports")
struct ItemNameTests {
    static let writers = FormatRegistry.all.map(\.name).filter {
        !FormatMatrixTests.readOnly.contains($0)
    }

    /// Keys that somebody chooses for the sake of another item's file.
    static func hostile(_ key: String) -> [String] {
        let (stem, ending) = (FileTree.stem(key), FileTree.ending(key))
        let name = FileSystem.lastComponent(key)
        let folder = FileSystem.parent(key)
        let long = String(repeating: "x", count: 1_000 - ending.utf8.count) + "." + ending
        return [
            "../" + key, "./" + key, "x/../" + key, "/" + key, "//" + key, ".hidden." + ending,
            key + "/", FileSystem.join(folder, "." + name), FileSystem.join(folder + "/", name),
            FileSystem.join(folder, long), long, stem, key.uppercased(), stem + "." + ending + "x",
            key + ".partial", key + "\u{0}", stem + "e\u{301}." + ending,
            stem + "\u{e9}." + ending, stem + "\u{fffe}." + ending, stem + "\u{fffd}." + ending,
            "labels.txt/" + name, "data.yaml/images/" + name, "panoptic.json/" + name,
        ]
            + ["jpg", "png", "wav", "mp3", "csv", "json", "txt", "pcd", "bin"].map {
                "\(stem).\($0)"
            }
            + ["txt", "json", "xml", "ann", "vtt", "TextGrid", "png", "sdf"].flatMap {
                ["\(stem).\($0)/\(name)", "\(key).\($0)/\(name)"]
            }
    }

    /// An honest dataset with a copy of each item and its labels under each hostile key.
    static func attacked(_ fixture: FormatFixture) -> FormatFixture {
        var all = fixture
        var known = ByteSet(fixture.items.map(\.key))
        for item in fixture.items {
            for key in hostile(item.key) where known.insert(key).inserted {
                all.items.append(ItemRecord(key: key, fields: item.fields))
                for var label in fixture.labels where label.item == item.key {
                    label.item = key
                    label.externalID = label.externalID.map { "\($0)-\(all.labels.count)" }
                    all.labels.append(label)
                }
            }
        }
        return all
    }

    static func counts(_ labels: [LabelRecord]) -> ByteMap<Int> {
        var counts: ByteMap<Int> = [:]
        for label in labels { counts[label.item, default: 0] += 1 }
        return counts
    }

    private static func export(
        _ format: String, _ fixture: FormatFixture
    ) throws -> (files: [InputFile], leftOut: ByteSet) {
        let output = StrictOutput()
        let report = try FormatRegistry.format(named: format).write(
            LabelSource(items: fixture.items, annotations: fixture.labels), to: output,
            options: WriteOptions())
        let files = output.memory.files.sortedByKey().map {
            InputFile(name: $0.key, bytes: $0.value)
        }
        return (files, ByteSet(report.leftOut.map(\.item)))
    }

    /// How many labels each item has when an export is read again.
    private static func labels(
        _ format: String, _ files: [InputFile], _ fixture: FormatFixture
    ) throws -> ByteMap<Int> {
        counts(try Reading(format, files, context: ReadContext(items: fixture.items)).labels)
    }

    @Test("a hostile key takes nobody's file, and whoever gets none is named", arguments: writers)
    func formats(format: String) throws {
        let fixture = try #require(FormatFixture.of(format))
        let attacked = Self.attacked(fixture)
        let before = try Self.labels(format, Self.export(format, fixture).files, fixture)
        let (files, leftOut) = try Self.export(format, attacked)
        let after = try Self.labels(format, files, attacked)
        for item in fixture.items {
            let (own, now) = (before[item.key] ?? 0, after[item.key] ?? 0)
            #expect(
                now == own || now == 0 && leftOut.contains(item.key),
                "\(item.key) had \(own) labels and has \(now)")
        }
    }

    @Test("who keeps a name does not depend on the order of the items", arguments: writers)
    func order(format: String) throws {
        let attacked = Self.attacked(try #require(FormatFixture.of(format)))
        var turned = attacked
        turned.items.reverse()
        #expect(try Self.export(format, attacked).leftOut == Self.export(format, turned).leftOut)
    }

    @Test("nobody's place depends on how many ask for it, and all of them are named")
    func all() throws {
        let keys = (0..<300).map { "img/1.e\($0)" }
        let items = keys.map { ItemRecord(key: $0, fields: [:]) }
        let labels = keys.map {
            LabelRecord(
                item: $0, className: "a", selector: .box(.init(x: 0, y: 0, width: 1, height: 1)))
        }
        let (files, report) = try written("voc", items: items, labels: labels)
        #expect(files.keys == ["Annotations/img/1.xml"])
        #expect(
            report.leftOut.map(\.item).sortedByBytes()
                == keys.sortedByBytes().dropFirst().map { $0 })
        #expect(report.items == 1 && report.annotations == 1 && report.skipped == 2 * 299)
        #expect(report.leftOut.first?.why.contains("img/1.e0") == true)
    }

    @Test("the limits of a file's path are told apart at their edges")
    func edges() {
        let longest = FileName.partBytesMax - FileName.unfinishedEnding.utf8.count
        #expect(FileName.problem(String(repeating: "x", count: longest)) == nil)
        #expect(FileName.problem(String(repeating: "x", count: longest + 1)) != nil)
        #expect(FileName.problem("a/b c/ä.xml") == nil)
        for path in ["", "a//b", "a/", "./a", "a/.b", "..", "a/../b", "/a", "a.partial", "a\u{7}"] {
            #expect(FileName.problem(path) != nil, "\(path)")
        }
    }
}

/// An output that no honest file system could be: it ends at a name that was there before, or that another
/// one lies in.
final class StrictOutput: FormatOutput {
    struct Clash: Error {
        var path: String
    }

    let memory = MemoryOutput()

    func begin(_ path: String) throws {
        let clashes = memory.files.keys.contains {
            $0.hasSameBytes(as: path) || $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/")
        }
        if clashes || FileName.problem(path) != nil { throw Clash(path: path) }
        memory.begin(path)
    }

    func write(_ bytes: [UInt8]) { memory.write(bytes) }
    func end() { memory.end() }
}
