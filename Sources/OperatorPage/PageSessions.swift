import Signing
import Synchronization

/// The sessions of a node's page, in memory alone: they end with the process.
///
/// The secret in the cookie is not kept, only its digest.
final class PageSessions: Sendable {
    /// The longest session, and how long one lasts that nobody uses, in seconds.
    static let secondsMax: Int64 = 12 * 3_600
    static let idleSecondsMax: Int64 = 2 * 3_600
    /// Sessions at one time; the one that was used longest ago goes.
    static let countMax = 256
    static let cookieName = "countermark_session"

    private let sessions = Mutex<[Digest: PageSession]>([:])
    private let now: @Sendable () -> Int64

    init(now: @escaping @Sendable () -> Int64) { self.now = now }

    /// Begins a session.
    ///
    /// - Returns: What the cookie holds.
    func begin(
        _ person: String?, _ role: PageRole, isByCertificate: Bool = false
    ) throws -> (secret: String, PageSession) {
        let secret = Hex.encode(try RandomBytes.draw(32))
        let time = now()
        let session = PageSession(
            name: Hex.encode(try RandomBytes.draw(8)), person: person,
            isByCertificate: isByCertificate, role: role,
            csrf: Hex.encode(try RandomBytes.draw(32)), expires: time + Self.secondsMax,
            lastSeen: time)
        sessions.withLock { sessions in
            sessions = sessions.filter { Self.isAlive($0.value, at: time) }
            if sessions.count >= Self.countMax,
                let oldest = sessions.min(by: { $0.value.lastSeen < $1.value.lastSeen })?.key
            {
                sessions.removeValue(forKey: oldest)
            }
            sessions[Self.digest(secret)] = session
        }
        return (secret, session)
    }

    /// The session of a cookie; nil for one that is over or never was.
    func find(_ secret: String) -> PageSession? {
        let (key, time) = (Self.digest(secret), now())
        return sessions.withLock { sessions in
            guard var session = sessions[key], Self.isAlive(session, at: time) else {
                sessions.removeValue(forKey: key)
                return nil
            }
            session.lastSeen = time
            sessions[key] = session
            return session
        }
    }

    /// Whether the session of a name is not over; to ask does not use it.
    func holds(_ name: String) -> Bool {
        let time = now()
        return sessions.withLock { sessions in
            sessions.values.contains { $0.name == name && Self.isAlive($0, at: time) }
        }
    }

    func end(_ secret: String) {
        _ = sessions.withLock { $0.removeValue(forKey: Self.digest(secret)) }
    }

    /// Ends the sessions of people who may not use the page any more, and gives the others the roles that they have.
    func review(_ people: PagePeople) throws {
        let roles = Dictionary(
            try people.all().map { ($0.name, $0.role) }, uniquingKeysWith: { first, _ in first })
        sessions.withLock { sessions in
            for (key, session) in sessions {
                guard let person = session.person else { continue }
                if let role = roles[person] {
                    sessions[key]?.role = role
                } else {
                    sessions.removeValue(forKey: key)
                }
            }
        }
    }

    private static func isAlive(_ session: PageSession, at time: Int64) -> Bool {
        time < session.expires && time - session.lastSeen < idleSecondsMax
    }

    private static func digest(_ secret: String) -> Digest {
        SHA256Hasher.hash(Array(secret.utf8))
    }
}
