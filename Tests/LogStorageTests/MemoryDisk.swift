import Glibc
import Testing

@testable import LogStorage

/// A disk in memory that remembers what was synced, and fails where it is told to.
///
/// Names are changed by operations that are atomic and kept in order; syncing a folder makes those
/// that touch it durable. Bytes are durable once their file is synced. What else survives a power
/// failure is up to the test.
final class MemoryDisk: FileOperations, @unchecked Sendable {
    // SAFETY: every test uses its disk from one thread.

    /// What happens at one step.
    enum Fault: CaseIterable {
        /// The step fails and does nothing.
        case before
        /// The step is done and reported as failed.
        case after
        /// Of a write only the first half is done.
        case torn
    }

    /// Which of the steps that were not synced a power failure leaves.
    enum Loss {
        /// Neither bytes nor names.
        case all
        /// All names, and files of the new length whose new bytes are zero.
        case bytes
        /// All bytes, and none of the names.
        case names
        /// Some of both, at random.
        case some(seed: UInt64)
    }

    private struct Node {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
        var isFolder = false
        var names: [String: Int] = [:]
    }

    private struct NameStep {
        enum Change {
            case add(folder: Int, name: String, node: Int)
            case remove(folder: Int, name: String, node: Int)
            case move(from: Int, old: String, to: Int, new: String, node: Int)
        }
        let change: Change
        var isDurable = false
    }

    private var nodes: [Int: Node] = [0: Node(isFolder: true)]
    private var durableNames: [Int: [String: Int]] = [0: [:]]
    private var steps: [NameStep] = []
    private var opened: [Int32: Int] = [:]
    private var locked: [Int: Int32] = [:]
    private var next = 1
    private var nextFile: Int32 = 3

    /// The number of steps that change something.
    private(set) var stepCount = 0
    /// The syncs among them.
    private(set) var syncCount = 0
    /// The step that fails, and whether all after it fail too, as after a kill.
    var plan: (step: Int, fault: Fault, isFinal: Bool)?
    /// Every write and every new name fails while this is set.
    var isFull = false

    init() {}

    // MARK: Crashing

    /// The disk as the next process finds it after this one was killed.
    func afterKill() -> MemoryDisk {
        let disk = MemoryDisk()
        (disk.nodes, disk.durableNames, disk.steps) = (nodes, durableNames, steps)
        disk.next = next
        return disk
    }

    /// The disk after a power failure.
    func afterPowerFailure(_ loss: Loss) -> MemoryDisk {
        var random = SplitMix(state: 0)
        if case .some(let seed) = loss { random = SplitMix(state: seed) }
        let disk = MemoryDisk()
        disk.next = next
        disk.nodes = nodes.mapValues { node in
            var node = node
            node.bytes = Self.survivor(node, loss, &random)
            node.durable = node.bytes
            node.names = [:]
            return node
        }
        for (folder, names) in durableNames { disk.nodes[folder]?.names = names }
        let prefix = random.below(steps.count + 1)
        for (position, step) in steps.enumerated() {
            let survives =
                switch loss {
                case .all, .names: step.isDurable
                case .bytes: true
                case .some: step.isDurable || position < prefix
                }
            if survives { disk.apply(step.change) }
        }
        disk.durableNames = disk.nodes.filter(\.value.isFolder).mapValues(\.names)
        return disk
    }

    private static func survivor(
        _ node: Node, _ loss: Loss, _ random: inout SplitMix
    ) -> [UInt8] {
        let (new, old) = (node.bytes, node.durable)
        if new == old { return new }
        switch loss {
        case .all: return old
        case .names: return new
        case .bytes:
            return (0..<new.count).map {
                $0 < old.count ? (new[$0] == old[$0] ? new[$0] : old[$0]) : 0
            }
        case .some:
            switch random.below(4) {
            case 0: return old
            case 1: return new
            case 2:
                let cut = random.below(new.count + 1)
                return Array(new[..<cut]) + (cut < old.count ? old[cut...] : [])
            default:
                var mixed = new
                for position in mixed.indices
                where position >= old.count || mixed[position] != old[position] {
                    if random.below(2) == 0 { mixed[position] = 0 }
                }
                // Bytes that were durable and are still meant to be there cannot be lost.
                return mixed
            }
        }
    }

