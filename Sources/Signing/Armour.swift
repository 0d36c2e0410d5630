import CanonicalCBOR

/// A signed message as a text between two lines, for a mail or a file.
///
/// The characters are those of base64url, which no mail program changes. What stands before the first
/// and behind the last line is passed over, and so is white space and a reply's `>` at a line's start.
struct Armour {
    /// What the message is, in capitals.
    let name: String
    /// The longest text in bytes.
    let bytesMax: Int

    private static let lineLength = 64

    /// Why there is no message in a text.
    enum Problem: Error, Equatable {
        case tooLong
        case missing
        case several
        case damaged
    }

    private var header: String { "-----BEGIN COUNTERMARK \(name)-----" }
    private var footer: String { "-----END COUNTERMARK \(name)-----" }

    /// The text of a message.
    func text(_ message: [UInt8]) -> String {
        var rest = Base64.encode(message).utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: byte
            }
        }[...]
        var lines = [header]
        while !rest.isEmpty {
            lines.append(String(decoding: rest.prefix(Self.lineLength), as: UTF8.self))
            rest = rest.dropFirst(Self.lineLength)
        }
        return (lines + [footer]).joined(separator: "\n") + "\n"
    }

    /// The message in a text.
    func message(in text: String) throws(Problem) -> [UInt8] {
        guard text.utf8.count <= bytesMax else { throw .tooLong }
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            line.drop(while: { $0 == " " || $0 == "\t" || $0 == ">" })
                .reversed().drop(while: { $0 == " " || $0 == "\t" }).reversed()
        }.map { String($0) }
        guard let first = lines.firstIndex(of: header),
            let last = lines[first...].firstIndex(of: footer)
        else { throw .missing }
        guard !lines[(last + 1)...].contains(header) else { throw .several }
        var characters: [UInt8] = []
        for byte in lines[(first + 1)..<last].joined().utf8 {
            switch byte {
            case UInt8(ascii: "-"): characters.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): characters.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): throw .missing
            default: characters.append(byte)
            }
        }
        while characters.count % 4 != 0 { characters.append(UInt8(ascii: "=")) }
        guard let message = Base64.decode(characters) else { throw .damaged }
        return message
    }
}
