/// Which of the first hundred members have cosigned a checkpoint; nobody keeps the lines of more.
struct WitnessSet: Equatable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// Members below a number.
    init(below number: Int = 0) {
        for member in 0..<min(number, 128) { insert(member) }
    }

    private init(low: UInt64, high: UInt64) { (self.low, self.high) = (low, high) }

    var count: Int { low.nonzeroBitCount + high.nonzeroBitCount }
    var isEmpty: Bool { low == 0 && high == 0 }

    func contains(_ member: Int) -> Bool {
        member < 64
            ? low >> UInt64(member) & 1 == 1 : member < 128 && high >> UInt64(member - 64) & 1 == 1
    }

    mutating func insert(_ member: Int) {
        if member < 64 { low |= 1 << UInt64(member) } else { high |= 1 << UInt64(member - 64) }
    }

    mutating func remove(_ member: Int) {
        if member < 64 {
            low &= ~(1 << UInt64(member))
        } else if member < 128 {
            high &= ~(1 << UInt64(member - 64))
        }
    }

    func union(_ other: WitnessSet) -> WitnessSet {
        WitnessSet(low: low | other.low, high: high | other.high)
    }

    func subtracting(_ other: WitnessSet) -> WitnessSet {
        WitnessSet(low: low & ~other.low, high: high & ~other.high)
    }
}
