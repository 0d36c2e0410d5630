import Foundation
import PartnerTLS
import Testing

@Suite("Numbers from outside")
struct PlainNumberTests {
    @Test(
        "plain decimals up to the bound are read",
        arguments: [
            ("0", 0), ("7", 7), ("10", 10), ("18446744073709551615", .max),
        ] as [(String, UInt64)])
    func plain(text: String, value: UInt64) {
        #expect(PlainNumber.parse(text, upTo: UInt64.max) == value)
        #expect(PlainNumber.parse(text, upTo: value) == value)
        #expect(value == 0 || PlainNumber.parse(text, upTo: value - 1) == nil)
    }

    @Test(
        "everything else is none",
        arguments: [
            "", " ", "-", "+", "-0", "-1", "+1", "--5", "00", "01", "007", " 1", "1 ", "1\t", "1\n",
            "0x10", "1e3", "1.0", "1_000", "1,000", "١", "１", "²", "1\u{301}", "\u{0}", "1\u{0}",
            "NaN", "18446744073709551616", "99999999999999999999",
            String(repeating: "9", count: 1_000_000), String(repeating: "0", count: 21),
        ])
    func none(text: String) {
        #expect(PlainNumber.parse(text, upTo: UInt64.max) == nil)
        #expect(PlainNumber.parse(text, upTo: Int.max) == nil)
    }

    @Test("a bound in bytes is never left, and a negative one admits nothing but zero")
    func bytes() {
        #expect(PlainNumber.parse("9223372036854775807", upTo: Int.max) == .max)
        #expect(PlainNumber.parse("9223372036854775808", upTo: Int.max) == nil)
        #expect(PlainNumber.parse("1", upTo: -1) == nil)
    }

    /// Conversions between number types that cannot trap, or whose range their line shows.
    private static let allowed = [
        "Int(clamping:", "Int(exactly:", "Int(truncatingIfNeeded:", "Int32(clamping:",
        "UInt32(clamping:", "UInt64(clamping:", "Int64(clamping:", "Int64(exactly:",
        "Int(bitPattern:",
        "UInt32(bigEndian:",
        // A digit that was checked, and what UInt8 holds.
        "UInt64(digit - 0x30)", "UInt8(ascii:", "Int($1)",
        // A clock, and constants of the system.
        "Int64(Date()", "Int32(IN_", "UInt32(IN_", "UInt32(checkpoint.count)",
        // A process's own file name.
        "Int32($0)",
        // Lengths in memory and statuses of 16 bits.
        "Int(rest[", "Int(length)", "Int(list[start])", "Int(offeredCount)", "Int(written)",
        "Int(result)", "Int(head.status.code)", "UInt32(Self.protocols.count)", "Int(min(256,",
        "Int(max(0, BIO_read", "Int(max(0, result))", "UInt64(width)", "UInt(status.f_",
        "Int64(bodyBytes / limits.bodyBytesPerSecond)",
        // What OpenSSL returns.
        "Int(\n",
    ]

    @Test("no number of a request or an answer is read in another way")
    func lint() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources").standardizedFileURL
        let bare = try Regex(#"\bU?Int(8|16|32|64)?\("#)
        var looked = 0
        for folder in [
            "PartnerTLS", "PartnerNet", "CountermarkNode/Partners", "CountermarkNode/Pairing",
        ] {
            let files = try FileManager.default.contentsOfDirectory(
                at: sources.appending(path: folder), includingPropertiesForKeys: nil)
            for file in files where file.pathExtension == "swift" {
                looked += 1
                let lines = try String(contentsOf: file, encoding: .utf8).split(
                    separator: "\n", omittingEmptySubsequences: false)
                for (number, line) in lines.enumerated() {
                    let code = line.split(separator: "//", maxSplits: 1).first ?? ""
                    for match in (code + "\n").matches(of: bare) {
                        let rest = (code + "\n")[match.range.lowerBound...]
                        let isAllowed = Self.allowed.contains { rest.hasPrefix($0) }
                        #expect(
                            isAllowed,
                            """
                            \(file.lastPathComponent):\(number + 1): read it with PlainNumber, or \
                            convert it with (clamping:) or (exactly:): \(line)
                            """)
                    }
                }
            }
        }
        #expect(looked > 30)
    }
}
