import Dispatch
import Foundation
import Glibc
import Synchronization

/// Says when a log of a home has moved, whichever process moved it.
///
/// The kernel reports each checkpoint that is put in place (inotify), so nobody waits for a timer. A
/// slow tick comes on top, for file systems that report nothing.
final class HomeWatcher: Sendable {
    private let folder: String
    private let file: Int32
    private let queue = DispatchQueue(label: "countermark.watcher")
    private let listeners = Mutex<[Int: AsyncStream<Void>.Continuation]>([:])
    private let next = Atomic(0)
    // SAFETY: set once in the initialiser, before anybody else has the watcher.
    private nonisolated(unsafe) var sources: [any DispatchSourceProtocol] = []

    private static let tick = DispatchTimeInterval.seconds(1)
    /// The tick where the kernel grants no inotify instance.
    private static let tickUnwatched = DispatchTimeInterval.milliseconds(20)

    init(_ home: Home) {
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
        timer.setEventHandler { [weak self] in self?.tell() }
        sources.append(timer)
        for source in sources { source.resume() }
    }

    deinit { for source in sources { source.cancel() } }

    /// A value now, and one after each change; changes that nobody has waited for are one.
    func changes() -> AsyncStream<Void> {
        let number = next.add(1, ordering: .relaxed).newValue
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            listeners.withLock { $0[number] = continuation }
            continuation.onTermination = { [weak self] _ in
                _ = self?.listeners.withLock { $0.removeValue(forKey: number) }
            }
            continuation.yield()
        }
    }

    private func tell() {
        for listener in listeners.withLock({ Array($0.values) }) { listener.yield() }
    }

    /// Watches `logs` and the folders below it down to the logs' own: member, owner, dataset.
    private func watchFolders() {
        var level = [folder]
        for _ in 0..<4 {
            for path in level {
                inotify_add_watch(
                    file, path, UInt32(IN_MOVED_TO) | UInt32(IN_CREATE) | UInt32(IN_ONLYDIR))
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
                let (mask, length) = bytes.withUnsafeBytes {
                    (
                        $0.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self),
                        $0.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
                    )
                }
                let isFolder = mask & UInt32(IN_ISDIR) != 0
                if isFolder || mask & UInt32(IN_Q_OVERFLOW) != 0 { hasNewFolder = true }
                if mask & UInt32(IN_MOVED_TO) != 0 { hasMoved = true }
                offset += 16 + Int(length)
            }
        }
        if hasNewFolder { watchFolders() }
        if hasNewFolder || hasMoved { tell() }
    }
}
