/// What contacts came to.
struct FanOutTally {
    /// What went over the wire for.
    enum Purpose: Int, CaseIterable { case lists, entries, cosignatures, lines, rest }

    var contacts = 0
    var requests = 0
    /// Logs that a machine was shown and had compared.
    var compared = 0
    /// Entries that somebody took.
    var taken = 0
    /// Pushes of what the partner had already.
    var echoes = 0
    var bytes = [Int](repeating: 0, count: Purpose.allCases.count)
    /// By member: what went in and out there.
    var bytesByMember: [Int]
    var requestsByMember: [Int]

    init(members: Int) {
        bytesByMember = [Int](repeating: 0, count: members)
        requestsByMember = bytesByMember
    }

    var bytesInAll: Int { bytes.reduce(0, +) }
    /// What the busiest member sends and receives.
    var bytesAtMost: Int { bytesByMember.max() ?? 0 }
    var requestsAtMost: Int { requestsByMember.max() ?? 0 }

    mutating func add(_ purpose: Purpose, _ count: Int, _ one: Int, _ other: Int) {
        bytes[purpose.rawValue] += count
        bytesByMember[one] += count
        bytesByMember[other] += count
    }

    mutating func request(_ purpose: Purpose, _ count: Int, _ one: Int, _ other: Int) {
        requests += 1
        requestsByMember[one] += 1
        requestsByMember[other] += 1
        add(purpose, count + FanOutWire.request, one, other)
    }
}
