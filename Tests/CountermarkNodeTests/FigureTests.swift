import AnnotationModel
import Foundation
import LogStorage
import Logging
import PlainErrors
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PartnerNet

@Suite("Figures of a node")
struct FigureTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func lines(_ add: (inout FigureText) throws -> Void) rethrows -> [String] {
        var text = FigureText()
        try add(&text)
        return text.text.split(separator: "\n").map(String.init)
    }

    @Test("names of any form stay within their quotes, and each family has its help and its type")
    func text() {
        let lines = lines { text in
            text.add(
                .counter, "a_total", "What\nis \\ this?",
                [([("who", "a\"} 1\ncountermark_b 2 \\")], 3), ([("who", "\u{202e}x")], 0.5)])
            text.add(.gauge, "b", 1_152_921_504_606_846_976, "Large.")
        }
        #expect(
            lines == [
                #"# HELP countermark_a_total What\nis \\ this?"#,
                "# TYPE countermark_a_total counter",
                #"countermark_a_total{who="a\"} 1\ncountermark_b 2 \\"} 3"#,
                "countermark_a_total{who=\"\u{202e}x\"} 0.5", "# HELP countermark_b Large.",
                "# TYPE countermark_b gauge", "countermark_b 1152921504606846976",
            ])
    }

    @Test("a histogram counts a value in its bucket and in all larger ones")
    func histogram() {
        var histogram = Histogram([1, 2.5])
        for value in [0, 1, 1.5, 3] { histogram.note(value) }
        let lines = lines { $0.add("x_seconds", "Some.", histogram) }
        #expect(
            lines.dropFirst() == [
                "# TYPE countermark_x_seconds histogram",
                "countermark_x_seconds_bucket{le=\"1\"} 2",
                "countermark_x_seconds_bucket{le=\"2.5\"} 3",
                "countermark_x_seconds_bucket{le=\"+Inf\"} 4", "countermark_x_seconds_sum 5.5",
                "countermark_x_seconds_count 4",
            ])
    }

    @Test("logs are told of by how far they are, partners by what they are not known to have")
    func home() throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        let node = try all.node(tier)
        let meter = NodeMeter()
        node.meter = meter
        try node.write(all.dataset, [all.label("first.png")])
        let steward = try all.node(oem)
        steward.meter = meter
        try all.carry(tier, to: oem)
        let held = try steward.home.log(try Origin(oem), all.dataset).size
        let lines = try lines { text in
            var figures = try steward.figures()
            figures.ends = try steward.allEndings()
            figures.add(to: &text)
            meter.add(to: &text, partnersMax: 1)
        }
        for line in [
            "countermark_log_size_entries{log=\"\(oem)/\(all.dataset)\",stage=\"stored\"} \(held)",
            "countermark_log_size_entries{log=\"\(oem)/\(all.dataset)\",stage=\"merged\"} \(held)",
            "countermark_log_size_entries{log=\"\(oem)/\(all.dataset)\",stage=\"cosigned\"} 0",
            "countermark_log_size_entries{log=\"\(tier)/\(all.dataset)\",stage=\"stored\"} 1",
            // Its own log is not what it lacks.
            "countermark_partner_lag_entries{partner=\"\(tier)\"} \(held)",
            "countermark_conflicts{dataset=\"\(all.dataset)\"} 0",
            "countermark_quarantined_operations{dataset=\"\(all.dataset)\"} 0",
            "countermark_equivocations_total 0", "countermark_digest_mismatches_total 0",
            "countermark_left_out{what=\"logs\"} 0", "countermark_logs_unreadable 0",
            // One written, one taken from the partner and merged here, one with which the steward names its log's key.
            "countermark_append_duration_seconds_count 3",
            "countermark_propagation_duration_seconds_count 1",
        ] { #expect(lines.contains(line), "\(line)") }
        let starts = [
            "countermark_log_checkpoint_timestamp_seconds{log=\"\(tier)/\(all.dataset)\"} 1",
            "countermark_certificate_expiry_timestamp_seconds{who=\"\(oem)\",kind=\"certificate\"} ",
            "countermark_certificate_expiry_timestamp_seconds{who=\"\(tier)\",kind=\"root\"} ",
            "countermark_storage_free_bytes ",
        ]
        for start in starts { #expect(lines.contains { $0.hasPrefix(start) }, "\(start)") }
    }

    @Test(
        "what does not fit is left out and counted, and what cannot be read keeps nothing else back"
    )
    func bounds() throws {
        let all = try Companies([oem, tier, "third.example"])
        let node = try all.node(oem)
        for name in ["a", "b"] {
            try node.create(try DatasetID("\(oem)/\(name)"), title: name, schema: "{}")
        }
        var bounds = NodeFigures.Bounds()
        (bounds.datasets, bounds.logs, bounds.partners) = (2, 1, 1)
        let figures = try node.figures(bounds)
        #expect(figures.datasets.map(\.name) == ["\(oem)/a", "\(oem)/b"])
        #expect(figures.logs.map(\.name) == ["\(oem)/\(oem)/a"])
        #expect(figures.partners.map(\.org.description) == ["third.example"])
        #expect(figures.leftOut == (1, 2, 1))
        let checkpoint =
            node.home.logFolder(try Origin(oem), try DatasetID("\(oem)/a")) + "/checkpoint"
        try "no note".write(toFile: checkpoint, atomically: true, encoding: .utf8)
        let damaged = try node.figures()
        #expect(damaged.unreadable == 1 && damaged.logs.count == 2 && damaged.datasets.count == 3)
    }

    @Test("a thousand partners are told of by name, and no more")
    func partners() throws {
        let all = try Companies([oem])
        let home = try all.node(oem).home
        let meter = NodeMeter()
        let desk = PartnerDesk(
            home, room: ConnectionRoom(), spools: SpoolAccount(home), meter: meter,
            logger: .init(label: "test"))
        for number in 0..<1_100 {
            let partner = try Origin("c\(number).example")
            desk.count(partner) { $0.requests += 1 }
            meter.noteRound(with: partner, .ok, .seconds(1))
        }
        meter.noteRefused(.badEntry)
        meter.noteMismatches(2)
        let lines = lines { text in
            desk.add(to: &text)
            meter.add(to: &text, partnersMax: NodeFigures.partnersMax)
        }
        func count(_ start: String) -> Int { lines.count { $0.hasPrefix("countermark_\(start){") } }
        #expect(count("partner_requests_total") == 1_000)
        #expect(count("sync_rounds_total") == 1_000 * NodeMeter.Round.allCases.count)
        #expect(lines.contains("countermark_sync_duration_seconds_count 1100"))
        #expect(lines.contains("countermark_entries_refused_total{reason=\"bad-entry\"} 1"))
        #expect(lines.contains("countermark_digest_mismatches_total 2"))
    }
}

