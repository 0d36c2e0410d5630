import CompanyHome
import DatasetReading
import Synchronization

/// What whoever started long work wants of it: to hear how far it is, and to end it early.
public struct WorkWatch: Sendable {
    /// Hears how far the work is, from any thread; nil for nobody.
    public var onProgress: (@Sendable (WorkProgress) -> Void)?
    /// The wish to end it; nil where nobody can ask.
    public var interruption: Interruption?

    private let turns = Turns()

    /// Several that work at once, of which one is shown at a time: lines of several would be drawn over each other.
    private final class Turns: Sendable {
        let shown = Mutex<String?>(nil)
    }

    /// A watch; without arguments nobody watches.
    public init(
        onProgress: (@Sendable (WorkProgress) -> Void)? = nil, interruption: Interruption? = nil
    ) {
        (self.onProgress, self.interruption) = (onProgress, interruption)
    }

    /// Whether the work shall end.
    var isEnding: Bool { interruption?.isRequested == true }

    /// Tells how far one of several pieces of work is.
    func tell(_ progress: WorkProgress, of work: String) {
        guard let onProgress else { return }
        let isShown = turns.shown.withLock { shown in
            guard shown == nil || shown == work else { return false }
            shown = progress.fraction == 1 ? nil : work
            return true
        }
        if isShown { onProgress(progress) }
    }

    /// Notes that a piece of work is over, however it ended.
    func end(_ work: String) {
        turns.shown.withLock { if $0 == work { $0 = nil } }
    }

    /// A node of a home whose work is watched.
    public func node(_ home: Home, for work: String) throws -> Node {
        let node = try Node(home)
        watch(node, for: work)
        return node
    }

    /// Watches a node's work.
    func watch(_ node: Node, for work: String) {
        node.interruption = interruption
        if onProgress != nil { node.onProgress = { tell($0, of: work) } }
    }
}
