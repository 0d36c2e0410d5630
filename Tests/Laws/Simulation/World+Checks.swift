import AnnotationModel
import Provenance
import Signing
import TransparencyLog

extension World {
    // MARK: Restoring

    /// Puts an old backup back, where the entries that it lacks are still somewhere.
    ///
    /// No protocol brings back what nobody else has, or what only a hostile partner has and keeps to itself: see
    /// `Docs/Simulation.md`.
    func restore(_ number: Int) throws {
        let node = nodes[number]
        guard let disk = backups[number], !nodes.contains(where: { !$0.ownIsComplete }) else {
            return
        }
        for (log, held) in node.disk.logs where held.size > disk.logs[log]?.size ?? 0 {
            let others = nodes.filter { $0.origin != node.origin }
            let seen = others.map { ($0, $0.disk.logs[log]?.size ?? 0) }
            let safe = seen.filter { !hostile.contains($0.0.company.number) }.map(\.1).max() ?? 0
            let all = seen.map(\.1).max() ?? 0
            if log == node.origin {
                if all > safe { return }
                let kept = max(disk.logs[log]?.size ?? 0, safe)
                canonical[log] = canonical[log].map { Array($0.prefix(Int(kept))) }
            } else if isHonest(log), safe < held.size {
                return
            }
        }
        count("restores")
        note(
            "\(node.origin.short) is restored from \(node.ownSize) to \(disk.logs[node.origin]?.size ?? 0)"
        )
        // Its connections end, and what it sent and nobody has taken is gone.
        queue.removeAll { $0.to == number || $0.from == number || brings($0.message, node) }
        node.disk = disk
        // The certificate in use is not older than the backup says, the clock goes on.
        node.ownShown = 0
        node.unheard = Set(nodes.filter { $0.origin != node.origin }.map(\.origin))
        try node.restart()
    }

    private func brings(_ message: Message, _ node: SimulatedNode) -> Bool {
        if case .entries(let log, _, _, _) = message { return log == node.origin }
        return false
    }

    // MARK: After every step

    /// What must hold of an honest node at any time.
    func checkStep(_ node: SimulatedNode) throws {
        if let own = node.disk.logs[node.origin] {
            let truth = canonical[node.origin] ?? []
            guard own.leaves.count <= truth.count,
                Array(truth.prefix(own.leaves.count)) == own.leaves
            else {
                throw LawFailure("\(node.origin) holds an own log that it never wrote")
            }
            if node.ownIsComplete, own.leaves.count < truth.count {
                throw LawFailure(
                    "\(node.origin) has lost entries: \(own.leaves.count) of \(truth.count)")
            }
        }
        for (origin, log) in node.disk.logs {
            for leaf in log.leaves where written[leaf]?.origin != origin {
                throw LawFailure("\(node.origin) stores a forged entry of \(origin)")
            }
        }
        for origin in node.disk.evidence.keys where isHonest(origin) {
            throw LawFailure("\(node.origin) accuses \(origin), which is honest")
        }
    }

    // MARK: At the end

    func checkEnd() throws {
        for node in honest {
            try checkStep(node)
            try checkReplay(node)
            try Oracle(self, node).check()
            for proof in node.disk.evidence.values where !proof.isProven() {
                throw LawFailure("\(node.origin) holds evidence that does not prove itself")
            }
        }
        try checkLiveness()
        try checkForks()
        try checkDigests()
    }

    /// The label set that was kept as entries came is the one that the logs give from their first entry on.
    private func checkReplay(_ node: SimulatedNode) throws {
        let other = SimulatedNode(node.company, companies: companies, dataset: dataset)
        other.disk = node.disk
        try other.restart()
        guard other.state.digest == node.state.digest, other.state.counts == node.state.counts
        else {
            throw LawFailure(
                "\(node.origin) has another label set than its logs: \(node.state.counts), "
                    + "replayed \(other.state.counts)")
        }
    }