    private func apply(_ change: NameStep.Change) {
        switch change {
        case .add(let folder, let name, let node): nodes[folder]?.names[name] = node
        case .remove(let folder, let name, let node):
            if nodes[folder]?.names[name] == node { nodes[folder]?.names[name] = nil }
        case .move(let from, let old, let to, let new, let node):
            if nodes[from]?.names[old] == node { nodes[from]?.names[old] = nil }
            nodes[to]?.names[new] = node
        }
    }

    /// The files with their bytes, by path.
    var contents: [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        func visit(_ folder: Int, _ path: String) {
            for (name, id) in nodes[folder]?.names ?? [:] {
                guard let node = nodes[id] else { continue }
                if node.isFolder {
                    visit(id, "\(path)\(name)/")
                } else {
                    found[path + name] = node.bytes
                }
            }
        }
        visit(0, "/")
        return found
    }

    /// Changes the bytes of a file as a failing disk does.
    func corrupt(_ path: String, _ change: (inout [UInt8]) -> Void) throws {
        let id = try #require(find(path))
        change(&nodes[id, default: Node()].bytes)
    }

    func add(_ path: String, _ bytes: [UInt8]) throws {
        let file = try #require(try open(path, .create))
        try writeAll(bytes, to: file, at: 0, path)
        close(file)
    }

    // MARK: Steps

    private func step(
        _ call: String, _ path: String, needsSpace: Bool = false, half: () -> Void = {},
        _ body: () -> Void
    ) throws(LogStorageError) {
        stepCount += 1
        if isFull, needsSpace { throw .system(call: call, path: path, errno: ENOSPC) }
        if let plan, stepCount >= plan.step, stepCount == plan.step || plan.isFinal {
            if stepCount == plan.step {
                switch plan.fault {
                case .before: break
                case .after: body()
                case .torn: half()
                }
            }
            throw .system(call: call, path: path, errno: EIO)
        }
        body()
    }

    private func change(_ change: NameStep.Change) {
        apply(change)
        steps.append(NameStep(change: change))
    }

    private func find(_ path: String) -> Int? {
        var id = 0
        for part in path.split(separator: "/") {
            guard let next = nodes[id]?.names[String(part)] else { return nil }
            id = next
        }
        return id
    }

    private func place(_ path: String) -> (folder: Int, name: String)? {
        guard let folder = find(parent(of: path)), nodes[folder]?.isFolder == true,
            let name = path.split(separator: "/").last
        else { return nil }
        return (folder, String(name))
    }

    // MARK: FileOperations

    func open(_ path: String, _ mode: OpenMode) throws(LogStorageError) -> Int32? {
        var id = find(path)
        if id == nil {
            guard mode == .create || mode == .replace, let place = place(path) else { return nil }
            try step("open", path, needsSpace: true) {
                nodes[next] = Node()
                change(.add(folder: place.folder, name: place.name, node: next))
                next += 1
            }
            id = find(path)
        } else if mode == .replace, let id {
            try step("open", path) { nodes[id]?.bytes = [] }
        }
        guard let id else { return nil }
        nextFile += 1
        opened[nextFile] = id
        return nextFile
    }

    func close(_ file: Int32) {
        if let id = opened[file], locked[id] == file { locked[id] = nil }
        opened[file] = nil
    }

    private func node(_ file: Int32) -> Int { opened[file] ?? -1 }

