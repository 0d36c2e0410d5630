import AnnotationModel
import Foundation
import Provenance
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import SharedStore

/// What the tables are, and what is said of them.
extension RowsTests {
    // MARK: Columns

    private static let numbers: [Double] = [
        0, -5, 0.1, 12.345678, 1e-4, 99_999.5, 123_456_789_012_345, 999_999_999_999_999, 1e15, 3e20,
        1e-6,
        0.1 + 0.2, 1.0 / 3, .leastNonzeroMagnitude, 8_796_093_022_207.5, 9_007_199_254_740_991,
    ]

    private static let boxes: [Selector] = numbers.map {
        .box(.init(x: $0, y: -$0, width: $0.magnitude, height: 2))
    }

    private static let others: [Selector] = [
        .wholeItem, .rotatedBox(.init(centerX: 5, centerY: 6, width: 2, height: 4, angle: 0.5)),
        .ellipse(.init(centerX: 5.25, centerY: 6, width: 2, height: 4, angle: 0)),
        .polygon([[[1, 2, 5, 2, 5, 8], [2, 3, 3, 3, 3, 4]], [[9, 9, 12, 9, 12, 10.5]]]),
        .polyline([0, 0, 1.5, 2]),
        .keypoints([
            .init(x: 1, y: 2, visibility: .visible), .init(x: 0, y: 0, visibility: .absent),
        ]),
        .keypoints([.init(x: 0, y: 0, visibility: .absent)]),
        .mask(.init(width: 4, height: 2, counts: [3, 2, 3])),
        .blob(sha256: [UInt8](repeating: 7, count: 32), byteCount: 9, mediaType: "image/png"),
        .cuboid(.init(center: [1, 2, 3], size: [1, 1, 1], rotation: [1, 0, 0, 0])),
        .pointSet([1, 5, 1 << 40]), .interval(start: 0.5, end: 2.25, channels: ["a", "\u{e9}"]),
        .textSpan(start: 3, end: 9, quote: "a \"quote\"\n\u{0}"),
        .textSpan(start: 0, end: 1, quote: nil),
        .cells(rowStart: 0, rowEnd: 4, columns: ["x"]), .graph(kind: "atom", elements: ["1", "2"]),
        .track([
            .init(time: 1, selector: .box(.init(x: 1, y: 1, width: 1, height: 1))),
            .init(
                time: 2.5, selector: .box(.init(x: 2, y: 1, width: 1, height: 1)), isOutside: true),
        ]),
        .preference([["a"], ["b", "c"]]),
        .all([.wholeItem, .interval(start: 0, end: 1, channels: [])]),
    ]

    private static let fields: [[Field: FieldValue]] = [
        [.known(.confidence): 1], [.known(.confidence): 0.125, .known(.externalID): "7"],
        [.known(.externalID): .text(String(repeating: "long ", count: 40))],
        [.known(.externalID): 7], [.known(.source): "rule"],
        [.known(.source): 3, .known(.author): .null],
        [.known(.author): "\u{e9}"], [.known(.author): "e\u{301}"],
        [.known(.status): 1], [.known(.status): 1, .named("x"): 1],
        [.known(.stageMark): .map(["state": "done"])], [.known(.stageMark): "odd\u{0}"],
        [
            .known(.stageClassify): 3,
            .known(.stageQuality): .map(["state": "rejected", "why": "blurred"]),
        ],
        [.known(.width): 4, .named("confidence"): "an attribute", .named("attr.x"): .bool(false)],
        [
            .named("i"): .integer(.max), .named("f"): .float(0.1),
            .named("t"): .text("\u{0} \\u0000 \""), .named("b"): .bytes([0, 255]),
            .named("l"): .array([1, .null, "x"]),
            .named("m"): .map(["k": .map(["$bytes": "00"])]), .named("n"): .null,
            .named("\u{e9} \""): true,
        ],
    ]

