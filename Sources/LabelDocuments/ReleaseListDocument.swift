/// What `release list` prints.
public struct ReleaseListDocument: Document {
    /// A dataset's releases.
    public let releases: [ReleaseDocument]

    /// Makes one of its members.
    public init(releases: [ReleaseDocument]) {
        self.releases = releases
    }
}
