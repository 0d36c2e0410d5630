import AnnotationModel
import AnnotationStore
import Foundation
import LabelSchema
import Provenance
import Signing

@testable import CompanyHome
@testable import CountermarkNode

/// Random numbers that follow from a seed.
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func below(_ end: Int) -> Int { Int.random(in: 0..<end, using: &self) }
}

/// A random history of several companies, the first of which is the steward.
struct History {
    let all: Companies
    let dataset: DatasetID
    let names: [String]
    private var labels: [OperationID] = []
    private var isCut = false
    private var items = 0

    init(all: Companies, dataset: DatasetID, names: [String]) {
        (self.all, self.dataset, self.names) = (all, dataset, names)
    }

    /// One step: mostly of labels, now and then of what is said about all of them.
    ///
    /// - Returns: What was done.
    mutating func step(_ chance: inout Chance) throws -> String {
        let name = names[chance.below(names.count)]
        let node = try all.node(name)
        do {
            return try step(name, node, &chance)
        } catch {
            // A reader's write, a cut member's log: what is refused is no part of the history.
            return "\(name) is refused: \(error)"
        }
    }

    private mutating func step(
        _ name: String, _ node: Node, _ chance: inout Chance
    ) throws -> String {
        switch chance.below(24) {
        case 0..<6: return try add(node, &chance)
        case 6..<12: return try change(node, &chance)
        case 12..<14: return try judge(node, &chance)
        case 14..<18:
            let other = names[chance.below(names.count)]
            try all.carry(name, to: other)
            return "\(name) is carried to \(other)"
        case 18, 19: return try sameItems(node, &chance)
        default: return try govern(&chance)
        }
    }

    private func repeatedly<R>(_ node: Node, _ body: () throws -> R) throws -> R {
        try node.repeating(body)
    }

    private mutating func add(_ node: Node, _ chance: inout Chance) throws -> String {
        let selectors: [Selector] = [
            .box(.init(x: 1.5, y: 2, width: 3, height: 4)), .wholeItem,
            .polygon([[[1, 2, 5, 2, 5, 8]]]), .interval(start: 0.5, end: 2, channels: []),
        ]
        let attributes: [[Field: FieldValue]] = [
            [:], [.named("size"): .integer(3), .named("note"): "a \u{0} \\u0000 b"],
            [.known(.confidence): 0.25, .known(.externalID): "e7", .named("ok"): true],
            [.named("list"): .array([1, "x\u{0}"]), .known(.source): "model:m@1"],
        ]
        let operations = (0...chance.below(5)).map { _ in
            AnnotationModel.Operation.addAnnotation(
                item: "\(chance.below(9)).png",
                className: ["spur", "break", "short"][chance.below(3)],
                selector: selectors[chance.below(selectors.count)],
                fields: attributes[chance.below(attributes.count)])
        }
        let author = ["anna", nil][chance.below(2)]
        labels += try repeatedly(node) { try node.write(dataset, author: author, operations) }
        return "\(node.home.origin) adds \(operations.count)"
    }

    /// A label that a node knows.
    private func known(_ node: Node, _ chance: inout Chance) throws -> OperationID? {
        let state = try node.mergedState(dataset)
        return labels.filter {
            state.progress($0.origin)?.applied ?? 0 > $0.slot.entry
        }.randomElement(using: &chance)
    }

    private func change(_ node: Node, _ chance: inout Chance) throws -> String {
        guard let id = try known(node, &chance) else { return "nothing" }
        let writes: [AnnotationModel.Operation.Write] = [
            .className(["open", "short"][chance.below(2)]),
            .selector(.box(.init(x: Double(chance.below(9)), y: 0, width: 1, height: 1))),
            .field(.known(.status), .integer(Int64(chance.below(2)))),
            .field(.named("size"), .integer(Int64(chance.below(3)))),
            .field(.known(.confidence), .float(0.5)), .field(.named("note"), .null),
            .field(.known(.author), "kim"),
        ]
        let write = writes[chance.below(writes.count)]
        try repeatedly(node) { _ = try node.write(dataset, [.set(id, [write])]) }
        return "\(node.home.origin) sets \(write) of \(id)"
    }

    private func judge(_ node: Node, _ chance: inout Chance) throws -> String {
        guard let id = try known(node, &chance) else { return "nothing" }
        let verdict = Verdict.allCases[chance.below(3)]
        // What others have suggested for it is decided, too.
        let state = try node.mergedState(dataset)
        let logs = state.logs.mapValues(\.origin)
        var targets = [id]
        if let number = state.number(id.origin) {
            let key = OperationKey(log: number, slot: id.slot)
            targets += try node.store.suggestions(key, logs).map(\.operation)
        }
        try repeatedly(node) {
            for target in targets {
                _ = try node.write(dataset, [.review(target, verdict, reason: nil)])
            }
            _ = try node.write(dataset, [.comment(id, text: "look")])
        }
        return "\(node.home.origin) says \(verdict) of \(targets)"
    }

    /// Items that have the same bytes, or not any more, and words of it.
    private mutating func sameItems(_ node: Node, _ chance: inout Chance) throws -> String {
        let (key, other) = ("\(chance.below(9)).png", "\(chance.below(9)).png")
        let content = FieldValue.bytes([UInt8](repeating: UInt8(chance.below(2)), count: 32))
        let fields: [Field: FieldValue] =
            switch chance.below(4) {
            case 0: [.known(.sameAs): .text(other), .known(.sha256): content]
            case 1: [.known(.sameAs): .null]
            default: [.known(.sha256): content]
            }
        try repeatedly(node) {
            _ = try node.write(dataset, [.setItem(key: key, fields: fields)])
        }
        return "\(node.home.origin) says \(fields) of \(key)"
    }

    /// What may change what is there already.
    private mutating func govern(_ chance: inout Chance) throws -> String {
        let steward = try all.node(names[0])
        let (member, last) = (try Origin(names[1]), try Origin(names[2]))
        switch chance.below(6) {
        case 0:
            let policy = ResolutionPolicy.allCases[chance.below(3)]
            try repeatedly(steward) { try steward.setPolicy(dataset, policy) }
            return "policy \(policy)"
        case 1:
            let role = [Role.annotator, .reviewer, .reader][chance.below(3)]
            try repeatedly(steward) {
                try steward.setMember(dataset, member, role: role, roots: [])
            }
            return "\(member) becomes \(role)"
        case 2:
            // From the first entry on: what was counted counts otherwise.
            let role = [Role.annotator, .reviewer, .reader][chance.below(3)]
            let roots = try steward.home.roots(of: member).map(\.der)
            try repeatedly(steward) {
                _ = try steward.write(
                    dataset,
                    [
                        .governance(
                            .setMember(
                                member, role: role, roots: roots, logKey: nil, fromIndex: 0))
                    ])
            }
            return "\(member) is \(role) from the beginning"
        case 3 where !isCut:
            isCut = true
            try repeatedly(steward) { try steward.cutMember(dataset, last, at: 2) }
            return "\(last) is cut"
        case 4:
            let target = ["open", "short"][chance.below(2)]
            let text = """
                {"schemaVersion":1,"title":"t","classes":[{"name":"open"},{"name":"short"},{"name":"spur"}],
                "mappings":{"break":"\(target)"}}
                """
            let schema = try LabelSchema(parsing: Array(text.utf8))
            try repeatedly(steward) { _ = try steward.setSchema(dataset, schema) }
            return "break is \(target)"
        default:
            for name in names { try all.carry(name, to: names[chance.below(names.count)]) }
            return "all are carried"
        }
    }
}
