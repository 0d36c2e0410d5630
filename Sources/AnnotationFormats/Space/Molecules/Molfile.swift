import AnnotationModel
import LabelText

/// The figures of a molfile, V2000 or V3000, that labels refer to.
struct Molfile {
    /// The fixed columns of the counts line have room for three digits.
    static let atomsMax = 999

    private(set) var title = ""
    /// The element of each atom.
    private(set) var elements: [String] = []
    /// The atoms of each bond, from 1.
    private(set) var bonds: [(Int, Int)] = []
    /// The charges by atom, from 1, as `M  CHG` says.
    private(set) var charges: [Int: Int64] = [:]

    /// Parses the lines up to `M  END`; the refusal names the line, counted from 1.
    init(_ lines: [String]) throws(Refusal) {
        func fail(_ index: Int, _ why: String) -> Refusal {
            Refusal("line \(index + 1) of the molecule: \(why)")
        }
        guard lines.count >= 4 else { throw Refusal("the molecule ends within its header") }
        title = XMLTree.trim(lines[0])
        if lines[3].contains("V3000") {
            try readExtended(lines)
            return
        }
        guard lines[3].contains("V2000"), let atoms = Self.number(lines[3], 0),
            let bondCount = Self.number(lines[3], 3), (0...Self.atomsMax).contains(atoms),
            (0...Self.atomsMax).contains(bondCount)
        else { throw fail(3, "no V2000 counts line") }
        guard lines.count >= 4 + atoms + bondCount else {
            throw Refusal("\(atoms) atoms and \(bondCount) bonds are promised, the molecule is cut")
        }
        for index in 4..<(4 + atoms) {
            guard let element = Self.element(lines[index]) else {
                throw fail(index, "an atom has x, y, z and an element in fixed columns")
            }
            elements.append(element)
        }
        for index in (4 + atoms)..<(4 + atoms + bondCount) {
            guard let from = Self.number(lines[index], 0), let to = Self.number(lines[index], 3),
                (1...max(1, atoms)).contains(from), (1...max(1, atoms)).contains(to), atoms > 0
            else { throw fail(index, "a bond joins two atoms from 1 to \(atoms)") }
            bonds.append((from, to))
        }
        for index in (4 + atoms + bondCount)..<lines.count
        where lines[index].hasPrefix("M  CHG") {
            let words = lines[index].split(separator: " ").dropFirst(2).compactMap { Int64($0) }
            guard let count = words.first, words.count == 1 + 2 * Int(clamping: count),
                (1...8).contains(count)
            else { throw fail(index, "M  CHG needs a count up to 8 and pairs of atom and charge") }
            for pair in 0..<Int(count) {
                guard let atom = Int(exactly: words[1 + 2 * pair]),
                    (1...max(1, atoms)).contains(atom)
                else { throw fail(index, "a charge of an atom that is not there") }
                charges[atom] = words[2 + 2 * pair]
            }
        }
    }

    /// A number in a fixed column of three characters.
    private static func number(_ line: String, _ column: Int) -> Int? {
        let bytes = Array(line.utf8).dropFirst(column).prefix(3)
        return Int(XMLTree.trim(String(decoding: bytes, as: UTF8.self)))
    }

    /// The element of an atom's line: coordinates of ten characters each, which may touch, and three for the element.
    ///
    /// A line in free format, as some programs write it, is read by its blanks.
    private static func element(_ line: String) -> String? {
        let bytes = Array(line.utf8)
        guard bytes.count >= 32 else { return nil }
        let column = { (start: Int, end: Int) in
            XMLTree.trim(String(decoding: bytes[start..<min(end, bytes.count)], as: UTF8.self))
        }
        let element = column(31, 34)
        let isFixed = [0, 10, 20].allSatisfy { TextNumber.double(column($0, $0 + 10)) != nil }
        if isFixed, !element.isEmpty, !element.contains(" ") { return element }
        let words = line.split(separator: " ")
        guard words.count >= 4, words.prefix(3).allSatisfy({ TextNumber.double($0) != nil }) else {
            return nil
        }
        return String(words[3])
    }

