import LogStorage
import PartnerTLS
import TransparencyLog

/// What one partner may use of this node, and all of them together: one at its budget slows nobody.
///
/// Docs/Operations.md lists them; each has a test at its edge.
package enum PartnerLimits {
    // MARK: Connections

    /// Connections of one partner: a dialler uses one for its watch and a few for its calls.
    package static let connectionsPerPartner = 32
    /// Connections beyond that which still get an answer that says so, before they are closed.
    static let connectionsAnswered = 8
    /// Connections whose handshake is going on, of all addresses.
    ///
    /// Beyond, the address with the most loses its oldest: an honest handshake takes milliseconds.
    static let connectionsKnocking = 256
    /// Connections of all partners, where the system grants as many open files.
    static let connectionsInAll = 1_024
    /// Seconds for the TLS handshake: two round trips.
    static let handshakeSeconds: Int64 = 10

    // MARK: Requests

    /// Seconds from the connection's begin to its first whole request head.
    static let firstHeadSeconds: Int64 = 30
    /// Seconds between an answer and the next whole request head.
    static let idleSeconds: Int64 = 75
    /// Bytes of all headers of a request, and of one of them: ours have less than 300.
    static let headBytes = 16_384
    /// Headers of a request.
    static let headFields = 100
    /// Seconds that a body may keep this node waiting, whatever its length.
    static let bodyGraceSeconds: Int64 = 20
    /// Bytes of a body that buy it one second more: a slow line has 64 kbit/s.
    static let bodyBytesPerSecond = 8_192
    /// Bytes of any body: the largest part of a push, and some room so that the route says what is wrong.
    static let bodyBytes = pushPartBytes + (64 << 10)
    /// Seconds in which an answer makes no progress because the partner does not read.
    static let stallSeconds: Int64 = 30
    /// Seconds for which what comes behind a refused request is thrown away, so that the refusal arrives.
    static let lingerSeconds: Int64 = 5
    /// Requests at once, and a second from then on: a pull of a million single edits takes 4,000.
    static let requestsBurst = 2_000.0
    static let requestsPerSecond = 1_000.0
    /// What a call that looks through all logs counts, against one that reads a tile.
    package static let listCost = 25.0
    /// Seconds that a request beyond the rate is held back, before it is refused instead.
    static let pauseSeconds = 2.0
    /// Seconds that a refused request is held back: a flood waits for its refusals.
    package static let refusalSeconds = 1.0
    /// Watches of one partner: one for each of its processes.
    package static let watchesPerPartner = 8

    // MARK: Memory

    /// Bytes of one partner's bodies and answers that are held in memory: four of the largest tiles.
    package static let memoryBytesPerPartner = 64 << 20
    /// The same of all partners.
    package static let memoryBytesInAll = 512 << 20
    /// Bytes of a pushed body that are gathered before they are looked at.
    package static let pieceBytes = 256 << 10
    /// Bodies of one partner's requests that are on their way in: all its pushes, and as many small ones.
    package static let bodiesPerPartner = 2 * pushesPerPartner

    // MARK: Transfers

    /// How much a sender puts into one request of a push: what proxies usually let pass.
    package static let pushPartBytesSent = 8 << 20
    /// The largest request of a push that is taken.
    package static let pushPartBytes = 32 << 20
    /// The largest push in all its parts: some hundred million labels.
    package static let pushBytes = 4 << 30
    /// Pushes of one partner that are under way.
    package static let pushesPerPartner = 8
    /// Seconds after which a push without a further part is forgotten.
    package static let pushSeconds: Int64 = 900
    /// Bytes of one partner's transfers that wait on the disk until they are whole.
    static let spoolBytesPerPartner = 8 << 30
    /// The same of all partners.
    static let spoolBytesInAll = 64 << 30
    /// Bytes of the disk that transfers leave free for the node's own work.
    package static let diskBytesLeft = 512 << 20

    // MARK: Dialling

    /// The largest size of a log that is believed: entries have 36 bits in ids.
    package static let logEntries: UInt64 = 1 << 36
    /// Bytes of an answer to `/v1/logs`, and the logs in it that are looked at.
    package static let listBytes = 16 << 20
    package static let listLogs = 16_384
    /// Bytes of all checkpoints that a partner is told of at once, beyond which they come without cosignatures: so that
    /// neither the list nor the first lines of a watch are longer than a dialler takes.
    package static let toldBytes = 6 << 20
    /// Bytes of checkpoints that are kept in mind of a partner that is followed: those of 10,000 logs with 99
    /// cosignatures each.
    package static let rememberedBytes = 128 << 20
    /// Bytes of an answer to `/v1/evidence`: some hundred files.
    package static let evidenceBytes = 16 << 20
    /// Bytes of any other small answer.
    package static let answerBytes = 128 << 10
    /// Seconds after which a log that failed is tried again, while its partner is followed.
    package static let retrySeconds: Int64 = 30
    /// The longest pause before a partner that cannot be reached is dialled again.
    package static let redialSeconds: Int64 = 8
    /// Seconds after which `sync` begins with the next partner beside one that takes long.
    package static let soloSeconds: Int64 = 20
    /// Seconds that a dialler waits at most because it was told to (`Retry-After`), and how often.
    package static let patienceSeconds = 30
    package static let patienceTries = 6

    // MARK: What is told of them

    /// The limits that something is held against while the node serves: what `/metrics` calls the limit, its value,
    /// and the figure there that says how much of it is used.
    package static let listed: [(name: String, value: Int, used: String)] = [
        ("connections_per_partner", connectionsPerPartner, "countermark_partner_connections"),
        ("connections_knocking", connectionsKnocking, "countermark_connections"),
        ("connections_in_all", connectionsInAll, "countermark_connections"),
        ("watches_per_partner", watchesPerPartner, "countermark_partner_watches"),
        ("bodies_per_partner", bodiesPerPartner, "countermark_partner_bodies"),
        ("memory_bytes_per_partner", memoryBytesPerPartner, "countermark_partner_memory_bytes"),
        ("memory_bytes_in_all", memoryBytesInAll, "countermark_memory_bytes"),
        ("pushes_per_partner", pushesPerPartner, "countermark_partner_pushes"),
        ("spool_bytes_per_partner", spoolBytesPerPartner, "countermark_partner_spool_bytes"),
        ("spool_bytes_in_all", spoolBytesInAll, "countermark_spool_bytes"),
        ("disk_bytes_left", diskBytesLeft, "countermark_storage_free_bytes"),
    ]

    /// What a dialler takes of an answer at most, unless its call says less.
    package static var client: HTTPClient.Limits {
        var limits = HTTPClient.Limits()
        limits.responseBytesMax = EntryBundle.bytesMax
        limits.handshakeSeconds = handshakeSeconds
        return limits
    }
}
