import Foundation
import LogStorage
import Logging
import Synchronization
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors
@testable import SharedStore

@Suite("A serving node beside its company's store")
struct CompanyStoreTests {
    private static let store = "postgresql://owner@127.0.0.1:1/labels"
    private static let tiles = "s3://labels?endpoint=https://127.0.0.1:1"

    /// A home that names a store, which nobody has to answer.
    private func home(
        _ all: Companies, store: String? = Self.store, tiles: String? = nil
    ) throws -> Home {
        let path = try all.node("oem.example").home.path
        let config = Home.Config(
            version: store == nil ? 1 : 2, org: "oem.example", name: "OEM", store: store,
            tiles: tiles)
        try WholeFile.replace(path + "/config.json", with: try config.text)
        return try Home(opening: path)
    }

    /// Keeps what is logged.
    private struct Heard: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        final class Lines: Sendable {
            let all = Mutex<[String]>([])
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.all.withLock {
                $0.append("\(event.level): \(event.message) \(event.metadata ?? [:])")
            }
        }
    }

    @Test("that it cannot follow the store is said, and shows in whether the node is ready")
    func tablesCannotBeOpened() async throws {
        let all = try Companies(["oem.example"])
        defer { withExtendedLifetime(all) {} }
        let home = try home(all)
        let heard = Heard.Lines()
        let service = try NodeService(
            home: home, host: "127.0.0.1", port: 0,
            logger: Logger(label: "test") { _ in Heard(lines: heard) })
        // The service has opened them already; whoever follows opens them anew.
        let tables = home.path + "/state.sqlite"
        for name in [tables, tables + "-wal", tables + "-shm"] {
            try? FileManager.default.removeItem(atPath: name)
        }
        try FileManager.default.createDirectory(
            atPath: tables, withIntermediateDirectories: false)
        let company = try #require(home.company)
        await service.follow(company)
        await service.keepRows()
        #expect(company.trouble.withLock { $0 } != nil)
        let lines = heard.all.withLock { $0 }
        #expect(
            lines.contains { $0.hasPrefix("error: the store is not followed") }, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("error: rows are not kept") }, "\(lines)")
        var text = FigureText()
        service.meter.add(to: &text, partnersMax: 1)
        #expect(text.text.contains("countermark_rows_failures_total 1\n"))
    }

    @Test(
        "a store that config.json names since, names no more, or has another object store beside it, is not gone past",
        arguments: [
            (nil, nil, store, nil), (store, nil, nil, nil), (store, nil, store, tiles),
            (store, tiles, store, nil), (store, tiles, store, tiles + "&prefix=other"),
            (store, nil, store + "2", nil),
        ] as [(String?, String?, String?, String?)])
    func otherStore(
        before: String?, beforeTiles: String?, after: String?, afterTiles: String?
    ) throws {
        let all = try Companies(["oem.example"])
        defer { withExtendedLifetime(all) {} }
        let open = try home(all, store: before, tiles: beforeTiles)
        try open.requireSameStore()
        _ = try home(all, store: after, tiles: afterTiles)
        let error = #expect(throws: NodeError.self) { try open.requireSameStore() }
        #expect(error?.code == .configChanged)
        for place in [after, afterTiles].compactMap({ $0 }) {
            #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
        }
        // As it was, it goes on.
        _ = try home(all, store: before, tiles: beforeTiles)
        try open.requireSameStore()
    }

    @Test("a store out of which the logs were taken is not well")
    func takenOut() throws {
        let both = try CompanyNodes()
        #expect(both.other.checkStore().allSatisfy { $0.isOk || $0.name != "store" })
        try both.store.table.leave(by: "elsewhere:/home")
        let found = both.other.checkStore()
        #expect(found.map(\.isOk) == [false] && found[0].detail.contains("elsewhere:/home"))
    }
}
