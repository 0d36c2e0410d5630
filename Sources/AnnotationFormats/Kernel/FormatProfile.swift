import AnnotationModel

/// What the files of one format carry: data, which the engines and the tests read alike.
public struct FormatProfile: Hashable, Sendable {
    /// What a file says of an item without labels.
    public enum EmptyItems: Hashable, Sendable {
        /// That somebody looked: only examined items have a place without labels.
        case examined
        /// That there is nothing on it, since all items are listed: one that nobody examined must not be.
        case listed
        /// Nothing: an examined item without labels has no place.
        case unsaid
    }

    /// What a file says of classes besides those of its labels.
    public enum Classes: Hashable, Sendable {
        /// Nothing.
        case none
        /// A list, in whose order the classes are numbered.
        case list
        /// A list with numbers that a program chose.
        case numbers
    }

    /// What becomes of an object of several polygons.
    public enum Parts: Hashable, Sendable {
        /// It is written as it is, or the format has no polygons.
        case kept
        /// One polygon a part; the attribute says which belong together.
        case grouped(by: String)
        /// One polygon, its parts joined by lines of no width.
        case joined
        /// A bitmap.
        case bitmap
    }

    /// What becomes of a kind of selector.
    public enum Shape: Hashable, Sendable {
        /// It comes back.
        case kept
        /// It comes back as another shape: a polygon, the box around it, one for each frame.
        case poorer
    }

    /// What a file says of an item without labels.
    public var emptyItems = EmptyItems.unsaid
    /// What a file says of classes.
    public var classes = Classes.none
    /// What becomes of an object of several polygons.
    public var parts = Parts.kept
    /// True if holes of polygons are kept as such.
    public var keepsHoles = false
    /// What becomes of each kind of selector; one that is missing has no place.
    public var shapes: [Selector.Kind: Shape] = [:]
    /// True if the confidence has a place.
    public var keepsConfidence = false
    /// True if the author has a place.
    public var keepsAuthor = false
    /// True if it has a place that a model made a label.
    public var keepsModel = false
    /// True if attributes of any name have a place.
    public var keepsAttributes = false
    /// True if attributes come back as texts, whatever they were.
    public var attributesAreTexts = false
    /// True if a label has a class in these files, so that one without is worth a word.
    public var isClassed = false
    /// True if everything comes back.
    public var isLossless = false
    /// False for a format that is read only.
    public var isWritten = true
    /// The number of the first frame in the files; inside it is 0.
    public var firstFrame: Int64 = 0

    /// A profile that carries nothing but boxes' places: what a new format begins with.
    public init() {}

    /// The profile of a format by its name; that of a lossless one where there is none.
    public static func of(_ name: String) -> FormatProfile { table[name] ?? lossless }

    static let lossless: FormatProfile = {
        var profile = FormatProfile()
        (profile.isLossless, profile.keepsHoles) = (true, true)
        (profile.keepsConfidence, profile.keepsAuthor, profile.keepsAttributes) = (true, true, true)
        profile.keepsModel = true
        (profile.emptyItems, profile.classes) = (.examined, .numbers)
        profile.shapes = [Selector.Kind: Shape](
            uniqueKeysWithValues: Selector.Kind.allCases.map { ($0, .kept) })
        return profile
    }()
}
