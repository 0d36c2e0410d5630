import AnnotationModel
import LabelText

/// One record: what the item is asked, and what is said of the responses.
struct PreferenceRecord {
    var key: String?
    var fields: [String: FieldValue] = [:]
    var label: LabelRecord

    private var members: ByteMap<JSONValue>
    /// Members that say what somebody judged; null in their place is no answer.
    private static let judgements = [
        "label", "kto_tag", "rating", "ratings", "ranking", "chosen", "rejected",
    ]

    /// - Parameter kind: What the user says that the file holds; a record that says nothing of that kind is refused.
    init(_ json: JSONValue, as kind: PreferenceFormat.Kind = .all) throws(Refusal) {
        guard case .object(let members) = json else {
            throw Refusal("a record is one JSON object")
        }
        self.members = members
        for name in Self.judgements where members[name] == .null {
            throw Refusal("\"\(name)\" is null: nobody has judged it")
        }
        let needed: [String]
        switch kind {
        case .all: needed = []
        case .pairs: needed = ["chosen", "preferred_output"]
        case .judgements: needed = ["label", "kto_tag"]
        case .answers: needed = ["output", "messages", "conversations", "completion", "response"]
        }
        guard needed.isEmpty || needed.contains(where: { members[$0] ?? .null != .null }) else {
            throw Refusal(
                "a record of \(kind.rawValue) has \(needed.joined(separator: " or ")); this one says "
                    + "nothing of that kind")
        }
        label = LabelRecord(item: "", className: "", selector: .wholeItem)
        key = try text("item")
        if key == nil { key = take("id")?.plainText }
        for name in ["system", "tools"] {
            if let value = self.members[name], value != .null, value != .string("") {
                fields[name] = try field(value, name)
            }
            self.members[name] = nil
        }
        try readResponses()
        try readMembers()
    }

    private mutating func take(_ name: String) -> JSONValue? {
        let value = members.removeValue(forKey: name)
        return value == .null ? nil : value
    }

