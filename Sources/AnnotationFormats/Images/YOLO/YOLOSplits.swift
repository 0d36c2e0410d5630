import AnnotationModel
import LabelText

/// What the pictures of a YOLO data set are for: folders or lists of pictures in `data.yaml`.
///
/// A picture's place decides: it belongs to the split whose folder is the deepest around it. Where two splits name
/// the same folder, its pictures belong to neither.
struct YOLOSplits {
    /// The splits in the order of `data.yaml`.
    static let names = ["train", "val", "test"]
    /// The most pictures that a list names.
    private static let listedMax = 1 << 24

    /// The folder of `data.yaml`.
    var folder = ""
    private var base = ""
    private var places: [(split: String, path: String)] = []
    private var splitByStem: ByteMap<String> = [:]

    init() {}

    /// What a `data.yaml` says.
    init(_ root: JSONValue) {
        base = root["path"]?.string ?? ""
        guard case .object(let members) = root else { return }
        for (member, value) in members.sortedByKey() {
            guard let split = Self.name(of: member) else { continue }
            for path in [value.string].compactMap({ $0 }) + (value.array ?? []).compactMap(\.string)
            {
                places.append((split, path))
            }
        }
    }

    /// The split that a member of `data.yaml`, a list of pictures or another program means.
    static func name(of text: String) -> String? {
        switch text.lowercased() {
        case "train", "training": "train"
        case "val", "valid", "validation": "val"
        case "test", "testing": "test"
        default: nil
        }
    }

    /// Whether `data.yaml` calls a file a list of pictures.
    func isList(_ path: String) -> Bool {
        let name = FileSystem.lastComponent(path)
        return places.contains {
            FileTree.ending($0.path) == "txt"
                && FileSystem.lastComponent($0.path).hasSameBytes(as: name)
        }
    }

    /// Reads a list of pictures, one path a line; one that no split names says by its own name what it is.
    mutating func add(list file: FormatFile) throws {
        let name = file.file.name
        let named = places.first { place in
            candidates(place.path).contains { $0.elementsEqual(Self.parts(name)) }
        }
        guard let split = named?.split ?? Self.name(of: file.bareStem) else { return }
        try file.file.forEachLine { text, lines in
            let path = XMLTree.trim(String(text))
            guard !path.isEmpty, !path.hasPrefix("#") else { return }
            guard splitByStem.count < Self.listedMax else {
                throw FormatError.text(
                    file: name, line: lines.line,
                    why: "more than \(Self.listedMax) pictures; split the list")
            }
            let stem = FileTree.stem(path)
            splitByStem[Self.joined(Self.parts(stem))] = split
            if !stem.hasPrefix("/") {
                splitByStem[
                    Self.joined(Self.parts(FileSystem.join(FileSystem.parent(name), stem)))] =
                    split
            }
        }
    }

    /// The split of a picture by its path without the ending; nil where nothing or more than one is said.
    func split(of stem: String) -> String? {
        let parts = Self.parts(stem)
        for start in parts.indices {
            // A list names pictures as seen from the data set, which may lie anywhere.
            if let split = splitByStem[Self.joined(Array(parts[start...]))] { return split }
        }
        var best: (depth: Int, split: String?) = (-1, nil)
        for place in places {
            let folders = candidates(place.path).filter { parts.dropLast().starts(with: $0) }
            guard let depth = folders.map(\.count).max(), depth >= best.depth else { continue }
            if depth > best.depth {
                best = (depth, place.split)
            } else if best.split != place.split {
                best.split = nil
            }
        }
        return best.split
    }

    /// The folders that a path in `data.yaml` may mean: below `path`, beside the file, or, as programs read
    /// `../train/images`, below the file's own folder.
    private func candidates(_ path: String) -> [[Substring]] {
        let own = Self.parts(folder)
        let (inner, base) = (Self.parts(path), Self.parts(base))
        let bare = inner.drop { $0 == ".." }
        if path.hasPrefix("/") {
            // The data set was moved since: what the path ends in is looked for below the file's folder.
            return [inner] + inner.indices.map { own + inner[$0...] }
        }
        return [
            own + base + inner, own + inner, own + bare, base + inner,
        ].map(Self.resolved)
    }

    private static func parts(_ path: String) -> [Substring] {
        path.split { $0 == "/" || $0 == "\\" }.filter { $0 != "." }
    }

    private static func resolved(_ parts: [Substring]) -> [Substring] {
        var found: [Substring] = []
        for part in parts {
            if part == "..", let last = found.last, last != ".." {
                found.removeLast()
            } else {
                found.append(part)
            }
        }
        return found
    }

    private static func joined(_ parts: [Substring]) -> String { parts.joined(separator: "/") }
}

/// What `data.yaml` says of the pictures that were written, and the lists that this needs.
struct YOLOSplitWriter {
    private var imagesBySplit: [String: [String]] = [:]
    private var unsplit: [String] = []

    /// Notes a picture whose labels were written.
    mutating func add(_ image: String, split: String?) {
        if let split = split.flatMap(YOLOSplits.name(of:)) {
            imagesBySplit[split, default: []].append(image)
        } else {
            unsplit.append(image)
        }
    }

    /// The lines of `data.yaml`, and the lists by their names: a split that has a folder of its own is that folder.
    func lines() -> (text: String, lists: [(name: String, images: [String])]) {
        guard !imagesBySplit.isEmpty else { return ("train: images\nval: images\n", []) }
        var (text, lists) = ("", [(name: String, images: [String])]())
        for split in YOLOSplits.names {
            guard let images = imagesBySplit[split] else {
                // Training asks for both, be it that there is nothing.
                if split != "test" { text += "\(split):\n" }
                continue
            }
            let others = unsplit + imagesBySplit.filter { $0.key != split }.flatMap(\.value)
            let folder = Self.folder(around: images)
            if !folder.isEmpty, !others.contains(where: { $0.hasPrefix(folder + "/") }) {
                text += "\(split): \(Self.scalar(folder))\n"
            } else {
                text += "\(split): \(split).txt\n"
                lists.append(("\(split).txt", images))
            }
        }
        return (text, lists)
    }

    /// What a person should know of pictures that are in no split.
    var note: String? {
        imagesBySplit.isEmpty || unsplit.isEmpty
            ? nil : "\(unsplit.count) items have no split; data.yaml does not name them"
    }

    private static func folder(around images: [String]) -> String {
        var common: [Substring]?
        for image in images {
            let parts = Array(image.split(separator: "/").dropLast())
            guard let known = common else {
                common = parts
                continue
            }
            common = zip(known, parts).prefix { $0 == $1 }.map(\.0)
        }
        return (common ?? []).joined(separator: "/")
    }

    /// A path as YAML has it; quoted where it could be taken for something else.
    private static func scalar(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
                || [0x2d, 0x2e, 0x2f, 0x5f].contains(byte)
        }
        return isPlain ? path : JSONValue.string(path).text
    }
}
