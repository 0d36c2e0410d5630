import AnnotationModel
import LabelText

/// ASAM OpenLABEL 1.0 JSON: objects seen by the streams of a scene, actions, and relations.
///
/// A scene is a file; its name is `metadata.name`, else the path without its ending, and names an item for what
/// is said of the whole scene. A stream is an item, called by its `uri`, else `SCENE/STREAM`; where a frame gives
/// a stream a `uri` of its own, that picture is an item, and all of one moment have the `group` `SCENE#FRAME`.
/// - `bbox`, `rbbox`, `cuboid` (quaternion or angles), `poly2d` and `point2d` are labels, whose class is the
///   object's type. The object is the attribute `track`. Without frames they stand as they are; in frames they
///   are tracks over frame numbers, or, on pictures of their own, one label a frame. A frame without the object
///   says that it is out of sight.
/// - An object without geometry speaks of the scene. Actions, events and contexts are intervals of frames of the scene
///   (`openlabel.kind`); OpenLABEL's last frame is included, the end of an interval is not.
/// - A tag speaks of the file that `metadata.tagged_file` names, else of the scene (`openlabel.kind` is `tag`);
///   it is read only.
/// - A relation is a relation between elements `object:UID` of the scene.
///
/// `coordinate_system` is the attribute `frame`; `boolean`, `num`, `text` and `vec` are attributes, one that
/// changes along a track is `openlabel.changes.NAME`; a `num` called `confidence` within 0...1 is the confidence.
/// The external id is the scene, `#`, and the way to the element. A file is held in memory. An export puts the items of
/// no scene into one called `scene`, and calls elements of no track `#UID`; read back, neither is said of anything.
public struct OpenLABELFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "openlabel"
    /// What a user should know before choosing it.
    public let summary = "ASAM OpenLABEL JSON; 2-D and 3-D objects over frames, actions, relations"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let framesMax: Int64 = 1 << 31
    static let geometries = ["bbox", "cuboid", "point2d", "poly2d", "rbbox"]
    static let plain = ["boolean", "num", "text", "vec"]
    static let events = ["actions": "action", "contexts": "context", "events": "event"]
    static let kind = "openlabel.kind"
    /// The kind of what is said of a whole file by the words of an ontology.
    static let tag = "tag"
    static let ontology = "openlabel.ontology"
    static let elementName = "openlabel.name"
    static let shapeName = "openlabel.shape"
    static let stream = "openlabel.stream"
    static let frameField = "openlabel.frame"
    static let scene = "openlabel.scene"
    static let changesPrefix = "openlabel.changes."
    static let track = "track"
    static let defaultScene = "scene"

    /// The uid of a track's element: the standard takes whole numbers and UUIDs only.
    ///
    /// Any other text becomes the name of the element, and its hash the uid, in the shape of a UUID of version 8.
    static func uid(track: String) -> String {
        if isUID(track) { return track }
        var digits = Array(NuScenesFormat.token(of: track))
        digits[12] = "8"
        digits[16] = "8"
        var text = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    /// The track of an element: its name, if the uid was made from it, else the uid.
    static func track(uid: String, name: String?) -> String {
        if let name, !name.isEmpty, !isUID(name), self.uid(track: name) == uid { return name }
        return uid
    }

    private static func isUID(_ text: String) -> Bool {
        let number = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        if !number.isEmpty, number.allSatisfy({ (0x30...0x39).contains($0) }) { return true }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
            && parts.allSatisfy {
                $0.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20)
                }
            }
    }

    /// The format.
    public init() {}

    /// Reads files and hands over what they hold.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        try FileTree.forEach(files, where: { FileTree.ending($0) == "json" }, into: sink) {
            file, sink in
            count += 1
            let tree = try JSONFile.tree(file.file)
            guard let root = tree["openlabel"], case .object = root else {
                throw FormatError.structure(
                    file: file.file.name, path: "openlabel",
                    why: "missing; an OpenLABEL file is an object with that member")
            }
            var reader = OpenLABELReader(file: file, root: root, finder: finder)
            try reader.read(into: sink)
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give .json files") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var writer = OpenLABELWriter(output: output)
        return try writer.write(source)
    }
}

extension JSONValue {
    /// The members of an object by ascending name; none for other values.
    var members: [(key: String, value: JSONValue)] {
        guard case .object(let members) = self else { return [] }
        return members.sortedByKey()
    }
}