    @Test("say of labels of every kind what an export says", .enabled(if: RowsTests.hasServer))
    func columns() throws {
        let (all, sql) = try companies([oem, tier])
        let node = try all.node(oem)
        var operations: [AnnotationModel.Operation] = []
        for (index, selector) in (Self.boxes + Self.others).enumerated() {
            operations.append(
                .addAnnotation(
                    item: "\(index % 7).png", className: ["spur", "break", "short"][index % 3],
                    selector: selector, fields: [:]))
        }
        for (index, fields) in Self.fields.enumerated() {
            operations.append(
                .addAnnotation(
                    item: ["e\u{301}.png", "\u{e9}.png", "a.png"][index % 3], className: "short",
                    selector: Self.boxes[0], fields: fields))
        }
        let ids = try node.write(all.dataset, operations)
        try node.write(all.dataset, author: "kim", Array(operations.prefix(3)))
        _ = try node.askForRows(true, of: [])
        try compare(node, all, sql, "added")
        // Each once more, from the tables instead of the log.
        try node.write(
            all.dataset,
            ids.enumerated().map { .set($1, [.field(.named("n"), .integer(Int64($0)))]) })
        try compare(node, all, sql, "changed")
        try node.write(
            all.dataset,
            zip(ids, Self.boxes.reversed() + Self.others.reversed()).map {
                .set($0, [.selector($1)])
            })
        try compare(node, all, sql, "moved")
        // Two names that Unicode takes for the same are two.
        #expect(try count(sql, "labels WHERE author = U&'\\00e9'") == 1)
        #expect(try count(sql, "labels WHERE author = U&'e\\0301'") == 1)
        // A file of SQLite is no measure of these: its texts end at U+0000.
        try node.write(
            all.dataset,
            [
                .addAnnotation(
                    item: "a.png", className: "short", selector: .wholeItem,
                    fields: [.known(.author): "a\u{0}b", .known(.externalID): "c\u{0}"])
            ])
        _ = try node.moveAllRows()
        let found = try sql.run(
            "SELECT external_id FROM countermark.labels WHERE author = U&'a\\fffdb'")
        #expect(found.count == 1 && found.text(0, 0) == "c\u{fffd}")
        // What the view makes of other columns is in no row.
        #expect(try count(sql, "label_row WHERE selector IS NULL") ?? 0 > 10)
    }

    @Test(
        "keep the numbers of logs when others come before them", .enabled(if: RowsTests.hasServer))
    func numbers() throws {
        let (all, sql) = try companies([third, tier, oem])
        let node = try all.node(third)
        try node.write(all.dataset, [all.label("a.png")])
        _ = try node.askForRows(true, of: [])
        try compare(node, all, sql, "alone")
        for name in [tier, oem] {
            try all.carry(third, to: name)
            try all.node(name).write(all.dataset, [all.label("a.png"), all.label("b.png")])
            try all.carry(name, to: third)
            try compare(node, all, sql, "with \(name)")
        }
        #expect(try sql.run("SELECT DISTINCT label >> 48 FROM countermark.label_row").count == 3)
    }

    // MARK: Versions

    /// The tables of labels of version 1, with the columns that matter here.
    private static let first = [
        "DROP VIEW countermark.labels", "DROP TABLE countermark.label_row",
        "DROP TABLE countermark.label_words",
        """
        CREATE TABLE countermark.label_row (
            rows bigint NOT NULL, item_hash bigint NOT NULL, org text COLLATE "C" NOT NULL,
            operation bigint NOT NULL, item text NOT NULL, class text NOT NULL, class_as_written text NOT NULL,
            selector_kind text NOT NULL, x float8, y float8, width float8, height float8, start_at float8,
            end_at float8, selector text NOT NULL, confidence float8, source text, author text, signer text,
            "time" bigint, external_id text, status text NOT NULL, contested boolean NOT NULL,
            stage_classify text, stage_mark text, stage_quality text, attributes jsonb NOT NULL,
            PRIMARY KEY (rows, item_hash, org, operation))
        """,
        """
        CREATE VIEW countermark.labels AS
        SELECT s.dataset, l.org || ':' || (l.operation >> 12) || '.' || (l.operation & 4095) AS id,
            coalesce(a.shown, l.item) AS item, l.class, l.selector_kind, l.x, l.y, l.width, l.height, l.start_at,
            l.end_at, l.selector, l.confidence, l.source, l.author, l.org, l.signer, l."time", l.external_id,
            l.status, l.contested, l.stage_classify, l.stage_mark, l.stage_quality, l.attributes,
            l.class_as_written, l.item_hash
        FROM countermark.rows_state s JOIN countermark.label_row l ON l.rows = s.shown
        LEFT JOIN countermark.item_alias a
            ON a.rows = l.rows AND a.item_hash = l.item_hash AND a.item = l.item
        """,
        """
        INSERT INTO countermark.label_row (rows, item_hash, org, operation, item, class, class_as_written,
            selector_kind, selector, status, contested, attributes)
        VALUES (7, 1, 'oem.example', 1, 'old.png', 'old', 'old', 'box', '{}', 'active', false, '{}')
        """,
        "UPDATE countermark.rows_state SET shown = 7, heads = '{}', labels = 1",
        "UPDATE countermark.rows_store SET version = 1",
        "GRANT SELECT ON countermark.labels TO PUBLIC",
    ]