    /// What honest companies wrote has reached every honest member that may read it, and is applied.
    private func checkLiveness() throws {
        for node in honest where node.ownIsComplete {
            for (origin, truth) in canonical {
                let held = node.disk.logs[origin]
                if let held, held.leaves.count > truth.count {
                    throw LawFailure("\(node.origin) holds more of \(origin) than it wrote")
                }
                guard mustReach(origin, node) else { continue }
                let size = held?.leaves.count ?? 0
                guard size == truth.count else {
                    throw LawFailure(
                        "\(node.origin) has \(size) of the \(truth.count) entries of \(origin)")
                }
                let applied = node.state.progress(origin)?.applied ?? 0
                if Int(applied) != size, isHeldUp(node) {
                    count("logs held up by entries that are withheld")
                    continue
                }
                guard Int(applied) == size else {
                    throw LawFailure(
                        "\(node.origin) has applied \(applied) of \(size) entries of \(origin)")
                }
            }
        }
    }

    /// True if some entry cites more of a held hostile log than anybody has given: it waits, and with it whatever
    /// was written in the knowledge of it while the cited log was not held at all.
    private func isHeldUp(_ node: SimulatedNode) -> Bool {
        node.disk.logs.values.contains { log in
            log.leaves.contains { leaf in
                written[leaf]?.heads.contains { head in
                    guard !isHonest(head.origin), let held = node.disk.logs[head.origin] else {
                        return false
                    }
                    return head.size > held.size
                } ?? false
            }
        }
    }

    /// Both are members for everybody, and nobody has narrowed an audience or lost a log to a fork.
    private func mustReach(_ origin: Origin, _ node: SimulatedNode) -> Bool {
        guard !hostile.contains(0), let owner = nodes.first(where: { $0.origin == origin }) else {
            return false
        }
        let judges = honest
        return judges.allSatisfy { judge in
            judge.state.membership.isMember(origin) && judge.state.membership.isMember(node.origin)
                && judge.state.mayRead(origin, by: node.origin)
                && companies.allSatisfy {
                    judge.state.mayRead($0.origin, by: node.origin)
                        && judge.state.mayRead($0.origin, by: owner.origin)
                }
        }
    }

    /// Of every fork of which two honest nodes hold different halves, all honest members hold evidence.
    private func checkForks() throws {
        for node in honest {
            for other in honest where other.origin > node.origin {
                for (origin, log) in node.disk.logs {
                    guard let half = other.disk.logs[origin],
                        log.shared(with: half) < min(log.size, half.size)
                    else { continue }
                    count("forks with two halves among honest nodes")
                    guard node.state.membership.isMember(other.origin),
                        other.state.membership.isMember(node.origin),
                        node.state.mayRead(origin, by: other.origin),
                        other.state.mayRead(origin, by: node.origin)
                    else { continue }
                    guard let one = node.disk.evidence[origin],
                        let two = other.disk.evidence[origin],
                        one.prefix == two.prefix, one.prefix <= log.shared(with: half)
                    else {
                        throw LawFailure(
                            "\(node.origin) and \(other.origin) hold two histories of \(origin) that part at "
                                + "\(log.shared(with: half)), and evidence for "
                                + "\(node.disk.evidence[origin].map { "\($0.prefix)" } ?? "none") and "
                                + "\(other.disk.evidence[origin].map { "\($0.prefix)" } ?? "none")")
                    }
                }
            }
        }
    }

    /// Nodes that hold the same logs, as far as these count at all, have the same digest.
    private func checkDigests() throws {
        var digests: [[String]: (Origin, Digest)] = [:]
        for node in honest {
            let held = node.disk.logs.sorted { $0.key < $1.key }.map { origin, log -> String in
                let end = node.disk.evidence[origin]?.prefix
                let size = min(log.size, end ?? .max)
                let root = log.root(at: size) ?? .zero
                return "\(origin) \(size) \(root.hex) \(end.map { "\($0)" } ?? "-")"
            }
            if let (other, digest) = digests[held] {
                count("pairs that hold the same")
                guard digest == node.state.digest else {
                    throw LawFailure(
                        "\(node.origin) and \(other) hold the same logs and another label set")
                }
            }
            digests[held] = (node.origin, node.state.digest)
        }
    }
}