@Suite("Whether a node is ready")
struct ReadinessTests {
    private let oem = "oem.example"

    private struct Stage {
        let all: Companies
        let node: Node
        let readiness: Readiness
        let begun = ContinuousClock.now

        init() throws {
            all = try Companies(["oem.example"])
            node = try all.node("oem.example")
            readiness = Readiness(DiskWatch(node.home, logger: .init(label: "test")))
        }

        /// The checks that are not well, some seconds after the first.
        func wrong(_ seconds: Int) throws -> [String] {
            try readiness.checks(node, at: begun + .seconds(seconds)).filter { !$0.isOk }.map(
                \.name)
        }

        var folder: String {
            get throws { node.home.logFolder(try Origin("oem.example"), all.dataset) }
        }
    }

    @Test("a lock that another process keeps for ten seconds, and no shorter one")
    func lock() throws {
        let stage = try Stage()
        #expect(try stage.wrong(0) == [])
        let lock = try FileLock.take(LogWriter.lockPath(try stage.folder), timeoutSeconds: 0)
        #expect(try stage.wrong(3) == [])
        #expect(try stage.wrong(12) == [])
        #expect(try stage.wrong(15) == ["lock"])
        lock.release()
        // What was found is told for two seconds.
        #expect(try stage.wrong(16) == ["lock"])
        #expect(try stage.wrong(18) == [])
    }

    @Test("a checkpoint of another key, and a log that cannot be opened")
    func checkpoint() throws {
        let stage = try Stage()
        let path = try stage.folder + "/checkpoint"
        let note = try String(contentsOfFile: path, encoding: .utf8)
        try note.replacingOccurrences(of: "\n\u{2014} ", with: "\n\u{2014} x")
            .write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try stage.wrong(0) == ["checkpoint"])
        try "nothing".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try stage.wrong(3) == ["logs"])
        try note.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try stage.wrong(6) == [])
        let names = try FileManager.default.contentsOfDirectory(
            atPath: stage.node.home.path + "/incoming")
        #expect(names.isEmpty, "the probes are gone")
    }
}
