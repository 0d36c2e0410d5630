import AnnotationModel
import DatasetQuality
import LabelQuality
import PlainErrors
import Provenance
import Signing

/// What a quality engineer files of a release: what it holds, who labelled it, how far they agree, and how to check it.
public struct DataSheet {
    /// A part of the sheet.
    enum Part {
        case heading(String)
        case text(String)
        case table([String], [[String]])
        /// A drawing, and what it shows in words.
        case plot(SheetPlot, String)
        /// Lines to type.
        case commands([String])
    }

    /// The sheet's title.
    let title: String
    private(set) var parts: [Part] = []

    /// The most rows of a table; how many are left out is said.
    static let rowsMax = 60

    /// A sheet of what is known of a release.
    public init(_ facts: ReleaseFacts, _ history: AgreementHistory) {
        let commitment = facts.check.commitment
        title = "Data sheet: \(commitment.dataset), release \(facts.view.release.name)"
        identity(facts)
        contents(facts)
        people(facts)
        agreement(facts, history)
        limits(facts)
        check(facts)
    }

    private mutating func identity(_ facts: ReleaseFacts) {
        let (view, commitment) = (facts.view, facts.check.commitment)
        let release = view.release
        let signed = view.countersigned.map(\.description).joined(separator: ", ")
        let asked = release.policy?.members.map(\.description).joined(separator: ", ") ?? ""
        let state =
            release.withdrawal.map { "WITHDRAWN: \($0)" }
            ?? (view.holds ? "holds" : "does not hold yet: too few have countersigned it")
        parts.append(.heading("Identity"))
        parts.append(
            .table(
                ["", ""],
                [
                    ["dataset", "\(commitment.dataset), \(facts.title)"],
                    ["release", release.name],
                    ["state", state], ["named by", commitment.dataset.owner.description],
                    ["named at", ReadableTime.text(release.time) + ", as the steward says"],
                    ["countersigned by", signed.isEmpty ? "nobody" : signed],
                    [
                        "have to countersign",
                        "\(release.quorum)" + (asked.isEmpty ? "" : " of \(asked)"),
                    ], ["digest (SHA-256)", Digest(release.digest)?.hex ?? ""],
                    ["root over the labels", Digest(commitment.root)?.hex ?? ""],
                    [
                        "made of",
                        commitment.heads.map { "\($0.origin): \($0.size) entries" }
                            .joined(separator: ", "),
                    ],
                ]))
    }

    private mutating func contents(_ facts: ReleaseFacts) {
        let check = facts.check
        parts.append(.heading("What it holds"))
        var terms: [String] = []
        let asked = facts.view.release.terms
        if !asked.companies.isEmpty {
            terms.append(
                "only what \(asked.companies.map(\.description).joined(separator: ", ")) added")
        }
        if let stage = asked.stage {
            terms.append("only \(stage.stage.rawValue)=\(stage.state ?? "none")")
        }
        if asked.isAcceptedOnly { terms.append("only accepted labels") }
        if asked.isSettledOnly { terms.append("only labels that nobody contests") }
        if asked.isWithoutExcluded { terms.append("without excluded items") }
        if asked.holdsRetracted { terms.append("with retracted labels") }
        parts.append(
            .table(
                ["", ""],
                [
                    ["labels", "\(check.commitment.labels)"],
                    ["items", "\(check.commitment.items)"],
                    ["labels for each item", facts.labelsPerItem],
                    ["contested labels", "\(facts.contested)"],
                    [
                        "which labels",
                        terms.isEmpty ? "all that count" : terms.joined(separator: "; "),
                    ],
                    [
                        "of a contested field is shown",
                        "the value by \(check.contents.policy.rawValue)",
                    ],
                    [
                        "label schema (SHA-256)",
                        SHA256Hasher.hash(Array(check.contents.schema.utf8)).hex,
                    ],
                    [
                        "signed between",
                        facts.times.map {
                            "\(ReadableTime.text($0.lowerBound)) and \(ReadableTime.text($0.upperBound))"
                                + ", as the signers claim"
                        } ?? "no label says when",
                    ],
                ]))
        parts.append(.heading("Classes"))
        parts.append(
            .plot(
                .bars(facts.classes.prefix(SheetPlot.barsMax).map { ($0.name, $0.count) }),
                "How many labels there are of each class"))
        counts("class", facts.classes, of: check.commitment.labels)
    }

    private mutating func counts(_ name: String, _ counts: [ReleaseFacts.Count], of total: Int) {
        let rows = counts.prefix(Self.rowsMax).map { count in
            let share = total == 0 ? 0 : Double(count.count) / Double(total) * 100
            return [
                count.name, "\(count.count)",
                "\(ReleaseFacts.short((share * 10).rounded() / 10)) %",
            ]
        }
        parts.append(.table([name, "labels", "share"], rows))
        more(counts.count)
    }

    private mutating func more(_ count: Int) {
        if count > Self.rowsMax { parts.append(.text("… and \(count - Self.rowsMax) more.")) }
    }

