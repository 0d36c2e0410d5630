import Synchronization

/// How much of the files has been read, for whoever shows it: readers note where they stand, and nobody waits.
///
/// It counts bytes, since how many labels a file holds is known at its end only. Where a reader says
/// nothing, a file counts when it has been read.
public final class ReadMeter: Sendable {
    private let expected = Atomic<Int>(0)
    private let before = Atomic<Int>(0)
    private let position = Atomic<Int>(0)

    /// A meter that stands at the beginning.
    public init() {}

    /// The part that has been read, from 0 to 1; nil where nothing is known yet.
    public var fraction: Double? {
        let total = expected.load(ordering: .relaxed)
        let read = before.load(ordering: .relaxed) + position.load(ordering: .relaxed)
        return total > 0 && read > 0 ? min(1, Double(read) / Double(total)) : nil
    }

    /// Goes back to the beginning: the files are read again.
    public func restart() {
        expected.store(0, ordering: .relaxed)
        before.store(0, ordering: .relaxed)
        position.store(0, ordering: .relaxed)
    }

    /// Notes files that are about to be read.
    package func expect(bytes: Int) { expected.add(bytes, ordering: .relaxed) }

    /// Notes where in the file a reader stands.
    @usableFromInline
    package func note(_ offset: Int) { position.store(offset, ordering: .relaxed) }

    /// Notes that a file has been read.
    package func finish(bytes: Int) {
        position.store(0, ordering: .relaxed)
        before.add(bytes, ordering: .relaxed)
    }
}
