import CanonicalCBOR
import Foundation
import Testing

/// Third-party vectors beside the project; absent in a plain clone.
enum Vectors {
    static func url(_ path: String) -> URL {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let manifest = folder.appendingPathComponent("Package.swift")
            if FileManager.default.fileExists(atPath: manifest.path) { break }
        }
        return folder.deletingLastPathComponent().appendingPathComponent("shared/vectors/\(path)")
    }

    static var arePresent: Bool { FileManager.default.fileExists(atPath: url("cbor").path) }

    static func cases(_ file: String) throws -> [[String: Any]] {
        let data = try Data(contentsOf: url("cbor/\(file).json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    }

    static func bytes(_ item: [String: Any]) throws -> [UInt8] {
        if let parts = item["hexRepeat"] as? [[Any]] {
            return try parts.flatMap { part in
                let unit = try hex(#require(part[0] as? String))
                let count = try #require(part[1] as? Int)
                return Array(repeatElement(unit, count: count).joined())
            }
        }
        return try hex(#require(item["hex"] as? String))
    }

    private static func hex(_ text: String) throws -> [UInt8] {
        let digits = try text.filter { $0 != " " }.map { try #require($0.hexDigitValue) }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }
}

@Suite(
    "CBOR vectors",
    .enabled(if: Vectors.arePresent, "SKIPPED: the third-party vectors are not beside the project"))
struct CBORVectorTests {
    private func isAccepted(_ bytes: [UInt8]) -> Bool {
        guard let value = try? CBORValue(decoding: bytes) else { return false }
        return value.encoded == bytes
    }

    @Test("a strict decoder accepts exactly the deterministic items, and writes them back")
    func deterministic() throws {
        var checked = 0
        for file in ["deterministic", "well-formed", "appendix_a"] {
            for item in try Vectors.cases(file) {
                guard let expected = item["deterministic"] as? Bool else { continue }
                let bytes = try Vectors.bytes(item)
                if bytes.count >= 200, item["hexRepeat"] != nil, expected { continue }
                #expect(isAccepted(bytes) == expected, "\(file) \(item["id"] ?? "")")
                checked += 1
            }
        }
        #expect(checked > 500)
    }

    @Test("malformed items are refused")
    func malformed() throws {
        for item in try Vectors.cases("malformed") {
            let bytes = try Vectors.bytes(item)
            #expect(throws: CBORError.self, "\(item["id"] ?? "")") {
                try CBORValue(decoding: bytes)
            }
        }
    }
}

@Suite("CBOR codec")
struct CBORCodecTests {
    @Test(
        "errors name the offset",
        arguments: [
            ([0x83, 0x01, 0x18, 0x10], CBORError.notShortest(offset: 2)),
            ([0x82, 0x01], CBORError.truncated(offset: 0)),
            ([0xa2, 0x02, 0x00, 0x01, 0x00], CBORError.unorderedKey(offset: 3)),
            ([0x61, 0xff], CBORError.invalidUTF8(offset: 0)),
            ([0x9f, 0xff], CBORError.indefiniteLength(offset: 0)),
            ([0x00, 0x00], CBORError.trailingBytes(offset: 1)),
            ([0xfa, 0x3f, 0x80, 0, 0], CBORError.notShortest(offset: 0)),
        ] as [([UInt8], CBORError)])
    func located(bytes: [UInt8], expected: CBORError) {
        #expect(throws: expected) { try CBORValue(decoding: bytes) }
    }

    @Test("deep nesting is refused at the limit, not by a crash")
    func depth() {
        let deep = [UInt8](repeating: 0x81, count: 100_000) + [0]
        #expect(throws: CBORError.self) { try CBORValue(decoding: deep) }
        let atLimit = [UInt8](repeating: 0x81, count: CBORReader.depthMax) + [0]
        #expect(throws: Never.self) { try CBORValue(decoding: atLimit) }
    }

    @Test("a declared length beyond the input costs no memory")
    func declaredLength() {
        let bytes: [UInt8] = [0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        #expect(throws: CBORError.truncated(offset: 0)) { try CBORValue(decoding: bytes) }
    }

    @Test("every half-precision float is written in two bytes and read back")
    func halves() throws {
        for bits in UInt16.min...UInt16.max {
            let encoded = [0xf9, UInt8(bits >> 8), UInt8(bits & 0xff)]
            let isOtherNaN = bits & 0x7c00 == 0x7c00 && bits & 0x3ff != 0 && bits != 0x7e00
            if isOtherNaN { continue }
            #expect(try CBORValue(decoding: encoded).encoded == encoded)
        }
    }
}
