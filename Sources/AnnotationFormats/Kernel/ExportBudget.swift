/// What one export may write out that its labels only imply: the frames between two keyframes, the pixels of a mask.
///
/// A label of a few bytes can imply gigabytes, and whoever exports pays for the labels of everybody. So what is written
/// out is bounded by what the labels say: something for each keyframe and run, and a share for all of them together.
struct ExportBudget: Hashable {
    /// Frames that are written one by one.
    static let frames = ExportBudget(share: 1 << 18, each: 64)
    /// Pixels that are looked at one by one.
    static let pixels = ExportBudget(share: 1 << 25, each: 1 << 13)

    private var left: Int
    private let each: Int

    private init(share: Int, each: Int) { (left, self.each) = (share, each) }

    /// Takes what a label implies.
    ///
    /// - Parameters:
    ///   - count: How much that is.
    ///   - parts: How many keyframes or runs say so.
    /// - Returns: False where it is more than is left; then nothing is taken.
    mutating func take(_ count: Int, of parts: Int) -> Bool {
        // A log has no more keyframes and runs than bytes, so this stays far from the largest number.
        left += each * parts
        guard count <= left else { return false }
        left -= count
        return true
    }
}
