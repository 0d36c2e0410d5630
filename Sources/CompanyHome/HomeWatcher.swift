import Dispatch
import Foundation
import Glibc
import Synchronization

/// Says when a log of a home has moved, whichever process moved it.
///
/// The kernel reports each checkpoint that is put in place (inotify), so nobody waits for a timer. A
/// slow tick comes on top, for file systems that report nothing.
package final class HomeWatcher: Sendable {
    private let folder: String
    private let file: Int32
    private let queue = DispatchQueue(label: "countermark.watcher")
    private let listeners = Mutex<[Int: AsyncStream<Void>.Continuation]>([:])
    private let next = Atomic(0)
    private let moves = Mutex(Moves())
    // SAFETY: set once in the initialiser, before anybody else has the watcher.
    private nonisolated(unsafe) var sources: [any DispatchSourceProtocol] = []

    /// What has moved so far.
    private struct Moves {
        /// Counts all changes.
        var count: UInt64 = 0
        /// Counts changes of which folders there are.
        var created: UInt64 = 0
        /// When each watched folder moved last, by that count.
        var folders: [String: UInt64] = [:]
        var paths: [Int32: String] = [:]
        /// When all have to be looked at again, by that count.
        var all: UInt64 = 0
        /// Ticks until all count as moved: for file systems that report nothing.
        var ticksLeft = HomeWatcher.ticksBetweenLooks
    }

    private static let ticksBetweenLooks = 5
    private static let tick = DispatchTimeInterval.seconds(1)
    /// The tick where the kernel grants no inotify instance.
    private static let tickUnwatched = DispatchTimeInterval.milliseconds(20)

    package init(_ home: Home) {
        folder = home.path + "/logs"
        file = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if file >= 0 {
            watchFolders()
            let source = DispatchSource.makeReadSource(fileDescriptor: file, queue: queue)
            source.setEventHandler { [weak self] in self?.readEvents() }
            source.setCancelHandler { [file] in close(file) }
            sources.append(source)
        }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        let interval = file >= 0 ? Self.tick : Self.tickUnwatched
        timer.schedule(deadline: .now() + interval, repeating: interval)
        timer.setEventHandler { [weak self] in self?.tickOn() }
        sources.append(timer)
        for source in sources { source.resume() }
    }

    deinit { for source in sources { source.cancel() } }

    /// A value now, and one after each change; changes that nobody has waited for are one.
    package func changes() -> AsyncStream<Void> {
        let number = next.add(1, ordering: .relaxed).newValue
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            listeners.withLock { $0[number] = continuation }
            continuation.onTermination = { [weak self] _ in
                _ = self?.listeners.withLock { $0.removeValue(forKey: number) }
            }
            continuation.yield()
        }
    }

    /// Two numbers: the first moves with every change, the second with those of which folders there are.
    package func versions() -> (changes: UInt64, created: UInt64) {
        moves.withLock { ($0.count, $0.created) }
    }

    /// A number that moves whenever a file was put into a log's folder; nil where the kernel does not watch it.
    package func version(of folder: String) -> UInt64? {
        moves.withLock { moves in moves.folders[folder].map { max($0, moves.all) } }
    }

    private func tickOn() {
        moves.withLock { moves in
            moves.ticksLeft -= 1
            guard file < 0 || moves.ticksLeft <= 0 else { return }
            moves.ticksLeft = Self.ticksBetweenLooks
            moves.count += 1
            (moves.all, moves.created) = (moves.count, moves.count)
        }
        tell()
    }

    private func tell() {
        for listener in listeners.withLock({ Array($0.values) }) { listener.yield() }
    }

    /// Watches `logs` and the folders below it down to the logs' own: member, owner, dataset.
    private func watchFolders() {
        var level = [folder]
        for _ in 0..<4 {
            for path in level {
                let watch = inotify_add_watch(
                    file, path, UInt32(IN_MOVED_TO) | UInt32(IN_CREATE) | UInt32(IN_ONLYDIR))
                if watch < 0 { continue }
                moves.withLock { moves in
                    if moves.paths[watch] == path { return }
                    moves.paths[watch] = path
                    moves.folders[path] = moves.count
                }
            }
            level = level.flatMap { path in
                let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
                return names.map { "\(path)/\($0)" }
            }
        }
    }

    private func readEvents() {
        var hasNewFolder = false
        var hasMoved = false
        var bytes = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(file, &bytes, bytes.count)
            if count <= 0 { break }
            var offset = 0
            // struct inotify_event: wd, mask, cookie and the name's length in 32 bits each, the name.
            while offset + 16 <= count {
                let (watch, mask, length) = bytes.withUnsafeBytes {
                    (
                        $0.loadUnaligned(fromByteOffset: offset, as: Int32.self),
                        $0.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self),
                        $0.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
                    )
                }
                let isFolder = mask & UInt32(IN_ISDIR) != 0
                if isFolder || mask & UInt32(IN_Q_OVERFLOW) != 0 { hasNewFolder = true }
                if mask & UInt32(IN_MOVED_TO) != 0 { hasMoved = true }
                note(watch, mask)
                offset += 16 + Int(length)
            }
        }
        if hasNewFolder {
            watchFolders()
            moves.withLock { moves in
                moves.count += 1
                (moves.all, moves.created) = (moves.count, moves.count)
            }
        }
        if hasNewFolder || hasMoved { tell() }
    }

    /// Takes note of what an event says of the folder that a watch is of.
    private func note(_ watch: Int32, _ mask: UInt32) {
        moves.withLock { moves in
            moves.count += 1
            // The folder is gone, and another watch may get its number.
            if mask & UInt32(IN_IGNORED) != 0 {
                if let path = moves.paths.removeValue(forKey: watch) { moves.folders[path] = nil }
            } else if let path = moves.paths[watch] {
                moves.folders[path] = moves.count
            }
        }
    }
}
