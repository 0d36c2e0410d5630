import AnnotationModel
import LabelText

/// By what readings know what a file says.
extension OpenLABELFormat {
    /// The name of an element of no track: the standard wants one, and the uid is a number that the export made up.
    static func madeUpName(_ uid: String) -> String { "#" + uid }

    /// Whether an element has such a name.
    static func isMadeUp(_ name: String) -> Bool {
        name.hasPrefix("#") && name.count > 1
            && name.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }

    /// The external id of a geometry.
    static func externalID(
        _ scene: String, uid: String, kind: String, name: String, stream: String, frame: Int64?
    ) -> String {
        id(scene, "object", uid, "/\(kind)/\(name)/\(stream)" + (frame.map { "@\($0)" } ?? ""))
    }

    /// The external id of what an element says: the way to it, or, for one that an export made up, its number.
    static func id(
        _ scene: String, _ kind: String, _ element: String, _ way: String = ""
    ) -> String {
        isMadeUp(element) ? scene + element : "\(scene)#\(kind)/\(element)\(way)"
    }

    /// What stands behind a name that as many others have already: some apostrophes, or their number.
    static func mark(_ count: Int) -> String {
        count <= 3 ? String(repeating: "'", count: count) : "'\(count)"
    }

    /// External ids of which each is given once.
    struct GivenIDs {
        private var given: ByteSet = []
        /// How often an id was asked for.
        private var asked: ByteMap<Int> = [:]

        func contains(_ id: String) -> Bool { given.contains(id) }

        /// An id that no other label of the object has.
        mutating func unique(_ id: String) -> String {
            var count = asked[id] ?? 0
            while !given.insert(id + mark(count)).inserted { count += 1 }
            asked[id] = count + 1
            return id + mark(count)
        }
    }
}
