import CountermarkNode
import Foundation
import LabelText
import PlainErrors
import Signing

/// Where a list goes on, as its answers say it: a text that means something to this list alone.
///
/// It holds a place and not a number of things to pass over, so that what was written meanwhile moves nothing. It is no
/// secret, and gives nobody anything: whoever makes one asks for what he may ask for.
struct PageCursor: Sendable {
    /// How much of the digest stands in it, in bytes.
    private static let checkBytes = 8

    /// What it was made for: a dataset's list with its filters.
    let list: String

    /// Makes the text for a place.
    func text(_ place: JSONValue) -> String {
        let bytes = Array(place.text.utf8)
        return Data(check(bytes) + bytes).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    /// The place in a text.
    ///
    /// - Throws: ``PageProblem`` for a text that this list has not made.
    func place(_ text: String) throws -> JSONValue {
        let base64 = text.replacingOccurrences(of: "-", with: "+")
            .replacingOccurrences(of: "_", with: "/")
        let padded = base64 + String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: padded), data.count > Self.checkBytes,
            case let bytes = Array(data.dropFirst(Self.checkBytes)),
            Array(data.prefix(Self.checkBytes)) == check(bytes),
            let place = try? JSONValue(parsing: bytes)
        else { throw Self.unknown }
        return place
    }

    static let unknown = PageProblem(
        .badRequest, "after is no place in this list with these filters",
        hint: "give what next said in an answer of the same list, or leave it out")

    private func check(_ bytes: [UInt8]) -> [UInt8] {
        Array(SHA256Hasher.hash(Array("\(list)\n".utf8) + bytes).bytes.prefix(Self.checkBytes))
    }
}
