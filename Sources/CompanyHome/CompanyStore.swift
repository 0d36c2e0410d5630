import AnnotationModel
import LogStorage
import PlainErrors
import SharedStore
import Signing
import Synchronization

/// The store that the nodes of one company share, as a home's configuration names it.
///
/// It is connected to when it is first needed, so commands that only read the home's copies never wait for it.
package final class CompanyStore: Sendable {
    /// The address of the rows.
    package let address: String
    /// The URL of the object store that has the bytes; nil where the rows have them.
    package let tiles: String?
    /// What keeps a serving node from its store at present; nil if nothing does.
    package let trouble = Mutex<String?>(nil)
    /// The documents as they were when there was nothing left to do about them.
    let knownDocuments = Mutex<KnownDocuments?>(nil)
    /// The store, once it was asked whose it is.
    let opened = Mutex<SharedLogStore?>(nil)

    package init(_ address: String, tiles: String?) {
        (self.address, self.tiles) = (address, tiles)
    }

    /// The store, once it is sure that it is this company's.
    ///
    /// - Throws: ``SharedStoreError``.
    package func open(for owner: () throws -> StoreOwner) throws -> SharedLogStore {
        if let known = opened.withLock({ $0 }) { return known }
        let made = try Self.connect(address, tiles: tiles)
        let owner = try owner()
        guard let found = try made.table.owner() else {
            throw SharedStoreError.noTables(store: address)
        }
        guard found == owner else {
            throw SharedStoreError.otherOwner(store: address, org: found.org)
        }
        opened.withLock { $0 = made }
        return made
    }

    /// The store at an address, which nothing has been asked of yet.
    ///
    /// - Throws: ``SharedStoreError/badAddress(why:hint:)``, `ObjectStoreError`.
    package static func connect(_ address: String, tiles: String?) throws -> SharedLogStore {
        SharedLogStore(
            address: address, table: PostgresLogTable(try StoreAddress(address)),
            objects: try tiles.map { try StoredParts($0) })
    }
}

/// What this company's witness has cosigned last, as the store's rows say.
struct CompanyWitness: SharedWitness {
    let home: Home

    func latest(of log: String) throws -> [UInt8]? { try home.sharedLogs()?.latest(of: log) }

    func move(_ log: String, from old: UInt64?, to size: UInt64, note: [UInt8]) throws -> Bool {
        try home.sharedLogs()?.move(log, from: old, to: size, note: note) ?? true
    }
}

extension Home {
    /// The logs in the company's store; nil where the home has none.
    ///
    /// - Throws: ``SharedStoreError`` where it cannot be reached, or is another company's.
    package func sharedLogs() throws -> SharedLogStore? { try company?.open { try storeOwner() } }

    /// Who this home is to a store.
    package func storeOwner() throws -> StoreOwner {
        StoreOwner(
            org: origin.description, key: try logKey().verificationKey.ed25519Bytes ?? [])
    }

    /// Throws where the configuration names another store than when the home was opened: what is written now would
    /// go past it.
    package func requireSameStore() throws {
        // Whoever changed it held the log's lock.
        let mark = FileMark(path + "/config.json")
        if mark == configMark { return }
        let now = try Home(opening: path).company
        if now?.address == company?.address, now?.tiles == company?.tiles { return }
        let places = [now?.address, now?.tiles].compactMap { $0 }.joined(separator: " and ")
        throw NodeError(
            .configChanged,
            "\(path)/config.json names "
                + (places.isEmpty ? "no store any more" : "the store \(places)")
                + ", and did not when this process began",
            hint: "start the node again; nothing was written")
    }
}
