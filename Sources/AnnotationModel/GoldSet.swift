import CanonicalCBOR

/// Known answers about some items of a dataset, on which whoever labels them can be measured.
public struct GoldSet: Hashable, Sendable {
    /// One thing that is in an item.
    public struct Answer: Hashable, Sendable {
        /// The class.
        public let className: String
        /// Where it is.
        public let selector: Selector

        /// An answer.
        public init(className: String, selector: Selector) {
            (self.className, self.selector) = (className, selector)
        }
    }

    /// One item, and all that is in it.
    public struct Item: Hashable, Sendable {
        /// The item's key.
        public let key: String
        /// What is in it; none: nothing of the kind.
        public let answers: [Answer]

        /// An item's answers.
        public init(key: String, answers: [Answer]) {
            (self.key, self.answers) = (key, answers)
        }
    }

    /// The name, one for each set of a company.
    public let name: String
    /// The items, ascending by the bytes of their keys.
    public let items: [Item]

    /// The longest name in bytes.
    public static let nameBytesMax = 64
    /// The most items.
    public static let itemsMax = 1_024
    /// The largest encoding of all answers in bytes: half of what an entry may have, and every node keeps it.
    public static let bytesMax = 32_768
    /// The random bytes that keep anybody from guessing what was sealed.
    public static let saltBytes = 32

    /// A set of answers.
    ///
    /// - Throws: ``AnnotationModelError`` for what is beyond a limit, for an item that comes twice, and for a class or
    ///   place that no label could have.
    public init(name: String, items: [Item]) throws(AnnotationModelError) {
        guard Self.isName(name) else {
            throw .badIdentifier(
                kind: "name of a set of gold items", text: String(name.prefix(80)),
                rule: "it has 1 to \(Self.nameBytesMax) bytes")
        }
        guard (1...Self.itemsMax).contains(items.count) else {
            throw .limit(what: "the number of gold items", value: items.count, max: Self.itemsMax)
        }
        var keyed: [(order: ByteKey, item: Item)] = []
        for item in items {
            try ChangesetBuilder.checkName(item.key)
            for answer in item.answers {
                try ChangesetBuilder.checkName(answer.className)
                try answer.selector.validate()
            }
            keyed.append((ByteKey(item.key), Self.ordered(item)))
        }
        keyed.sort { $0.order < $1.order }
        for (one, next) in zip(keyed, keyed.dropFirst()) where one.order == next.order {
            throw .badIdentifier(
                kind: "list of gold items", text: String(one.item.key.prefix(80)),
                rule: "each item comes once")
        }
        (self.name, self.items) = (name, keyed.map(\.item))
        let bytes = cbor.encoded.count
        guard bytes <= Self.bytesMax else {
            throw .limit(what: "the size of all answers in bytes", value: bytes, max: Self.bytesMax)
        }
    }

    private static func isName(_ name: String) -> Bool {
        (1...nameBytesMax).contains(name.utf8.count)
    }

    /// The answers in the order of their encodings, so that one meaning has one form.
    private static func ordered(_ item: Item) -> Item {
        let sorted = item.answers.map { (key: encoded($0), answer: $0) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return Item(key: item.key, answers: sorted.map(\.answer))
    }

    private static func encoded(_ answer: Answer) -> [UInt8] {
        CBORValue.array([.text(answer.className), .bytes(answer.selector.encoded)]).encoded
    }

    /// The items as they are sealed and opened: `[[key, class, selector, class, selector…]…]`, selectors as the bytes
    /// of their encodings.
    public var cbor: CBORValue {
        .array(
            items.map { item in
                .array(
                    [.text(item.key)]
                        + item.answers.flatMap {
                            [.text($0.className), .bytes($0.selector.encoded)]
                        })
            })
    }

    /// Reads what ``cbor`` has made; nil for anything else.
    public init?(name: String, cbor: CBORValue) {
        guard Self.isName(name), let list = cbor.arrayValue,
            (1...Self.itemsMax).contains(list.count)
        else { return nil }
        var items: [Item] = []
        for value in list {
            guard let parts = value.arrayValue, let key = parts.first?.textValue,
                parts.count % 2 == 1
            else { return nil }
            var answers: [Answer] = []
            for place in stride(from: 1, to: parts.count, by: 2) {
                guard let name = parts[place].textValue, let bytes = parts[place + 1].bytesValue,
                    let selector = try? Selector(decoding: bytes)
                else { return nil }
                answers.append(Answer(className: name, selector: selector))
            }
            items.append(Item(key: key, answers: answers))
        }
        guard let read = try? GoldSet(name: name, items: items), read.cbor == cbor else {
            return nil
        }
        self = read
    }
}
