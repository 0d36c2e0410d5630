import AnnotationModel
import LabelText

/// Cuboids in nuScenes' tables: JSON arrays joined by tokens.
///
/// Read are `sample_annotation.json`, `instance.json`, `category.json` and, where they are, `sample.json`,
/// `sample_data.json`, `attribute.json`, `visibility.json`. The recordings of a moment become items whose `group`
/// is the sample's token; its cuboids speak of the LiDAR cloud among them, or of the item `samples/TOKEN` where
/// there is none. They are in the global frame, which the attribute `frame` = `global` says. `size` is width,
/// length, height in the file; inside it is length, width, height. The instance, which is the object over time,
/// is the attribute `track`; others are `nuscenes.attributes`, `nuscenes.visibility`, `num_lidar_pts` and
/// `num_radar_pts`. The external id is the annotation's token.
public struct NuScenesFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "nuscenes"
    /// What a user should know before choosing it.
    public let summary = "nuScenes-like JSON tables; cuboids in the global frame, with tracks"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let frame = "global"
    static let track = "track"
    static let attributes = "nuscenes.attributes"
    static let visibility = "nuscenes.visibility"
    static let token = "nuscenes.token"
    static let scene = "nuscenes.scene"
    static let timestamp = "nuscenes.timestamp"
    static let counts = ["num_lidar_pts", "num_radar_pts"]
    static let tables = [
        "sample_annotation", "instance", "category", "sample", "sample_data", "attribute",
        "visibility",
    ]

    /// The format.
    public init() {}

    /// Reads files and hands over what they hold.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        var tables: ByteMap<ByteMap<InputFile>> = [:]
        let isTable = { (path: String) in
            FileTree.ending(path) == "json"
                && Self.tables.contains(FileTree.stem(FileSystem.lastComponent(path)))
        }
        try FileTree.forEach(files, where: isTable) { file in
            tables[file.parent, default: [:]][file.bareStem] = file.file
        }
        let finder = ItemFinder(context)
        let complete = tables.filter { $0.value["sample_annotation"] != nil }
        if complete.isEmpty {
            throw FormatError.noInput(
                format: name, wants: "give the folder with sample_annotation.json")
        }
        for (_, files) in complete.sorted(by: { ByteKey($0.key) < ByteKey($1.key) }) {
            var reader = NuScenesReader(files: files, finder: finder)
            try reader.read(into: sink)
        }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = NuScenesWriter(output: output)
        return try writer.write(source)
    }

    /// A token of 32 hexadecimal digits that a text always gives.
    static func token(of text: String) -> String {
        let halves = ["1:" + text, "2:" + text].map { half in
            let digits = String(Sidecar.Fingerprint.of(half.utf8).hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return halves.joined()
    }

    static func isToken(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Whether a cloud is the scan of a lidar, by its name.
    static func isLidar(_ key: String) -> Bool { key.lowercased().contains("lidar") }

    /// Whether an item is a cloud, by its name.
    static func isCloud(_ key: String) -> Bool {
        ["pcd", "bin", "las"].contains(FileTree.ending(key))
    }
}
