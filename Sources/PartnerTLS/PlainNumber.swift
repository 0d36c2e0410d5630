/// Reads numbers that somebody else wrote: in headers, paths, queries and answers.
///
/// Swift's own readers take signs and leading zeros, and what they return may not fit where it is used. Here
/// a number is digits alone and has a bound, so that no text from outside makes arithmetic overflow.
public enum PlainNumber {
    /// More digits than any 64-bit number has.
    private static let digitsMax = 20

    /// A plain decimal: digits alone, no sign, no space, no leading zero; nil for anything else, and above
    /// `max`.
    public static func parse(_ text: some StringProtocol, upTo max: UInt64) -> UInt64? {
        let digits = text.utf8
        guard let first = digits.first, digits.prefix(digitsMax + 1).count <= digitsMax,
            first != UInt8(ascii: "0") || digits.dropFirst().isEmpty
        else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tenfold, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (next, isBeyond) = tenfold.addingReportingOverflow(UInt64(digit - 0x30))
            guard !isTooLarge, !isBeyond, next <= max else { return nil }
            value = next
        }
        return value
    }

    /// The same for what counts bytes or seconds in memory.
    public static func parse(_ text: some StringProtocol, upTo max: Int) -> Int? {
        parse(text, upTo: UInt64(clamping: max)).flatMap { Int(exactly: $0) }
    }
}
