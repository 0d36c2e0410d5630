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
        for (log, held) in node.disk.logs
        where log != node.origin && held.size > disk.logs[log]?.size ?? 0 {
            let needed = isHonest(log) ? held.size : cited(log, by: node)
            if needed > 0, !isShared(held, log, upTo: needed, node) { return }
        }
        func most(_ nodes: [SimulatedNode]) -> UInt64 {
            nodes.map { $0.disk.logs[node.origin]?.size ?? 0 }.max() ?? 0
        }
        let safe = most(honest.filter { $0.origin != node.origin })
        let kept = max(disk.logs[node.origin]?.size ?? 0, safe)
        if node.ownSize > kept {
            if most(nodes.filter { $0.origin != node.origin }) > safe { return }
            canonical[node.origin] = canonical[node.origin].map { Array($0.prefix(Int(kept))) }
            hasLost.insert(node.origin)
        }
        count("restores")
        note(
            "\(node.origin.short) is restored from \(node.ownSize) to \(disk.logs[node.origin]?.size ?? 0)"
        )
        // Its connections end, and what it sent and nobody has taken is gone.
        queue.removeAll { $0.to == number || $0.from == number || brings($0.message, node) }
        node.disk = disk
        forkedSizes[node.origin] = nil
        // The certificate in use is not older than the backup says, the clock goes on.
        node.ownShown = 0
        node.unheard = Set(nodes.filter { $0.origin != node.origin }.map(\.origin))
        try node.restart()
        try checkStep(node)
    }

    /// How much of a log the entries of a node have cited.
    private func cited(_ log: Origin, by node: SimulatedNode) -> UInt64 {
        let state = node.state
        return state.number(log).flatMap { state.progress(node.origin)?.cited[$0] } ?? 0
    }

    /// True if another honest node has the same first entries of a log.
    private func isShared(
        _ held: HeldLog, _ log: Origin, upTo size: UInt64, _ node: SimulatedNode
    ) -> Bool {
        honest.contains { other in
            other.origin != node.origin
                && other.disk.logs[log].map { held.shared(with: $0) >= size } ?? false
        }
    }

    private func brings(_ message: Message, _ node: SimulatedNode) -> Bool {
        switch message {
        case .request(_, .push(let batch)): batch.log == node.origin
        case .answer(_, .entries(let log, _)): log == node.origin
        default: false
        }
    }

    /// What is derived again from the disk is what was derived step by step.
    func restart(_ node: SimulatedNode) throws {
        let (before, isCurrent) = (node.state, node.state.needsRebuild == nil)
        try node.restart()
        let after = node.state
        guard isCurrent else { return }
        guard before.mark == after.mark, before.digest == after.digest,
            before.counts == after.counts
        else {
            throw LawFailure(
                "\(node.origin) has another label set after a restart: \(before.counts), now "
                    + "\(after.counts)\(before.mark == after.mark ? "" : ", and another mark")")
        }
    }

    /// Asks the oracle, unless the node still has to make its label set anew.
    func judge(_ node: SimulatedNode) throws {
        guard node.state.needsRebuild == nil else { return count("rebuilds put off") }
        try Oracle(self, node).check()
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
        for (origin, proof) in node.disk.evidence {
            if isHonest(origin) {
                throw LawFailure("\(node.origin) accuses \(origin), which is honest")
            }
            let size = node.disk.logs[origin]?.size ?? 0
            // Below the parting a node may take either history, and then goes on beyond it once.
            if let before = forkedSizes[node.origin]?[origin], before >= proof.prefix, size > before
            {
                throw LawFailure("\(node.origin) lets \(origin) grow on, of which a fork is proven")
            }
            forkedSizes[node.origin, default: [:]][origin] = size
        }
        try checkMark(node)
    }

    /// Wherever the same mark was seen, at whatever node and time, there was the same label set.
    ///
    /// Of a log with several histories the mark does not say which: that is told apart here, and is an alarm elsewhere.
    private func checkMark(_ node: SimulatedNode) throws {
        let state = node.state
        guard state.needsRebuild == nil else { return }
        var hasher = SHA256Hasher()
        hasher.update(state.mark)
        let forked = branches.filter { $0.value.count > 1 }.keys
        for origin in hasLost.union(forked).sorted() {
            hasher.update(node.disk.logs[origin].flatMap { $0.root(at: $0.size) } ?? .zero)
        }
        let mark = hasher.finish()
        guard let known = marks[mark] else {
            marks[mark] = (state.digest, state.counts, node.origin)
            return
        }
        if known.node != node.origin { count("equal marks at two nodes") }
        guard known.digest == state.digest, known.counts == state.counts else {
            throw LawFailure(
                "\(node.origin) has the mark that \(known.node) had, and another label set: "
                    + "\(state.counts), not \(known.counts)")
        }
    }

    // MARK: At the end

    func checkEnd() throws {
        for node in honest {
            try checkStep(node)
            try checkReplay(node)
            try judge(node)
            for proof in node.disk.evidence.values where !proof.isProven() {
                throw LawFailure("\(node.origin) holds evidence that does not prove itself")
            }
        }
        try checkDelivery()
        try checkWaiting()
        try checkForks()
        try checkDigests()
    }

    /// The label set that was kept as entries came is the one that the logs give from their first entry on.
    private func checkReplay(_ node: SimulatedNode) throws {
        let other = SimulatedNode(node.company, companies: companies, dataset: dataset)
        other.disk = node.disk
        try other.restart()
        guard other.state.digest == node.state.digest, other.state.counts == node.state.counts,
            other.state.mark == node.state.mark
        else {
            throw LawFailure(
                "\(node.origin) has another label set than its logs: \(node.state.counts), "
                    + "replayed \(other.state.counts)")
        }
    }

    /// What honest companies wrote has reached every honest member that may read it.
    private func checkDelivery() throws {
        for node in honest where node.ownIsComplete {
            for (origin, truth) in canonical {
                let held = node.disk.logs[origin]?.leaves.count ?? 0
                if held > truth.count {
                    throw LawFailure("\(node.origin) holds more of \(origin) than it wrote")
                }
                guard mustReach(origin, node) else { continue }
                guard held == truth.count else {
                    throw LawFailure(
                        "\(node.origin) has \(held) of the \(truth.count) entries of \(origin)")
                }
            }
        }
    }

    /// Both are members for everybody, and the log's audience includes the reader.
    func mustReach(_ origin: Origin, _ node: SimulatedNode) -> Bool {
        guard !hostile.contains(0), self.node(origin)?.ownIsComplete == true else { return false }
        return honest.allSatisfy { judge in
            judge.state.membership.isMember(origin) && judge.state.membership.isMember(node.origin)
                && judge.state.mayRead(origin, by: node.origin)
        }
    }

    func node(_ origin: Origin) -> SimulatedNode? { nodes.first { $0.origin == origin } }

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

    /// Nodes that hold the same logs, as far as these count at all, and may read the same, have the same digest.
    private func checkDigests() throws {
        var digests: [[String]: (node: Origin, digest: Digest)] = [:]
        for node in honest {
            let held = node.disk.logs.sorted { $0.key < $1.key }.map { origin, log -> String in
                let end = node.disk.evidence[origin]?.prefix
                let size = min(log.size, end ?? .max)
                let root = log.root(at: size) ?? .zero
                let isOpen = node.state.mayRead(origin, by: node.origin)
                return "\(origin) \(size) \(root.hex) \(end.map { "\($0)" } ?? "-") \(isOpen)"
            }
            if let other = digests[held] {
                count("pairs that hold the same")
                guard other.digest == node.state.digest else {
                    throw LawFailure(
                        "\(node.origin) and \(other.node) hold the same logs and another label set")
                }
            }
            digests[held] = (node.origin, node.state.digest)
        }
    }
}
