/// Cells that a spreadsheet program would run as a formula when it opens a table.
///
/// Such a program takes a cell for a formula that begins with `=`, `+`, `-` or `@`, also written full width,
/// or with a tab or a line end before it; what others wrote into a key or a class could so send data away or
/// run a command. An apostrophe in front makes it text. A cell that already begins with apostrophes before such a
/// character gets one more, so that taking one away gives back what was there. Plain numbers such as `-5` stay as
/// they are: they are what they say.
package enum SpreadsheetText {
    private static let apostrophe = UInt8(ascii: "'")

    /// The text as a cell that is not run.
    package static func neutral(_ text: String) -> String {
        guard isRun(text), !isNumber(text) else { return text }
        return "'" + text
    }

    /// The text that a cell stands for.
    package static func plain(_ cell: String) -> String {
        guard cell.utf8.first == apostrophe, isRun(cell) else { return cell }
        var rest = cell[...]
        // As a scalar: an apostrophe and a combining mark after it are one character.
        rest.unicodeScalars.removeFirst()
        return String(rest)
    }

    /// True for one of the characters after any number of apostrophes.
    private static func isRun(_ text: String) -> Bool {
        guard let first = text.utf8.first(where: { $0 != apostrophe }) else { return false }
        switch first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09,
            0x0a, 0x0d:
            return true
        case 0xef:
            let scalar = text.unicodeScalars.first { $0 != "'" }
            return ["\u{ff1d}", "\u{ff0b}", "\u{ff0d}", "\u{ff20}"].contains(scalar)
        default: return false
        }
    }

    /// True for a decimal number with an optional sign, fraction and exponent.
    private static func isNumber(_ text: String) -> Bool {
        TextNumber.double(text) != nil && text.utf8.last.map { (0x30...0x39).contains($0) } == true
    }
}