    private mutating func people(_ facts: ReleaseFacts) {
        let total = facts.check.commitment.labels
        parts.append(.heading("Who labelled, and by what"))
        counts("company", facts.companies, of: total)
        parts.append(
            .text(
                facts.authors.isEmpty
                    ? "No label names its author."
                    : "\(facts.authors.count) people are named as authors, of "
                        + "\(facts.authors.reduce(0) { $0 + $1.count }) labels."))
        counts("made by", facts.sources, of: total)
        let examined = facts.examined.map { [$0.name, "\($0.count)"] }
        parts.append(
            examined.isEmpty
                ? .text(
                    "No company has said that it examined an item: that nothing is labelled there says nothing."
                )
                : .table(["company", "items examined"], Array(examined.prefix(Self.rowsMax))))
    }

    private mutating func agreement(_ facts: ReleaseFacts, _ history: AgreementHistory) {
        parts.append(.heading("How far companies agree"))
        let all = facts.agreement.rows.filter { $0.raters.isEmpty && $0.className == nil }
        let rows = all.map { row in
            [
                row.measure, row.task.rawValue,
                row.figure.value.map { ReleaseFacts.short($0) } ?? row.figure.why?.words ?? "",
                row.figure.interval.map {
                    "\(ReleaseFacts.short($0.low)) to \(ReleaseFacts.short($0.high))"
                } ?? "none",
                "\(row.figure.counts.items) items, \(row.figure.counts.units) units, "
                    + "\(row.figure.counts.judgements) judgements",
            ]
        }
        parts.append(
            rows.isEmpty
                ? .text("Nobody has judged anything.")
                : .table(["measure", "of", "value", "95 % interval", "from"], rows))
        confusion(facts.agreement.confusion)
        overTime(history)
    }

    /// The two companies that differ most often.
    private mutating func confusion(_ rows: [ConfusionRow]) {
        var byPair: [[String]: [ConfusionRow]] = [:]
        for row in rows {
            byPair[[row.one, row.other, row.task.rawValue], default: []].append(row)
        }
        let pairs = byPair.sorted { one, other in
            let counts = (
                one.value.reduce(0) { $0 + $1.count }, other.value.reduce(0) { $0 + $1.count }
            )
            return counts.0 == counts.1
                ? one.key.lexicographicallyPrecedes(other.key) : counts.0 > counts.1
        }
        guard let (pair, cells) = pairs.first.map({ ($0.key, $0.value) }) else {
            parts.append(.text("No two companies have judged the same thing."))
            return
        }
        let named = cells.map { ($0.className ?? "nothing", $0.otherClass ?? "nothing", $0.count) }
        parts.append(
            .plot(
                .matrix(rows: pair[0], columns: pair[1], cells: named),
                "Which class \(pair[0]) says (rows) where \(pair[1]) says which (columns), of \(pair[2])"
            ))
    }

    private mutating func overTime(_ history: AgreementHistory) {
        let task =
            QualityTask.allCases.last { task in
                history.points.contains { $0.rows.contains { $0.task == task } }
            }
        let lines = ["percent", "krippendorff-alpha", "gwet-ac1"].compactMap {
            measure -> (String, [(Int64, Double)])? in
            let points = history.points.compactMap { point -> (Int64, Double)? in
                let row = point.rows.first { $0.measure == measure && $0.task == task }
                return row?.figure.value.map { (point.time, $0) }
            }
            return points.isEmpty ? nil : (measure, points)
        }
        guard !lines.isEmpty, let task else {
            parts.append(.text("There is no figure of agreement at two times."))
            return
        }
        parts.append(
            .plot(
                .lines(lines),
                "Agreement about \(task.rawValue) as the labels came to be, by the times that signers claim"
            ))
    }

    private mutating func limits(_ facts: ReleaseFacts) {
        parts.append(.heading("What it does not say"))
        parts.append(
            .text(
                "Times are those that signers claim; the order of entries in each log is proven, clocks are "
                    + "not. Who an author is its company says. Whether the labels are right, whether the items "
                    + "are what will be met in use, and how they were collected is not known here. Agreement is "
                    + "not truth: companies may be wrong alike."
            ))
    }

    /// A name as a shell takes it for one word and nothing else.
    private static func word(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
        }
        if isPlain, !name.hasPrefix("-") { return name }
        return "'" + InertText.line(name).replacing("'", with: "'\\''") + "'"
    }

    private mutating func check(_ facts: ReleaseFacts) {
        let (name, dataset) = (
            Self.word(facts.view.release.name), facts.check.commitment.dataset
        )
        parts.append(.heading("How to check it"))
        parts.append(
            .commands([
                "countermark release verify \(dataset) \(name) --holds",
                "countermark release prove \(dataset) \(name) -o \(name).release",
                "python3 Examples/verify-elsewhere/release.py \(name).release --leaves \(name).release.leaves "
                    + "--trust STEWARD.pem",
            ]))
        parts.append(
            .text(
                "The first on a node that holds the logs; the last with public libraries alone. All figures "
                    + "follow from the digest: whoever holds the logs gets the same sheet."))
    }
}
