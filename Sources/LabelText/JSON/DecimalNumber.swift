/// A JSON number as it stands in the text: digits and a power of ten.
package struct DecimalNumber {
    /// The first nineteen significant digits.
    package var digits: UInt64 = 0
    /// The power of ten that the digits are multiplied by.
    package var exponent = 0
    package var isNegative = false
    /// True for a number without point and exponent.
    package var isWhole = true
    /// True if there were more significant digits than ``digits`` holds.
    package var isCut = false
    package var start = 0
    package var end = 0

    /// The powers of ten that a double holds exactly.
    private static let exactPowers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
    /// The powers of ten that 64 bits hold.
    private static let wholePowers: [UInt64] = {
        var powers: [UInt64] = [1]
        for _ in 1...19 { powers.append(powers[powers.count - 1] &* 10) }
        return powers
    }()

    /// The whole number, where it is one and fits.
    @inline(__always)
    package var integer: Int64? {
        guard isWhole, !isCut else { return nil }
        if isNegative {
            return digits <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- digits) : nil
        }
        return digits <= UInt64(Int64.max) ? Int64(digits) : nil
    }

    /// The nearest double, or nil where only the general algorithm can tell.
    ///
    /// Two exact ways cover what label files hold: one rounded operation on two exact doubles, and a
    /// 128-bit division whose remainder decides the last bit.
    @inline(__always)
    package var fastDouble: Double? {
        if isCut { return nil }
        if digits <= 1 << 53, exponent >= -22, exponent <= 22 {
            let value = Double(digits)
            let scaled =
                exponent < 0
                ? value / Self.exactPowers[-exponent] : value * Self.exactPowers[exponent]
            return isNegative ? -scaled : scaled
        }
        guard digits != 0 else { return isNegative ? -0.0 : 0 }
        guard exponent < 0, exponent >= -19 else { return nil }
        return divided(by: Self.wholePowers[-exponent])
    }

    private func divided(by power: UInt64) -> Double {
        let digitShift = digits.leadingZeroBitCount
        let powerShift = power.leadingZeroBitCount
        let dividend = digits << UInt64(digitShift)
        let divisor = power << UInt64(powerShift)
        // Both have their top bit set, so half the dividend is below the divisor and the quotient has
        // 63 or 64 bits: more than the 53 that are kept, and the remainder settles the rest.
        let (quotient, remainder) = divisor.dividingFullWidth((dividend >> 1, dividend << 63))
        let spare = 11 - quotient.leadingZeroBitCount
        let dropped = quotient & (1 << UInt64(spare) - 1)
        let half: UInt64 = 1 << UInt64(spare - 1)
        var kept = quotient >> UInt64(spare)
        let isAboveHalf = dropped > half || (dropped == half && remainder != 0)
        let isTie = dropped == half && remainder == 0
        if isAboveHalf || (isTie && kept & 1 == 1) { kept += 1 }
        // Between 2^-128 and 2^11, so a normal double by its bits.
        let exponent = spare - 63 - digitShift + powerShift
        let value = Double(kept) * Double(bitPattern: UInt64(1_023 + exponent) << 52)
        return isNegative ? -value : value
    }
}