    @Test(
        "of an older version are made anew, which is said, and who may read them may do so still",
        .enabled(if: RowsTests.hasServer))
    func older() throws {
        let (all, sql) = try companies([oem])
        let node = try all.node(oem)
        try node.write(all.dataset, (0..<20).map { all.label("\($0).png") })
        _ = try node.askForRows(true, of: [])
        try compare(node, all, sql, "new")
        for statement in Self.first { try sql.run(statement) }
        #expect(try sql.run("SELECT item FROM countermark.labels").text(0, 0) == "old.png")
        // Who only looks changes nothing.
        #expect(try node.rowsReports().first?.labels == 1)
        var notes: [String] = []
        node.warn = { notes.append($0) }
        try compare(node, all, sql, "renewed")
        #expect(notes.count == 1 && notes[0].contains("older version"), "\(notes)")
        #expect(try count(sql, "label_row") == 20 && count(sql, "rows_old") == 0)
        let left = try sql.run(
            "SELECT to_regclass('countermark.label_row_before') IS NULL, "
                + "has_table_privilege('public', 'countermark.labels', 'SELECT')")
        #expect(left.truth(0, 0) && left.truth(0, 1))
        #expect(try !node.moveAllRows().hasMoved)

        try sql.run("UPDATE countermark.rows_store SET version = 9")
        #expect(
            throws: SharedStoreError.otherVersion(store: sql.table.address.text, found: 9, known: 2)
        ) {
            try node.moveRows()
        }
    }

    // MARK: Figures

    private func lines(_ meter: NodeMeter) -> [String] {
        var text = FigureText()
        meter.add(to: &text, partnersMax: 1)
        return text.text.split(separator: "\n").map(String.init)
    }

    @Test(
        "are told of in figures: how far behind, how many, and what has failed",
        .enabled(if: RowsTests.hasServer))
    func figures() throws {
        let (all, _) = try companies([oem])
        let node = try all.node(oem)
        let meter = NodeMeter()
        #expect(!lines(meter).contains { $0.contains("_rows_") })
        let ids = try node.write(all.dataset, (0..<30).map { all.label("\($0).png") })
        _ = try node.askForRows(true, of: [])
        let held = try node.mergedState(all.dataset).progress(try Origin(oem))?.applied ?? 0
        #expect(held > 0)
        func behind(_ count: UInt64) -> String {
            "countermark_rows_behind_entries{dataset=\"\(all.dataset)\"} \(count)"
        }
        meter.noteRows(try node.moveRows())
        #expect(lines(meter).contains(behind(held)))
        #expect(lines(meter).contains("countermark_rows_written_total 0"))
        while case let round = try node.moveRows(), round.isMore { meter.noteRows(round) }
        meter.noteRows(try node.moveRows())
        #expect(lines(meter).contains(behind(0)))
        #expect(lines(meter).contains("countermark_rows_written_total 30"))
        try node.write(all.dataset, [.set(ids[0], [.className("open")]), all.label("new.png")])
        meter.noteRows(try node.moveRows())
        #expect(lines(meter).contains(behind(1)))
        #expect(lines(meter).contains("countermark_rows_written_total 32"))
        #expect(lines(meter).contains("countermark_rows_waiting_datasets 0"))
        #expect(!lines(meter).contains { $0.hasPrefix("countermark_rows_last_failure") })
        try node.setBlind(all.dataset, true)
        meter.noteRows(try node.moveAllRows())
        meter.noteRowsFailure()
        let told = lines(meter)
        #expect(told.contains("countermark_rows_waiting_datasets 1"))
        #expect(told.contains("countermark_rows_failures_total 1"))
        for name in ["look", "failure"] {
            let start = "countermark_rows_last_\(name)_timestamp_seconds "
            let line = try #require(told.first { $0.hasPrefix(start) }, "\(told)")
            let seconds = try #require(Double(line.dropFirst(start.count)))
            #expect(abs(seconds - Date().timeIntervalSince1970) < 600)
        }
    }
}
