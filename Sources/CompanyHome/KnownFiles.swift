import Synchronization

/// What files held that were read before, so that whoever goes through many of them reads only those that moved.
///
/// For files that are replaced as a whole, which have another mark afterwards. One that was made only a moment before
/// it was looked at is not kept: within one tick of the file system's clock a second one may look the same.
final class KnownFiles<Value: Sendable>: Sendable {
    private struct Known {
        let mark: FileMark
        let value: Value
    }

    private let files = Mutex<[String: Known]>([:])
    /// How many are kept.
    private let countMax: Int

    init(countMax: Int) { self.countMax = countMax }

    /// What a file holds, read by `read` unless it is the same file as when it was read last.
    ///
    /// - Throws: What `read` throws; nothing is kept then, nor of a file that is not there.
    func value<E: Error>(of path: String, _ read: () throws(E) -> Value) throws(E) -> Value {
        let mark = FileMark(path)
        if let mark, let known = files.withLock({ $0[path] }), known.mark == mark {
            return known.value
        }
        let value = try read()
        files.withLock { files in
            files[path] = nil
            guard let mark, mark.isSettled else { return }
            if files.count >= countMax { files.removeAll() }
            files[path] = Known(mark: mark, value: value)
        }
        return value
    }
}
