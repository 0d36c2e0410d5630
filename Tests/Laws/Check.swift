/// Something that must hold for every seed.
struct Check: Sendable {
    /// A path such as `merge/order`, to choose it by.
    let name: String
    /// What must hold, as a sentence.
    let promise: String
    /// The seeds that are run unless others are asked for.
    let seeds: ClosedRange<UInt64>
    /// Throws what is wrong with a seed.
    let run: @Sendable (_ seed: UInt64, _ record: inout Record) throws -> Void
    /// Judges what all the check's own seeds together made happen; nil where each seed stands for itself.
    var judge: (@Sendable (_ record: Record) throws -> Void)?

    static let all: [Check] =
        MergeLaws.checks + ClockLaws.checks + [
            ConsortiumCheck.check, ConsortiumCheck.restores, ConsortiumCheck.contacts,
            FanOutCheck.check,
        ]
}

/// What happened while seeds ran: a check in which little happens proves little.
struct Record: Sendable {
    /// Whether somebody wants to read events.
    var isTraced = false
    private(set) var figures: [String: Int] = [:]
    var trace: [String] = []

    mutating func count(_ what: String, _ times: Int = 1) { figures[what, default: 0] += times }

    mutating func add(_ other: [String: Int]) { figures.merge(other, uniquingKeysWith: +) }
}

/// Why a law does not hold.
struct LawFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Throws unless a condition holds.
func require(_ holds: Bool, _ what: @autoclosure () -> String) throws {
    if !holds { throw LawFailure(what()) }
}
