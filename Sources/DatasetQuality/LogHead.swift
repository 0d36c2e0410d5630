import AnnotationModel

/// How many entries of a log are meant.
public struct LogHead: Sendable, Equatable {
    /// Whose log.
    public let origin: Origin
    /// How many of its entries, from the first on.
    public let size: UInt64

    /// A log's first entries.
    public init(origin: Origin, size: UInt64) { (self.origin, self.size) = (origin, size) }
}
