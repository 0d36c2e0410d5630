import AnnotationModel
import LabelText

/// The classes of a YOLO data set: from `data.yaml`, or a text file with one name a line.
struct YOLOClasses {
    static let namesMax = 65_536
    var names: [String] = []
    /// The number of keypoints, and of figures for each; from `kpt_shape`.
    var keypointShape: (count: Int, figures: Int)?
    /// Which point a point becomes in a mirrored picture; from `flip_idx`.
    var flips: [Int64] = []
    /// Which pictures are for what; from `train`, `val` and `test`.
    var splits = YOLOSplits()
    /// Members of `data.yaml` that nothing is made of.
    var others: [String] = []

    /// Members that are read, or that say no more than what is read.
    private static let known: ByteSet = ["names", "nc", "kpt_shape", "flip_idx", "path"]

    static func isClassFile(_ path: String) -> Bool {
        let name = FileSystem.lastComponent(path).lowercased()
        return name == "classes.txt" || name.hasSuffix(".names") || name.hasSuffix(".yaml")
            || name.hasSuffix(".yml")
    }

    /// Reads a file of either kind; nil for a YAML file that names no classes.
    static func read(_ file: FormatFile) throws -> YOLOClasses? {
        let text = try file.file.smallText(bytesMax: 1 << 22)
        var classes = YOLOClasses()
        if ["yaml", "yml"].contains(FileTree.ending(file.path)) {
            guard try classes.readYAML(text, file: file.file.name) else { return nil }
            classes.splits.folder = FileSystem.parent(file.file.name)
        } else {
            let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
            classes.names = lines.map { XMLTree.trim(String($0)) }
            while classes.names.last == "" { classes.names.removeLast() }
        }
        try classes.check(file.file.name)
        return classes
    }

    private func check(_ file: String) throws {
        guard names.count <= Self.namesMax, Set(names).count == names.count,
            names.allSatisfy({ !$0.isEmpty && $0.utf8.count <= RecordRule.nameBytesMax })
        else {
            throw FormatError.structure(
                file: file, path: "names",
                why: "a class has no name, a very long one, or that of another class; "
                    + "indices would then mean something else")
        }
    }

    // MARK: data.yaml

    private mutating func readYAML(_ text: String, file: String) throws -> Bool {
        let root: JSONValue
        do throws(YAMLText.Problem) {
            root = try YAMLText.parse(text)
        } catch {
            throw FormatError.text(file: file, line: error.line, why: error.why)
        }
        func bad(_ path: String, _ why: String) -> FormatError {
            .structure(file: file, path: path, why: why)
        }
        if let shape = root["kpt_shape"] {
            let figures = (shape.array ?? []).compactMap { $0.string.flatMap { Int($0) } }
            guard figures.count == 2, (1...1_000).contains(figures[0]),
                (2...3).contains(figures[1])
            else { throw bad("kpt_shape", "it is [number of points, 2 or 3]") }
            keypointShape = (figures[0], figures[1])
        }
        flips = (root["flip_idx"]?.array ?? []).compactMap { $0.string.flatMap { Int64($0) } }
        splits = YOLOSplits(root)
        if case .object(let members) = root {
            others = members.filter {
                !Self.known.contains($0.key) && YOLOSplits.name(of: $0.key) == nil
                    && $0.value != .null
            }.map(\.key).sortedByBytes()
        }
        switch root["names"] {
        case .array(let list)?: names = list.map { $0.string ?? "" }
        case .object(let members)?:
            var byIndex: [Int: String] = [:]
            for (key, value) in members {
                guard let number = Int(key), (0..<Self.namesMax).contains(number),
                    byIndex.updateValue(value.string ?? "", forKey: number) == nil
                else {
                    throw bad("names", "a class is written \"- name\" or \"0: name\", each once")
                }
            }
            names = []
            for index in 0..<byIndex.count {
                guard let name = byIndex[index] else {
                    throw bad("names", "no class has the index \(index)")
                }
                names.append(name)
            }
        // No class at all: every picture was looked at and is empty.
        case .null?: names = []
        case nil: return false
        default: throw bad("names", "a list of names, or numbers with names")
        }
        return true
    }
}
