/// Text that does nothing where it is shown.
///
/// Keys, classes, reasons and messages are written by other companies, and a terminal obeys some of what
/// may stand in them: escape sequences move the cursor, fill the clipboard and overwrite lines; line ends make
/// one message look like two; bidirectional controls show text in another order than it has. Whatever people
/// read, on standard output, on standard error and in log lines, passes through here.
public enum InertText {
    /// One line: whatever is no plain character is written as `\u{1b}`, line ends as `\n` and `\r`.
    public static func line(_ text: String) -> String { escaped(text, keeping: []) }

    /// A text of several lines of the program's own, in which `\n` stays what it is.
    public static func lines(_ text: String) -> String { escaped(text, keeping: ["\n"]) }

    /// A JSON text of the same meaning: outside of strings there are no such characters but white space,
    /// within them `\u001b` says the same.
    public static func json(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isActive) else { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n", "\t": out.append(scalar)
            // As white space it may as well be a line end; a terminal would write over the line.
            case "\r": out.append("\n")
            case _ where isActive(scalar):
                for unit in String(Character(scalar)).utf16 {
                    let digits = String(unit, radix: 16)
                    out.append(contentsOf: "\\u".unicodeScalars)
                    out.append(
                        contentsOf: String(repeating: "0", count: 4 - digits.count).unicodeScalars)
                    out.append(contentsOf: digits.unicodeScalars)
                }
            default: out.append(scalar)
            }
        }
        return String(out)
    }

    private static func escaped(_ text: String, keeping kept: [Unicode.Scalar]) -> String {
        guard text.unicodeScalars.contains(where: { isActive($0) && !kept.contains($0) }) else {
            return text
        }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case _ where kept.contains(scalar) || !isActive(scalar): out.append(scalar)
            case "\n": out.append(contentsOf: "\\n".unicodeScalars)
            case "\r": out.append(contentsOf: "\\r".unicodeScalars)
            case "\t": out.append(contentsOf: "\\t".unicodeScalars)
            default:
                let digits = String(scalar.value, radix: 16)
                out.append(contentsOf: "\\u{\(digits)}".unicodeScalars)
            }
        }
        return String(out)
    }

    /// True for what is not simply shown: controls of both sets, line and paragraph separators, and format
    /// characters, to which bidirectional controls, invisible marks and tags belong.
    ///
    /// The two joiners and the selectors of forms stay: words of Persian, Indic and Mongolian scripts, and many
    /// pictograms, are spelt with them. What fills a place and shows nothing makes two keys look like one.
    static func isActive(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7f { return scalar.value < 0x20 }
        if scalar.value < 0xa0 { return true }
        if scalar.value == 0x200c || scalar.value == 0x200d { return false }
        switch scalar.value {
        case 0x180b...0x180d, 0x180f, 0xfe00...0xfe0f: return false
        case 0x2800: return true
        default: break
        }
        if scalar.properties.isDefaultIgnorableCodePoint
            || scalar.properties.isNoncharacterCodePoint
        {
            return true
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return false
        }
    }
}
