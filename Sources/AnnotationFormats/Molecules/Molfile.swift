/// The figures of a V2000 molfile that labels refer to.
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
            throw Refusal("V3000 is not read; convert the molecule to V2000")
        }
        guard lines[3].contains("V2000"), let atoms = Self.number(lines[3], 0),
            let bondCount = Self.number(lines[3], 3), (0...Self.atomsMax).contains(atoms),
            (0...Self.atomsMax).contains(bondCount)
        else { throw fail(3, "no V2000 counts line") }
        guard lines.count >= 4 + atoms + bondCount else {
            throw Refusal("\(atoms) atoms and \(bondCount) bonds are promised, the molecule is cut")
        }
        for index in 4..<(4 + atoms) {
            let words = lines[index].split(separator: " ")
            guard lines[index].utf8.count >= 32, words.count >= 4,
                words.prefix(3).allSatisfy({ TextNumber.double($0) != nil })
            else { throw fail(index, "an atom has x, y, z and an element") }
            elements.append(String(words[3]))
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
}
