/// Time stamps without a zone: `2013-12-15 07:50:00.000000`.
///
/// They are counted as seconds since 1970-01-01 00:00:00 of the same unknown zone, so that nothing is
/// converted; the proleptic Gregorian calendar, without leap seconds.
enum NaiveTime {
    /// The years that four digits write.
    static let secondsRange = -62_135_596_800...253_402_300_799

    /// Microseconds of a stamp; nil for anything that is no stamp.
    static func microseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes.count <= 26, bytes.count != 20 else { return nil }
        let marks: [(Int, [UInt8])] = [
            (4, [0x2d]), (7, [0x2d]), (10, [0x20, 0x54]), (13, [0x3a]), (16, [0x3a]),
        ]
        guard marks.allSatisfy({ $0.1.contains(bytes[$0.0]) }),
            let year = digits(bytes[0..<4]), let month = digits(bytes[5..<7]),
            let day = digits(bytes[8..<10]), let hour = digits(bytes[11..<13]),
            let minute = digits(bytes[14..<16]), let second = digits(bytes[17..<19]), year > 0,
            (1...12).contains(month), (1...days(month, year)).contains(day), hour < 24,
            minute < 60, second < 60
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 19 {
            guard bytes[19] == 0x2e, let parsed = digits(bytes[20...]) else { return nil }
            fraction = parsed
            for _ in bytes.count..<26 { fraction *= 10 }
        }
        let seconds =
            dayNumber(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        return seconds * 1_000_000 + fraction
    }

    /// The stamp of microseconds; nil outside of the years that four digits write.
    static func text(_ microseconds: Int64) -> String? {
        let seconds = floorDivide(microseconds, 1_000_000)
        guard secondsRange.contains(Int(seconds)) else { return nil }
        let fraction = microseconds - seconds * 1_000_000
        let days = floorDivide(seconds, 86_400)
        let rest = seconds - days * 86_400
        let (year, month, day) = date(days)
        return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2) + " " + pad(rest / 3_600, 2)
            + ":" + pad(rest / 60 % 60, 2) + ":" + pad(rest % 60, 2) + "." + pad(fraction, 6)
    }

    private static func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        return value
    }

    private static func pad(_ value: Int64, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }

    private static func days(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01; years begin in March, so that a leap day is the last.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    private static func date(_ days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
