/// Times as people read them, in UTC: no message shows seconds since 1970.
public enum ReadableTime {
    /// `2026-11-28 19:43 UTC`; out of reach of any calendar, what is wrong.
    public static func text(_ seconds: Int64) -> String {
        let days = floor(seconds, by: 86_400)
        guard let (year, month, day) = date(days) else { return "a time beyond any calendar" }
        let rest = seconds - days * 86_400
        return "\(two(year, 4))-\(two(month))-\(two(day)) "
            + "\(two(rest / 3_600)):\(two(rest / 60 % 60)) UTC"
    }

    /// Seconds from one time to another, whichever comes first: what somebody claims may be any number.
    public static func distance(_ one: Int64, _ other: Int64) -> UInt64 {
        one > other ? UInt64(bitPattern: one &- other) : UInt64(bitPattern: other &- one)
    }

    /// True for a time that has a date.
    public static func hasDate(_ seconds: Int64) -> Bool { date(floor(seconds, by: 86_400)) != nil }

    /// A span of time in its largest unit: `3 days`.
    public static func span(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86_400, "day"), (3_600, "hour"), (60, "minute")]
        for (size, name) in units where seconds >= size {
            let count = seconds / size
            return "\(count) \(name)\(count == 1 ? "" : "s")"
        }
        return "less than a minute"
    }

    /// Days beyond these are no dates of certificates or people.
    private static let daysMax: Int64 = 3_000_000

    /// The civil date so many days after 1970-01-01, in the calendar of Gregory.
    private static func date(_ days: Int64) -> (Int64, Int64, Int64)? {
        guard (-700_000...daysMax).contains(days) else { return nil }
        // Counted from the first of March of the year 0, so that the leap day is a year's last.
        let shifted = days + 719_468
        let era = floor(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * part + 2) / 5 + 1)
    }

    private static func floor(_ value: Int64, by size: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: size)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private static func two(_ value: Int64, _ width: Int = 2) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