    private mutating func text(_ name: String) throws(Refusal) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.string else { throw Refusal("\"\(name)\" must be a text") }
        return text
    }

    private func field(_ json: JSONValue, _ name: String) throws(Refusal) -> FieldValue {
        if let value = FieldValueJSON.value(json) { return value }
        throw Refusal(
            "\"\(name)\" is nested deeper than \(FieldValue.depthMax) levels; write it as text")
    }

    private mutating func readResponses() throws(Refusal) {
        if let chosen = take("chosen") ?? take("preferred_output") {
            guard let rejected = take("rejected") ?? take("non_preferred_output") else {
                throw Refusal("\"chosen\" is there and \"rejected\" is missing")
            }
            try readPair(chosen, rejected)
        } else if let responses = take("responses") {
            try readRanking(responses)
        } else if let response = take("completion") ?? take("response") {
            try setPrompt(take("prompt") ?? take("instruction"))
            try judge(try Self.response(response))
        } else if let messages = take("messages") ?? take("conversations") {
            let (prompt, last) = try Self.split(messages)
            fields["prompt"] = try field(prompt, "messages")
            try judge(last)
        } else if let output = take("output") {
            try setPrompt(take("instruction") ?? take("prompt"))
            if let input = try text("input"), !input.isEmpty { fields["input"] = .text(input) }
            try judge(try Self.response(output))
        } else {
            throw Refusal(
                "none of chosen, responses, completion, messages, conversations or output is there")
        }
    }

    /// The prompt, which is the item's.
    private mutating func setPrompt(_ json: JSONValue?) throws(Refusal) {
        guard let json else { throw Refusal("\"prompt\" is missing") }
        let isConversation = json.array.map { !$0.isEmpty && $0.allSatisfy(Self.isMessage) }
        guard json.string != nil || isConversation == true else {
            throw Refusal("\"prompt\" must be a text or a list of messages")
        }
        fields["prompt"] = try field(json, "prompt")
    }

    private mutating func readPair(
        _ chosen: JSONValue, _ rejected: JSONValue
    ) throws(Refusal) {
        label.className = PreferenceClass.pair
        var (better, worse) = (chosen, rejected)
        if let input = take("input"), let messages = input["messages"] {
            try setPrompt(messages)
            if let tools = input["tools"], tools != .null {
                fields["tools"] = try field(tools, "tools")
            }
        } else if let prompt = take("prompt") ?? take("conversations") ?? take("messages") {
            if let text = prompt.string, let pair = try Self.dialogues(chosen, rejected) {
                // The question stands in the conversations too, which say more than the text beside them.
                try setPrompt(.array(pair.shared))
                if pair.shared.last?["content"]?.string != text {
                    label.attributes["prompt"] = .text(text)
                }
                (better, worse) = (.array(pair.better), .array(pair.worse))
            } else {
                try setPrompt(prompt)
            }
        } else if let one = chosen.array, let other = rejected.array {
            let shared = zip(one, other).prefix { $0 == $1 }.count
            guard shared > 0, shared < one.count, shared < other.count else {
                throw Refusal("chosen and rejected share no prompt, or differ in nothing")
            }
            try setPrompt(.array(Array(one[..<shared])))
            (better, worse) = (.array(Array(one[shared...])), .array(Array(other[shared...])))
        } else if let one = chosen.string, let other = rejected.string {
            guard let count = Self.sharedTurns(one, other) else {
                throw Refusal("\"prompt\" is missing, and no shared turn ends in Assistant:")
            }
            fields["prompt"] = .text(Self.scalars(one, 0, count))
            better = .string(Self.scalars(one, count, nil))
            worse = .string(Self.scalars(other, count, nil))
        } else {
            throw Refusal("\"prompt\" is missing")
        }
        label.selector = .preference([
            [try Self.response(better)], [try Self.response(worse)],
        ])
    }

    private mutating func readRanking(_ responses: JSONValue) throws(Refusal) {
        try setPrompt(take("prompt") ?? take("instruction"))
        label.className = PreferenceClass.ranking
        guard let list = responses.array, !list.isEmpty, let ranks = take("ranking")?.array,
            ranks.count == list.count
        else { throw Refusal("\"ranking\" must have one figure for each of \"responses\"") }
        var groups: [Int64: [String]] = [:]
        for (response, rank) in zip(list, ranks) {
            guard let rank = rank.integer, rank > 0 else {
                throw Refusal("a rank is a whole number, 1 for the best")
            }
            groups[rank, default: []].append(try Self.response(response))
        }
        label.selector = .preference(groups.sorted { $0.key < $1.key }.map(\.value))
    }

    /// A single response: judged true or false, rated, or given as it should be.
    private mutating func judge(_ response: String) throws(Refusal) {
        label.selector = .preference([[response]])
        if let verdict = take("label") ?? take("kto_tag") {
            guard let isGood = verdict.bool else {
                throw Refusal("\"label\" must be true or false")
            }
            label.className = isGood ? PreferenceClass.desirable : PreferenceClass.undesirable
            return
        }
        guard let ratings = take("ratings") ?? take("rating") else {
            label.className = PreferenceClass.answer
            return
        }
        label.className = PreferenceClass.rating
        var named: ByteMap<JSONValue> = ["overall": ratings]
        if case .object(let members) = ratings { named = members }
        for (name, value) in named {
            guard value.double != nil else { throw Refusal("the rating \"\(name)\" is no number") }
            label.attributes["rating.\(name)"] = try field(value, name)
        }
    }

    private mutating func readMembers() throws(Refusal) {
        if let name = try text("class"), !name.isEmpty { label.className = name }
        label.author = try text("rater")
        if label.author == nil { label.author = try text("annotator") }
        if let value = take("confidence") {
            guard let number = value.double else { throw Refusal("\"confidence\" is no number") }
            label.confidence = number
        }
        if let json = take("attributes") {
            guard let own = RecordJSON.fields(json) else {
                throw Refusal("\"attributes\" must be an object of plain values")
            }
            label.attributes.merge(own) { _, new in new }
        }
        for (name, value) in members where value != .null && label.attributes[name] == nil {
            label.attributes[name] = try field(value, name)
        }
    }

    // MARK: Messages

    private static func isMessage(_ json: JSONValue) -> Bool {
        guard case .object = json else { return false }
        return json["role"]?.string != nil || json["from"]?.string != nil
    }

    /// The text of a response: a text, the content of a message, or several messages as JSON.
    static func response(_ json: JSONValue) throws(Refusal) -> String {
        if let text = json.string { return text }
        let messages = json.array ?? [json]
        guard !messages.isEmpty, messages.allSatisfy(isMessage) else {
            throw Refusal("a response must be a text, a message or a list of messages")
        }
        let plain = ["role", "content", "from", "value"]
        if messages.count == 1, case .object(let members) = messages[0],
            members.count == 2, members.keys.allSatisfy(plain.contains),
            ["assistant", "gpt"].contains(members["role"]?.string ?? members["from"]?.string ?? ""),
            let text = members["content"]?.string ?? members["value"]?.string
        {
            return text
        }
        return JSONValue.array(messages).text
    }

    /// A conversation without its last message, and that message.
    private static func split(_ json: JSONValue) throws(Refusal) -> (JSONValue, String) {
        guard let messages = json.array, messages.count >= 2, messages.allSatisfy(isMessage),
            let last = messages.last
        else { throw Refusal("a conversation has a prompt and a response, each with a role") }
        let speaker = last["role"]?.string ?? last["from"]?.string ?? ""
        guard ["assistant", "gpt", "function_call"].contains(speaker) else {
            throw Refusal("the last message is not the assistant's, so nothing is answered")
        }
        return (.array(messages.dropLast()), try response(last))
    }

    /// Two conversations with the same beginning, taken apart; nil for what is none.
    private static func dialogues(
        _ chosen: JSONValue, _ rejected: JSONValue
    ) throws(Refusal) -> (shared: [JSONValue], better: [JSONValue], worse: [JSONValue])? {
        guard let one = chosen.array, let other = rejected.array, one.allSatisfy(isMessage),
            other.allSatisfy(isMessage)
        else { return nil }
        let count = zip(one, other).prefix { $0 == $1 }.count
        guard count > 0 else { return nil }
        guard count < one.count, count < other.count else {
            throw Refusal("chosen and rejected differ in nothing")
        }
        return (Array(one[..<count]), Array(one[count...]), Array(other[count...]))
    }

    /// How many scalars two dialogues share up to the last `Assistant:`; nil for none.
    private static func sharedTurns(_ one: String, _ other: String) -> Int? {
        let shared = zip(one.unicodeScalars, other.unicodeScalars).prefix { $0 == $1 }.count
        let mark = Array("\n\nAssistant:".unicodeScalars)
        let start = Array(one.unicodeScalars.prefix(shared))
        guard start.count >= mark.count else { return nil }
        for end in stride(from: start.count, through: mark.count, by: -1)
        where start[(end - mark.count)..<end].elementsEqual(mark) {
            return end
        }
        return nil
    }

    private static func scalars(_ text: String, _ start: Int, _ end: Int?) -> String {
        let view = text.unicodeScalars.dropFirst(start)
        return String(String.UnicodeScalarView(end.map { view.prefix($0 - start) } ?? view))
    }
}
