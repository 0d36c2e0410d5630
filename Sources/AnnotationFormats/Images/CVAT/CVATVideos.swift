import AnnotationModel
import LabelText

/// The videos of a reading: two files in which nothing says what was labelled must not meet on one item.
final class CVATVideos {
    /// What a file says of a video.
    struct Source {
        /// The name of its file.
        var name: String?
        /// The item's fields.
        var fields: [String: FieldValue] = ["timeUnit": .text("frame")]

        /// Notes the size of its frames.
        mutating func note(size scope: XMLTree) {
            guard let size = scope.first("original_size") else { return }
            for name in ["width", "height"] {
                if let pixels = size.value(name).flatMap({ TextNumber.whole($0) }), pixels > 0 {
                    fields[name] = .integer(pixels)
                }
            }
        }
    }

    private var files: ByteMap<String> = [:]

    /// Notes which file's tracks an item has that is called like the file.
    ///
    /// - Throws: ``FormatError`` where another file's tracks have the same.
    func claim(_ key: String, for file: FormatFile) throws {
        guard let other = files.updateValue(file.file.name, forKey: key),
            !other.hasSameBytes(as: file.file.name)
        else { return }
        throw FormatError.ambiguous(
            file: file.file.name,
            why:
                "its tracks and those of \(other) would both be of the item \"\(key.prefix(120))\": neither "
                + "file says of which video; give the folder above both, or import them one after the "
                + "other under other names")
    }
}