    func byteCount(_ file: Int32, _ path: String) throws(LogStorageError) -> Int {
        nodes[node(file)]?.bytes.count ?? 0
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, from file: Int32, at offset: Int, _ path: String
    ) throws(LogStorageError) -> Int {
        let bytes = nodes[node(file)]?.bytes ?? []
        let count = max(0, min(buffer.count, bytes.count - offset))
        if count > 0 { buffer.copyBytes(from: bytes[offset..<offset + count]) }
        return count
    }

    func write(
        _ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int, _ path: String
    ) throws(LogStorageError) {
        let id = node(file)
        func put(_ count: Int) {
            let end = offset + count
            let held = nodes[id]?.bytes.count ?? 0
            if held < end {
                nodes[id]?.bytes += [UInt8](repeating: 0, count: end - held)
            }
            nodes[id]?.bytes.replaceSubrange(offset..<end, with: bytes.prefix(count))
        }
        try step("write", path, needsSpace: true, half: { put(bytes.count / 2) }) {
            put(bytes.count)
        }
    }

    func truncate(_ file: Int32, to byteCount: Int, _ path: String) throws(LogStorageError) {
        let id = node(file)
        try step("truncate", path) {
            let held = nodes[id]?.bytes.count ?? 0
            if held > byteCount { nodes[id]?.bytes.removeLast(held - byteCount) }
        }
    }

    func sync(_ file: Int32, _ path: String) throws(LogStorageError) {
        let id = node(file)
        try step("fdatasync", path) {
            syncCount += 1
            let bytes = nodes[id]?.bytes ?? []
            nodes[id]?.durable = bytes
        }
    }

    func syncFolder(_ folder: String) throws(LogStorageError) {
        guard let id = find(folder) else {
            throw .system(call: "open", path: folder, errno: ENOENT)
        }
        try step("fsync", folder) {
            syncCount += 1
            for position in steps.indices {
                switch steps[position].change {
                case .add(id, _, _), .remove(id, _, _), .move(id, _, _, _, _),
                    .move(_, _, id, _, _):
                    steps[position].isDurable = true
                default: break
                }
            }
        }
    }

    func rename(_ old: String, to new: String) throws(LogStorageError) {
        guard let id = find(old), let from = place(old), let to = place(new) else {
            throw .system(call: "rename", path: new, errno: ENOENT)
        }
        try step("rename", new) {
            change(
                .move(
                    from: from.folder, old: from.name, to: to.folder, new: to.name, node: id))
        }
    }

    func unlink(_ path: String) throws(LogStorageError) {
        guard let id = find(path), let place = place(path) else { return }
        try step("unlink", path) {
            change(.remove(folder: place.folder, name: place.name, node: id))
        }
    }

    func makeFolder(_ path: String) throws(LogStorageError) -> Bool? {
        if find(path) != nil { return false }
        guard let place = place(path) else { return nil }
        try step("mkdir", path, needsSpace: true) {
            nodes[next] = Node(isFolder: true)
            durableNames[next] = [:]
            change(.add(folder: place.folder, name: place.name, node: next))
            next += 1
        }
        return true
    }

    func removeFolder(_ path: String) {
        guard let id = find(path), nodes[id]?.isFolder == true, nodes[id]?.names.isEmpty == true,
            let place = place(path)
        else { return }
        try? step("rmdir", path) {
            change(.remove(folder: place.folder, name: place.name, node: id))
        }
    }

    func exists(_ path: String) -> Bool { find(path) != nil }

    func names(in folder: String) -> [String] {
        guard let id = find(folder) else { return [] }
        return Array(nodes[id]?.names.keys ?? [:].keys)
    }

    func lock(_ file: Int32, _ path: String) throws(LogStorageError) -> Bool {
        let id = node(file)
        if let holder = locked[id], holder != file { return false }
        locked[id] = file
        return true
    }

    func sleep(seconds: Double) {}
}

/// Random numbers that a seed repeats.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func below(_ bound: Int) -> Int { bound < 1 ? 0 : Int(next() % UInt64(bound)) }
}
