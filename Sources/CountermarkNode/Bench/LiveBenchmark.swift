import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import Foundation
import Glibc
import Logging
import PlainErrors
import Provenance
import Signing

/// Measures how long an annotation takes from one serving node to another over loopback TLS.
public enum LiveBenchmark {
    /// Annotates so many times in both directions: from the dialled node to the dialler, which watches
    /// and pulls, and back, which pushes.
    public static func run(
        annotations: Int, folder: String, watch: WorkWatch = WorkWatch()
    ) async throws -> [BenchmarkRow] {
        let scratch = "\(folder)/countermark-live-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let homes = try homes(in: scratch)
        let port = try freePort()
        for (home, other) in [(homes[0], homes[1]), (homes[1], homes[0])] {
            let dialled = home.origin == homes[1].origin
            try home.add(
                .init(
                    org: other.origin.description,
                    url: dialled ? "https://127.0.0.1:\(port)" : nil,
                    roots: try other.root().pem, vkey: nil))
        }
        let dataset = try DatasetID("oem.example/live")
        let nodes = try homes.map { try Node($0) }
        try nodes[0].create(dataset, title: "live", schema: "{}")
        try nodes[0].setMember(dataset, homes[1].origin, role: .reviewer, roots: [])
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let services = try [
            NodeService(home: homes[0], host: "127.0.0.1", port: port, logger: logger),
            NodeService(home: homes[1], host: "127.0.0.1", port: try freePort(), logger: logger),
        ]
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            defer { group.cancelAll() }
            // The second node joins, then both directions are live.
            try await Task.sleep(for: .milliseconds(300))
            let shared = SharedNode(try Node(homes[1]))
            _ = try await PartnerSync(shared, home: homes[1])
                .syncAll(with: homes[0].origin, joining: dataset)
            var rows: [BenchmarkRow] = []
            for (from, to) in [(0, 1), (1, 0)] {
                let source = homes[from]
                let target = homes[to]
                let (written, visible) = try await onOwnThread {
                    try measure(annotations, Node(source), target, dataset, watch)
                }
                let sorted = visible.sorted()
                rows.append(
                    BenchmarkRow(
                        name: from == 0
                            ? "live, annotate to visible, pulled"
                            : "live, annotate to visible, pushed",
                        figures: [
                            ("median ms", sorted[sorted.count / 2]),
                            ("p99 ms", sorted[sorted.count * 99 / 100]),
                            (
                                "of it until durable here, median ms",
                                written.sorted()[written.count / 2]
                            ),
                        ]))
            }
            return rows
        }
    }

    private static func homes(in scratch: String) throws -> [Home] {
        let time = Int64(Date().timeIntervalSince1970)
        return try ["oem.example", "tier1.example"].map { name in
            try Home.make("\(scratch)/\(name)", origin: try Origin(name), name: name, time: time)
        }
    }

    /// The nodes' tasks keep their threads to themselves, as in processes of their own.
    private static func onOwnThread<R: Sendable>(
        _ body: @escaping @Sendable () throws -> R
    ) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result { try body() }) }.start()
        }
    }

    private static func measure(
        _ count: Int, _ from: Node, _ to: Home, _ dataset: DatasetID, _ watch: WorkWatch
    ) throws -> (written: [Double], visible: [Double]) {
        let there = try LabelStore(path: to.path + "/state.sqlite", reader: nil, source: nil)
        var written: [Double] = []
        var visible: [Double] = []
        func since(_ start: ContinuousClock.Instant) -> Double {
            Double((ContinuousClock.now - start).components.attoseconds) / 1e15
        }
        let before = try there.counts(dataset)?.annotations ?? 0
        let ticker = ProgressTicker({ watch.tell($0, of: "") }, nil, watch.interruption)
        ticker.begin(.writing, of: max(2, count))
        for number in 0..<max(2, count) {
            try ticker.count(1)
            let start = ContinuousClock.now
            try from.write(
                dataset,
                [
                    .addAnnotation(
                        item: "board-\(number).png", className: "spur",
                        selector: .box(.init(x: 1, y: 2, width: 3, height: 4)), fields: [:])
                ])
            written.append(since(start))
            while try there.counts(dataset)?.annotations ?? 0 < before + number + 1 {
                guard ContinuousClock.now - start < .seconds(30) else {
                    throw NodeError(
                        .notLive, "annotation \(number) did not arrive in 30 s",
                        hint: "run with fewer, and look at the machine's load")
                }
                usleep(500)
            }
            visible.append(since(start))
            usleep(5_000)
        }
        return (written, visible)
    }

    private static func freePort() throws -> Int {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
            }
        }
        guard result else {
            throw NodeError(.noPort, "no port is free on 127.0.0.1", hint: "")
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
