import AnnotationModel
import LabelText

/// What a file says of a record and this program makes nothing of: it is kept as a field, or named.
enum KeptMember {
    /// The fields that others than the record's own members may take of those that a record has.
    private static let membersMax = RecordRule.fieldsMax - 50

    /// A member as a field, or why it cannot be one.
    enum Outcome {
        case kept(FieldValue)
        case lost(String)
    }

    /// A member as the field of a name.
    static func value(_ json: JSONValue, named name: String) -> Outcome {
        guard let value = FieldValueJSON.value(json) else {
            return .lost("nested too deeply for an attribute")
        }
        return RecordRule.problem(fields: [name: value]).map { .lost($0) } ?? .kept(value)
    }

    /// Adds the members of an object that no reader knows to the fields of a record, under a prefix; `null` and what is
    /// empty say nothing.
    static func add(
        _ json: JSONValue?, except known: ByteSet, prefix: String,
        to fields: inout [String: FieldValue], _ lost: LostMembers
    ) {
        guard case .object(let members)? = json else { return }
        for (name, member) in members.sortedByKey()
        where !LostMembers.isNothing(member) && !known.contains(name) {
            let field = prefix + name
            if fields[field] != nil { continue }
            guard fields.count < membersMax, !name.isEmpty,
                case .kept(let value) = Self.value(member, named: field)
            else {
                lost.count(name)
                continue
            }
            fields[field] = value
        }
    }

    /// The members that fields of a prefix stand for, but for those that the writer says itself.
    static func members(
        of fields: [String: FieldValue], prefix: String, except known: ByteSet
    ) -> [(name: String, field: String, value: FieldValue)] {
        fields.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }.compactMap {
            let name = String($0.key.dropFirst(prefix.count))
            return name.isEmpty || known.contains(name) ? nil : (name, $0.key, $0.value)
        }
    }
}

/// Members of a file that have no place, which is told once a file.
final class LostMembers {
    private static let namedMax = 8
    private var counts: ByteMap<Int> = [:]

    /// Counts a member that was left out.
    func count(_ name: String) { counts[String(name.prefix(60)), default: 0] += 1 }

    /// Counts the members of an object that no reader knows; `null` and what is empty say nothing.
    func count(_ json: JSONValue?, except known: ByteSet, below path: String = "") {
        guard case .object(let members)? = json else { return }
        for (name, member) in members where !known.contains(name) {
            // That something is not so is what is usual.
            if !Self.isNothing(member), member != .bool(false) { count(path + name) }
        }
    }

    /// True for a member that says nothing.
    static func isNothing(_ json: JSONValue) -> Bool {
        switch json {
        case .null: true
        case .string(let text): text.isEmpty
        case .array(let list): list.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    /// Nothing so far.
    init() {}

    /// Says what was left out, where anything was.
    func tell(_ file: String, into sink: EventSink) throws {
        if counts.isEmpty { return }
        let names = counts.sortedByKey().map { "\($0.key) (\($0.value))" }
        let more = names.count - Self.namedMax
        try sink(
            .note(
                where: file,
                why: "members without a place were left out: "
                    + names.prefix(Self.namedMax).joined(separator: ", ")
                    + (more > 0 ? " and \(more) more" : "")))
    }
}
