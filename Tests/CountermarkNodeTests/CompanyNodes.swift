import AnnotationModel
import Foundation
import LogStorage
import Provenance
import Signing
import Synchronization
import Testing
import TransparencyLog

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors
@testable import SharedStore

/// Two nodes of one company on one store, and partners of theirs.
///
/// The rows are in memory, and in a PostgreSQL where the step `store` of Tests/run.sh has started one; homes name an
/// address at which nobody answers.
struct CompanyNodes {
    let all: Companies
    let store: SharedLogStore
    let one: Node
    let other: Node

    static let oem = "oem.example"
    static let tier = "tier.example"
    static let address = "postgresql://owner@127.0.0.1:1/labels"

    /// - Parameter prepare: Changes the second home before it meets the store.
    init(_ prepare: (_ one: Home, _ other: Home) throws -> Void = { _, _ in }) throws {
        all = try Companies([Self.oem, Self.tier])
        let table: any SharedLogTable =
            if RowsTests.address != nil {
                PostgresLogTable(try StoreAddress(try RowsTests.database()))
            } else { MemoryLogTable() }
        store = SharedLogStore(address: Self.address, table: table)
        let first = try all.node(Self.oem).home
        let second = all.folder.path + "/oem-2"
        try FileManager.default.copyItem(atPath: first.path, toPath: second)
        try table.claim(try first.storeOwner())
        try prepare(first, try Home(opening: second))
        one = try Self.share(first.path, store)
        other = try Self.share(second, store)
        try one.bringUp()
        try other.bringUp()
    }

    /// Has a home go by a store.
    static func share(_ path: String, _ store: SharedLogStore) throws -> Node {
        let config = Home.Config(version: 2, org: oem, name: oem, store: address)
        try WholeFile.replace(path + "/config.json", with: try config.text)
        let home = try Home(opening: path)
        home.company?.opened.withLock { $0 = store }
        return try Node(home)
    }

    /// The store goes away for a node, or comes back.
    func reach(_ isThere: Bool, _ node: Node) throws {
        let gone = SharedLogStore(
            address: Self.address,
            table: PostgresLogTable(try StoreAddress(Self.address), patience: .zero))
        node.home.company?.opened.withLock { $0 = isThere ? store : gone }
    }

    func partners(_ node: Node) throws -> [String] { try node.home.partners().map(\.org) }

    /// All files that say whom a home trusts.
    func trust(_ node: Node) throws -> [String: Data] {
        var found: [String: Data] = [:]
        for name in try node.home.names(in: "trust") {
            found[name] = try Data(
                contentsOf: URL(fileURLWithPath: "\(node.home.path)/trust/\(name)"))
        }
        return found
    }

    /// A root of an organisation.
    static func root(_ org: String) throws -> String {
        try CertificateAuthority.create(
            origin: org, kind: .ed25519, at: Int64(Date().timeIntervalSince1970)
        ).certificate.pem
    }

    @discardableResult
    func pin(_ org: String, _ pem: String?, _ node: Node, url: String? = nil) throws
        -> PinningReport
    {
        try node.home.pin(
            try Origin(org), pem: pem, url: url, forgetsURL: false, vkey: nil,
            at: Int64(Date().timeIntervalSince1970))
    }
}
