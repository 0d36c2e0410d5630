import AnnotationModel
import Foundation
import Provenance
import Signing

/// What a dataset's rows in the company's database were made from, and all that tells whether more of the logs only
/// adds to them.
///
/// An entry that comes changes the labels that it names and no others, unless it changes what earlier entries count
/// for. So this keeps of each log what its entries counted for.
struct RowsHeads: Codable, Equatable {
    /// What concerns all labels: the rule for contested fields, who goes on for whom, the names of classes.
    let basis: String
    /// The logs by origin.
    let logs: [String: Log]

    /// One log.
    struct Log: Codable, Equatable {
        /// What stands for the log in the numbers of its labels.
        let number: Int
        /// Entries that the rows are made of.
        let applied: UInt64
        /// Entries whose acts were in force.
        let stored: UInt64
        /// More than was applied where others had merged what did not come; nil else.
        let cited: UInt64?
        /// Where evidence ended the log; nil for nowhere.
        let forkedAt: UInt64?
        /// What the entries counted for.
        let stands: String
    }

    /// What a node that does not write lacks.
    enum Order: Equatable {
        /// More of the logs is here, and it only adds.
        case after
        /// The logs are the same.
        case same
        /// Less of a log is here.
        case behind(log: String)
        /// What was there counts otherwise now.
        case otherwise
    }

    /// The heads of a state.
    ///
    /// - Parameter before: Those of which the same rows are made so far: logs keep their numbers.
    init(_ state: MergeState, mappings: [String: String], after before: RowsHeads? = nil) {
        basis = Self.basis(state, mappings)
        var logs: [String: Log] = [:]
        var next = (before?.logs.values.map(\.number).max() ?? -1) + 1
        for log in state.logs.values.sorted(by: { $0.origin < $1.origin }) where log.stored > 0 {
            let known = before?.logs[log.origin.description]?.number
            if known == nil { next += 1 }
            logs[log.origin.description] = Log(
                number: known ?? next - 1, applied: log.applied, stored: log.stored,
                cited: log.citedSize > log.applied ? log.citedSize : nil, forkedAt: log.forkedAt,
                stands: Self.stands(log, upTo: log.applied, governed: Self.governed(state), state))
        }
        self.logs = logs
    }

    /// - Returns: Nil for words that this program did not write.
    init?(_ text: String?) {
        guard let text,
            let heads = try? JSONDecoder().decode(RowsHeads.self, from: Data(text.utf8))
        else { return nil }
        self = heads
    }

    /// As it is kept.
    var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// How a state stands to these heads.
    func order(_ state: MergeState, mappings: [String: String]) -> Order {
        var isSame = true
        let governed = logs[state.dataset.owner.description]?.applied ?? 0
        for (name, kept) in logs.sorted(by: { $0.key < $1.key }) {
            guard let log = (try? Origin(name)).flatMap({ state.progress($0) }),
                log.applied >= kept.applied, log.stored >= kept.stored,
                // Who knows of no fork yet is behind those who do.
                log.forkedAt ?? .max <= kept.forkedAt ?? .max
            else { return .behind(log: "\(name)/\(state.dataset)") }
            if log.applied != kept.applied || log.stored != kept.stored { isSame = false }
        }
        if Self.basis(state, mappings) != basis { return .otherwise }
        for log in state.logs.values where log.stored > 0 {
            guard let kept = logs[log.origin.description] else {
                isSame = false
                continue
            }
            if Self.stands(log, upTo: kept.applied, governed: governed, state) != kept.stands {
                return .otherwise
            }
            // What had been merged elsewhere without being here has come after all.
            if let cited = kept.cited, cited > kept.applied, log.applied > kept.applied {
                return .otherwise
            }
        }
        return isSame ? .same : .after
    }

    /// How many entries of a log the rows are made of.
    func applied(_ origin: Origin) -> UInt64 { logs[origin.description]?.applied ?? 0 }

    /// What stands for a log in the numbers of its labels.
    ///
    /// - Throws: ``RowsDiffer`` for a log that the rows do not know.
    func number(of origin: Origin) throws -> Int {
        guard let number = logs[origin.description]?.number, (0..<Self.numbersEnd).contains(number)
        else { throw RowsDiffer() }
        return number
    }

    /// A home holds no more logs, either.
    private static let numbersEnd = 1 << 15

    /// How many entries that a state is made of some rows are not.
    ///
    /// - Parameter text: The rows' heads as they are kept.
    static func behind(_ text: String?, _ state: MergeState) -> UInt64 {
        let heads = RowsHeads(text)
        return state.logs.values.reduce(0) { behind, log in
            behind + log.applied - min(log.applied, heads?.applied(log.origin) ?? 0)
        }
    }

    private static func governed(_ state: MergeState) -> UInt64 {
        state.progress(state.dataset.owner)?.applied ?? 0
    }

    private static func basis(_ state: MergeState, _ mappings: [String: String]) -> String {
        let membership = state.membership
        var lines = ["rows 1", "policy \(membership.policy.rawValue)"]
        lines += membership.successors.map { "successor \($0.key) \($0.value)" }.sorted()
        lines += mappings.map { "class \($0.key)\n\($0.value)" }.sorted()
        return hash(lines)
    }

    /// What the first entries of a log count for: in which roles, up to where, and without which keys.
    private static func stands(
        _ log: LogProgress, upTo end: UInt64, governed: UInt64, _ state: MergeState
    ) -> String {
        var lines: [String] = []
        func add(_ index: UInt64?, _ words: String) {
            if let index, index < end { lines.append("\(words) \(index)") }
        }
        add(log.forkedAt, "forked")
        if let member = state.membership.members[log.origin] {
            add(member.cutIndex, "cut")
            for span in member.spans {
                add(span.fromIndex, "role \(span.role.map { "\($0)" } ?? "none")")
            }
            for key in member.logKeys where key.entry < governed && end > 0 {
                lines.append("key \(key.entry) \(SHA256Hasher.hash(key.key).hex)")
            }
        }
        for (key, standing) in state.keys(of: log.number).sorted(by: { $0.key < $1.key }) {
            add(standing.retiredAt, "retired \(key.hex)")
        }
        return hash(lines)
    }

    private static func hash(_ lines: [String]) -> String {
        String(SHA256Hasher.hash(Array(lines.joined(separator: "\n").utf8)).hex.prefix(32))
    }
}

/// How far rows are that are being filled.
struct RowsFill: Codable, Equatable {
    /// Entries of each log whose labels are there, by origin.
    var done: [String: UInt64] = [:]
    /// How far the logs were whose labels were put: whoever goes on has to have as much of each.
    var reached: [String: UInt64] = [:]

    init() {}

    /// - Returns: Nil for words that this program did not write.
    init?(_ text: String?) {
        guard let text,
            let fill = try? JSONDecoder().decode(RowsFill.self, from: Data(text.utf8))
        else { return nil }
        self = fill
    }

    /// As it is kept.
    var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// The log of which less is here than where labels were put from; nil where all is.
    func isAhead(of state: MergeState) -> String? {
        reached.sorted { $0.key < $1.key }.first { name, size in
            (try? Origin(name)).flatMap { state.progress($0)?.applied } ?? 0 < size
        }?.key
    }

    /// Takes note of the state that labels are put from.
    mutating func reach(_ state: MergeState) {
        for log in state.logs.values {
            let name = log.origin.description
            reached[name] = max(log.applied, reached[name] ?? 0)
        }
    }
}
