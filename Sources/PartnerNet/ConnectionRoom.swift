import AnnotationModel
import Glibc
import NIOCore
import Synchronization

/// The connections that a serving node holds open, and who has to leave where there are too many.
///
/// Nobody can be kept out by somebody else's connections: where the room is full, whoever has the most loses
/// its oldest.
package final class ConnectionRoom: Sendable {
    /// What becomes of a connection whose peer is known by now.
    package enum Welcome: Equatable {
        /// It is served.
        case served
        /// Its requests are told that there are too many connections.
        case told
        /// It is closed.
        case closed
    }

    /// How many there may be.
    package struct Sizes {
        var knocking = PartnerLimits.connectionsKnocking
        var strangers = PartnerChannel.strangersMax
        var perPartner = PartnerLimits.connectionsPerPartner
        package var told = PartnerLimits.connectionsAnswered
        package var inAll = PartnerLimits.connectionsInAll

        package init() {}
    }

    private enum Group: Hashable {
        case knocking(address: String)
        case stranger(address: String)
        case partner(Origin)

        /// Those that have a limit in common.
        var kind: Int {
            switch self {
            case .knocking: 0
            case .stranger: 1
            case .partner: 2
            }
        }
    }

    private struct Seat {
        var group: Group
        let channel: any Channel
    }

    private struct State {
        /// By number, so that the smallest is the oldest.
        var seats: [UInt64: Seat] = [:]
        var counts: [Group: Int] = [:]
        var kinds = [0, 0, 0]
        var next: UInt64 = 0

        mutating func count(_ group: Group, _ change: Int) {
            counts[group, default: 0] += change
            if counts[group] == 0 { counts[group] = nil }
            kinds[group.kind] += change
        }

        /// The oldest connection of whoever has the most of a kind.
        func oldest(of kind: Int?) -> UInt64? {
            let crowd = counts.filter { kind == nil || $0.key.kind == kind }.max {
                $0.value < $1.value
            }?.key
            return seats.filter { $0.value.group == crowd }.keys.min()
        }
    }

    private let sizes: Sizes
    private let state = Mutex(State())

    package init(_ sizes: Sizes = Sizes()) { self.sizes = sizes }

    /// Takes a connection in that has just been made.
    ///
    /// - Returns: Its number.
    func enter(_ channel: any Channel, address: String) -> UInt64 {
        let (number, leaving) = state.withLock { state -> (UInt64, [any Channel]) in
            state.next += 1
            let group = Group.knocking(address: address)
            state.seats[state.next] = Seat(group: group, channel: channel)
            state.count(group, 1)
            var leaving: [any Channel] = []
            if state.kinds[0] > sizes.knocking { leaving += Self.evict(&state, 0) }
            if state.seats.count > sizes.inAll { leaving += Self.evict(&state, nil) }
            return (state.next, leaving)
        }
        for channel in leaving { channel.close(promise: nil) }
        return number
    }

    /// Says who is at the other end of a connection: a partner, or nobody that is known.
    package func introduce(_ number: UInt64, as partner: Origin?, address: String) -> Welcome {
        let (welcome, leaving) = state.withLock { state -> (Welcome, [any Channel]) in
            guard let seat = state.seats[number] else { return (.closed, []) }
            let group = partner.map { Group.partner($0) } ?? .stranger(address: address)
            state.count(seat.group, -1)
            state.count(group, 1)
            state.seats[number]?.group = group
            guard partner != nil else {
                return (.served, state.kinds[1] > sizes.strangers ? Self.evict(&state, 1) : [])
            }
            switch state.counts[group, default: 0] {
            case ...sizes.perPartner: return (.served, [])
            case ...(sizes.perPartner + sizes.told): return (.told, [])
            default: return (.closed, [])
            }
        }
        for channel in leaving { channel.close(promise: nil) }
        return welcome
    }

    /// Forgets a connection that is closed.
    func leave(_ number: UInt64) {
        state.withLock { state in
            guard let seat = state.seats.removeValue(forKey: number) else { return }
            state.count(seat.group, -1)
        }
    }

    /// How many connections there are by partner.
    package var byPartner: [Origin: Int] {
        state.withLock { state in
            var counts: [Origin: Int] = [:]
            for case (.partner(let origin), let count) in state.counts { counts[origin] = count }
            return counts
        }
    }

    /// How many connections there are by what is known of them.
    package var byKind: [(kind: String, count: Int)] {
        let kinds = state.withLock { $0.kinds }
        return Array(zip(["knocking", "stranger", "partner"], kinds)).map { ($0.0, $0.1) }
    }

    /// How many connections there may be, of all partners.
    package var inAllMax: Int { sizes.inAll }

    private static func evict(_ state: inout State, _ kind: Int?) -> [any Channel] {
        guard let number = state.oldest(of: kind),
            let seat = state.seats.removeValue(forKey: number)
        else { return [] }
        state.count(seat.group, -1)
        return [seat.channel]
    }
}

/// How many files this process may hold open: each connection is one.
package enum OpenFiles {
    /// Files that are no connections: logs, tables, and those that are closing.
    private static let reserved = 256
    /// More than a node needs.
    private static let wanted: rlim_t = 8_192

    /// Takes as many as the system grants.
    ///
    /// - Returns: The number of connections that fit.
    package static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return reserved
        }
        if limit.rlim_cur < wanted {
            limit.rlim_cur = min(wanted, limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        let files = Int(clamping: limit.rlim_cur)
        return max(files / 4, files - reserved)
    }
}
