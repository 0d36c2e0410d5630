import AnnotationFormats
import LabelText

/// Public sample files that lie beside the package and are not part of it.
enum SharedFiles {
    /// The folder beside the package that holds them.
    static let root: String = {
        var parts = "\(#filePath)".split(separator: "/").map(String.init)
        while let last = parts.last, last != "Tests" {
            _ = last
            parts.removeLast()
        }
        parts.removeLast()
        let package = "/" + parts.joined(separator: "/")
        for candidate in [package + "/../shared", "/work/shared"]
        where FileSystem.isFolder(candidate) {
            return candidate
        }
        return package + "/../shared"
    }()

    static let jsonCases = root + "/vectors/json-parsing/cases.json"
    static let deepPCB = root + "/data/pcb-deeppcb"
    static let formatSamples = root + "/data/format-samples"

    static func exists(_ path: String) -> Bool { FileSystem.exists(path) }
}

/// Strict decoding of base64 for the test vectors.
func base64Decoded(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var group: UInt32 = 0
    var bits = 0
    for character in text.utf8 {
        let value: UInt32
        switch character {
        case 0x41...0x5a: value = UInt32(character) - 0x41
        case 0x61...0x7a: value = UInt32(character) - 0x61 + 26
        case 0x30...0x39: value = UInt32(character) - 0x30 + 52
        case 0x2b: value = 62
        case 0x2f: value = 63
        default: continue
        }
        group = group << 6 | value
        bits += 6
        if bits >= 8 {
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
        }
    }
    return bytes
}

/// Random numbers that a seed repeats.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
