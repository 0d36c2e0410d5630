/// A set of whole numbers that mostly arrive in ascending order, as ids in label files do.
///
/// Ascending numbers are kept as ranges, so a million of them take a few bytes; the others go into an
/// ordinary set.
struct IdentifierSet {
    private var ranges: [ClosedRange<Int64>] = []
    private var others: Set<Int64> = []

    /// Adds a number; false if it was there.
    mutating func insert(_ value: Int64) -> Bool {
        guard let last = ranges.last else {
            ranges.append(value...value)
            return true
        }
        if value > last.upperBound {
            if value == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...value
            } else {
                ranges.append(value...value)
            }
            return true
        }
        return !isInRanges(value) && others.insert(value).inserted
    }

    /// Whether a number is there.
    func contains(_ value: Int64) -> Bool { isInRanges(value) || others.contains(value) }

    private func isInRanges(_ value: Int64) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(value)
    }
}
