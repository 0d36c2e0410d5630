import Signing
import Synchronization

/// The rows in memory: what the contract means, for tests and for reading.
package final class MemoryLogTable: SharedLogTable {
    private struct Row {
        var part: SharedPart
        var bytes: [UInt8]?
    }

    private struct State {
        var owner: StoreOwner?
        var leftBy: String?
        var heads: [String: SharedHead] = [:]
        var parts: [String: [Row]] = [:]
        var turns: [String: (writer: String, end: ContinuousClock.Instant)] = [:]
        var witnessed: [String: (size: UInt64, note: [UInt8])] = [:]
        var documents: [String: SharedDocument] = [:]
    }

    private let state = Mutex(State())
    private static let name = "in memory"

    /// An empty store.
    package init() {}

    package func claim(_ owner: StoreOwner) throws {
        try state.withLock { state in
            if let known = state.owner, known != owner {
                throw SharedStoreError.otherOwner(store: Self.name, org: known.org)
            }
            state.owner = owner
        }
    }

    package func owner() throws -> StoreOwner? { state.withLock { $0.owner } }

    package func requireNotLeft() throws {
        if let by = state.withLock({ $0.leftBy }) {
            throw SharedStoreError.left(store: Self.name, by: by)
        }
    }

    package func heads() throws -> [SharedHead] {
        state.withLock { $0.heads.values.sorted { $0.log < $1.log } }
    }

    package func parts(of log: String, from: UInt64) throws -> [SharedPart] {
        state.withLock { state in
            (state.parts[log] ?? []).map(\.part).filter { $0.end > from }
                .prefix(SharedLogStore.partsPerPage).map { $0 }
        }
    }

    package func bytes(of log: String, first: UInt64) throws -> [UInt8]? {
        state.withLock { $0.parts[log]?.first { $0.part.first == first }?.bytes }
    }

    package func append(
        from old: UInt64, to head: SharedHead, on server: StoreServer?,
        parts: (_ put: (SharedPart, _ bytes: [UInt8]?) throws -> Void) throws -> Void
    ) throws -> Bool {
        var rows: [Row] = []
        try parts { rows.append(Row(part: $0, bytes: $1)) }
        return try state.withLock { state in
            if let by = state.leftBy { throw SharedStoreError.left(store: Self.name, by: by) }
            guard state.heads[head.log]?.size ?? 0 == old else { return false }
            state.heads[head.log] = head
            state.turns[head.log] = nil
            state.parts[head.log, default: []] += rows
            return true
        }
    }

    package func turn(of log: String) throws -> String? {
        state.withLock { state in
            state.turns[log].flatMap { $0.end > .now ? $0.writer : nil }
        }
    }

    package func takeTurn(_ log: String, for writer: String, seconds: Int) throws {
        state.withLock { state in
            if let turn = state.turns[log], turn.end > .now, turn.writer != writer { return }
            state.turns[log] = (writer, .now + .seconds(seconds))
        }
    }

    package func witnessed(_ log: String) throws -> [UInt8]? {
        state.withLock { $0.witnessed[log]?.note }
    }

    package func moveWitness(
        _ log: String, from old: UInt64?, to size: UInt64, note: [UInt8]
    ) throws -> Bool {
        state.withLock { state in
            guard state.witnessed[log]?.size == old else { return false }
            state.witnessed[log] = (size, note)
            return true
        }
    }

    package func documents() throws -> [DocumentMark] {
        let all = state.withLock { $0.documents.values.sorted { $0.name < $1.name } }
        try SharedDocument.requireCount(all.count, atMost: SharedDocument.readMax)
        return all.map(\.mark)
    }

    package func document(_ name: String) throws -> SharedDocument? {
        let found = state.withLock { $0.documents[name] }
        try found?.requireSize()
        return found
    }

    package func moveDocument(_ document: SharedDocument, from old: Int64?) throws -> Bool {
        try document.requireSize()
        return try state.withLock { state in
            if let by = state.leftBy { throw SharedStoreError.left(store: Self.name, by: by) }
            guard state.documents[document.name]?.version == old else { return false }
            let count = state.documents.count + (old == nil ? 1 : 0)
            try SharedDocument.requireCount(count, atMost: SharedDocument.countMax)
            state.documents[document.name] = document
            return true
        }
    }

    package func leave(by home: String) throws {
        try state.withLock { state in
            if let by = state.leftBy, by != home {
                throw SharedStoreError.left(store: Self.name, by: by)
            }
            state.leftBy = home
        }
    }

    package func reenter(by home: String) throws {
        try state.withLock { state in
            guard let by = state.leftBy else { return }
            guard by == home else { throw SharedStoreError.left(store: Self.name, by: by) }
            state.leftBy = nil
        }
    }

    package func waitForNews(milliseconds: Int) throws {}

    package func server() throws -> StoreServer? { nil }

    package func examine() throws -> [StoreFinding] { [] }
}
