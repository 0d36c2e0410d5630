import AnnotationModel

/// Remembers what damaged logs lack, since to find it out reads all of a log.
///
/// A partner's question or a bundle costs the partner next to nothing: whoever asks again and again, or brings what is
/// of no use, takes a tenth of a core. Used on the queue of its node.
final class MendingLooks {
    /// For so many times as long as a look took there is no other one of its kind.
    private static let restAfterLook = 9
    /// The most partners and logs that are remembered.
    private static let keptMax = 4_096

    private struct Visit: Hashable {
        let log: String
        let partner: Origin
    }

    private var known: [String: (wanted: WantedBundles, until: ContinuousClock.Instant)] = [:]
    private var rests: [Visit: ContinuousClock.Instant] = [:]

    /// What is wanted of a log, as it was found out a short while ago or by `find`.
    func wanted(of log: String, _ find: () throws -> WantedBundles) rethrows -> WantedBundles {
        let start = ContinuousClock.now
        if let found = known[log], found.until > start { return found.wanted }
        if known.count >= Self.keptMax { known = [:] }
        let wanted = try find()
        known[log] = (wanted, Self.end(of: start))
        return wanted
    }

    /// Forgets what is wanted of a log: some of it may have come.
    func forget(_ log: String) { known[log] = nil }

    /// Lets a partner's bundles be looked at.
    ///
    /// - Parameter take: Looks at them, and says what is wanted then.
    /// - Returns: What `take` says; nil where the partner has brought what was of no use a short while ago.
    func look(
        at log: String, for partner: Origin, _ take: () throws -> WantedBundles
    ) rethrows -> WantedBundles? {
        let start = ContinuousClock.now
        let visit = Visit(log: log, partner: partner)
        if let until = rests[visit], until > start { return nil }
        rests[visit] = nil
        let before = known[log]?.wanted
        let wanted = try take()
        if before.map({ $0.tiles == wanted.tiles && $0.checkpoint == wanted.checkpoint }) ?? false {
            if rests.count >= Self.keptMax { rests = [:] }
            rests[visit] = Self.end(of: start)
        }
        return wanted
    }

    private static func end(of start: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        return now.advanced(by: start.duration(to: now) * restAfterLook)
    }
}
