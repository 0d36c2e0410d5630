import AnnotationModel
import CountermarkNode
import LabelText
import PlainErrors

/// The members of a request's body, each of which has to be known.
struct PageBody {
    private let members: ByteMap<JSONValue>

    /// - Throws: ``PageProblem`` for what is no object, or has other members than these.
    init(_ value: JSONValue, _ names: [String]) throws {
        guard case .object(let members) = value else {
            throw PageProblem(.badRequest, "the body is no object")
        }
        for (name, _) in members where !names.contains(name) {
            throw PageProblem(
                .badRequest, "the body has a \(name.prefix(80)), which is not known",
                hint: "it takes " + names.joined(separator: ", "))
        }
        self.members = members
    }

    /// A member; nil where it is not there, or null.
    func value(_ name: String) -> JSONValue? {
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    /// A text; nil where it is not there, or null.
    func text(_ name: String) throws -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else {
            throw PageProblem(.badRequest, "\(name) is a text")
        }
        return text
    }

    /// A text that has to be there.
    func needed(_ name: String) throws -> String {
        guard let text = try text(name), !text.isEmpty else {
            throw PageProblem(.badRequest, "the body needs \(name), a text")
        }
        return text
    }

    /// A flag.
    func flag(_ name: String) throws -> Bool {
        switch value(name) {
        case nil: return false
        case .bool(let value): return value
        default: throw PageProblem(.badRequest, "\(name) is true or false")
        }
    }

    /// The members of an object.
    func object(_ name: String) throws -> ByteMap<JSONValue>? {
        guard let value = value(name) else { return nil }
        guard case .object(let members) = value else {
            throw PageProblem(.badRequest, "\(name) is an object")
        }
        return members
    }

    /// One text under a name, or several under another.
    func texts(_ one: String, or several: String, max: Int) throws -> [String] {
        if let text = try text(one) {
            guard value(several) == nil else {
                throw PageProblem(.badRequest, "give either \(one) or \(several)")
            }
            return [text]
        }
        guard let list = value(several)?.array, (1...max).contains(list.count) else {
            throw PageProblem(.badRequest, "the body needs \(one), or up to \(max) \(several)")
        }
        return try list.map { value in
            guard let text = value.string else {
                throw PageProblem(.badRequest, "\(several) are texts")
            }
            return text
        }
    }
}