    /// The most atoms and bonds of a V3000 molecule.
    static let extendedMax = 1 << 15

    /// V3000: lines `M  V30`, of which one that ends in `-` goes on in the next.
    private mutating func readExtended(_ lines: [String]) throws(Refusal) {
        var block = ""
        var promised: (atoms: Int, bonds: Int)?
        var indices: [Int: Int] = [:]
        var held = ""
        for (index, line) in lines.enumerated() where line.hasPrefix("M  V30 ") {
            held += String(line.dropFirst(7))
            if held.hasSuffix("-") {
                held.removeLast()
                continue
            }
            let words = held.split(separator: " ")
            held = ""
            func fail(_ why: String) -> Refusal {
                Refusal("line \(index + 1) of the molecule: \(why)")
            }
            if words.first == "BEGIN", words.count > 1 {
                block = String(words[1])
            } else if words.first == "END" {
                block = ""
            } else if words.first == "COUNTS" {
                guard words.count >= 3, let atoms = Int(words[1]), let bonds = Int(words[2]),
                    (0...Self.extendedMax).contains(atoms), (0...Self.extendedMax).contains(bonds)
                else { throw fail("no V3000 counts line") }
                promised = (atoms, bonds)
            } else if block == "ATOM" {
                guard words.count >= 6, let number = Int(words[0]), indices[number] == nil,
                    words[2...4].allSatisfy({ TextNumber.double($0) != nil })
                else { throw fail("an atom has a number, an element, x, y and z") }
                elements.append(String(words[1]))
                indices[number] = elements.count
                for word in words.dropFirst(6) where word.hasPrefix("CHG=") {
                    if let charge = Int64(word.dropFirst(4)), charge != 0 {
                        charges[elements.count] = charge
                    }
                }
            } else if block == "BOND" {
                guard words.count >= 4, let from = Int(words[2]).flatMap({ indices[$0] }),
                    let to = Int(words[3]).flatMap({ indices[$0] })
                else { throw fail("a bond joins two atoms of the molecule") }
                bonds.append((from, to))
            }
        }
        guard let promised else { throw Refusal("the molecule has no V3000 counts line") }
        guard elements.count == promised.atoms, bonds.count == promised.bonds else {
            throw Refusal(
                "\(promised.atoms) atoms and \(promised.bonds) bonds are promised, the molecule is cut"
            )
        }
    }

    // MARK: The field of an item

    /// The fields of an item that hold a molfile: parts, as far as one field holds them; nil for a longer one.
    static func fields(_ text: String) -> [String: FieldValue]? {
        var fields: [String: FieldValue] = [:]
        var rest = text.utf8[...]
        while !rest.isEmpty {
            var part = rest.prefix(SDFFormat.molfileBytesMax)
            // A part ends at the end of a line.
            if part.count < rest.count, let end = part.lastIndex(of: UInt8(ascii: "\n")) {
                part = part[...end]
            }
            guard fields.count < SDFFormat.molfilePartsMax, let taken = String(part) else {
                return nil
            }
            fields[name(fields.count)] = .text(taken)
            rest = rest.dropFirst(taken.utf8.count)
        }
        return fields
    }

    /// The molfile that the fields of an item hold.
    static func text(_ fields: [String: FieldValue]) -> String? {
        guard var text = fields[name(0)]?.text else { return nil }
        var index = 1
        while let part = fields[name(index)]?.text {
            text += part
            index += 1
        }
        return text
    }

    private static func name(_ index: Int) -> String {
        index == 0 ? SDFFormat.molfile : "\(SDFFormat.molfile).\(index + 1)"
    }

    /// Whether a field holds a part of a molfile.
    static func isField(_ name: String) -> Bool {
        name == SDFFormat.molfile
            || name.hasPrefix(SDFFormat.molfile + ".")
                && Int(name.dropFirst(SDFFormat.molfile.count + 1)) != nil
    }
}
