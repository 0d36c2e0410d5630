import Foundation
import Glibc
import LogStorage
import SharedStore

/// What a home remembers of its store's server: the file `store-seen`.
///
/// A standby that was behind and has taken the server's place, or an older copy of its disk, may lack what was
/// confirmed. The nodes that have it give it back as soon as they see that; the others wait for them before they sign.
package struct StoreMemory {
    private struct Seen: Codable {
        let server: String
        let position: Int64
        /// When the server was another one last; Unix seconds.
        var doubted: Double
    }

    /// How long those who have something to give back are waited for, in seconds: nodes look once a second.
    private static let waitSeconds = 5.0

    private let path: String

    package init(_ home: Home) { path = home.path + "/store-seen" }

    /// Takes note of the server that answers.
    ///
    /// - Returns: Whether it may lack what was confirmed.
    package func note(_ server: StoreServer) throws -> Bool {
        let seen = try read()
        if let seen, seen.server == server.name, seen.position == server.position { return false }
        let earlier = seen.map { StoreServer(name: $0.server, position: $0.position) }
        let isOther = earlier.map { server.mayLack(whatWasThere: $0) } ?? false
        let doubted = isOther ? Date().timeIntervalSince1970 : seen?.doubted ?? 0
        let next = Seen(server: server.name, position: server.position, doubted: doubted)
        // Not synced: what a crash loses of it is a memory of the last moment.
        try JSONEncoder().encode(next).write(to: URL(fileURLWithPath: path), options: .atomic)
        return isOther
    }

    /// How long to wait before anything is signed, in seconds.
    package var secondsLeft: Double {
        guard let seen = try? read() else { return 0 }
        let left = seen.doubted + Self.waitSeconds - Date().timeIntervalSince1970
        // A clock that was set must not put it off for long.
        return min(max(left, 0), Self.waitSeconds)
    }

    private func read() throws -> Seen? {
        try DurableFile.read(path, max: 4_096).flatMap {
            try? JSONDecoder().decode(Seen.self, from: Data($0))
        }
    }
}
