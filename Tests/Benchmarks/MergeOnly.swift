import AnnotationModel
import AnnotationStore
import Foundation
import Provenance
import Signing

@main struct MergeOnly {
    static func main() throws {
        let n = Int(CommandLine.arguments.dropFirst().first ?? "300000") ?? 300000
        var logs: [Origin: [([UInt8], Digest)]] = [:]
        func root(_ o: Origin, _ s: UInt64) -> Digest? { SHA256Hasher.hash(Array("\(o)\(s)".utf8)) }
        var bytes = 0, ops = 0
        var byteKinds: [Int: (Int, Int)] = [:]
        var t = Date()
        try Workload.generate(labels: n, rootOf: { o in let s = UInt64(logs[o]?.count ?? 0); return (s, root(o, s)!.bytes) }) { e in
            logs[e.author, default: []].append((e.payload, SHA256Hasher.hash(e.payload)))
            bytes += e.payload.count; ops += e.operations
        }
        print("generated", ops, "ops", bytes, "bytes", Double(bytes) / Double(ops), "B/op in", Date().timeIntervalSince(t))
        let path = "/tmp/mb/state.sqlite"
        for s in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + s) }
        let store = try LabelStore(path: path)
        let ds = try DatasetID("oem.example/boards")
        t = Date()
        let c0 = clock()
        var done: [Origin: Int] = [:]
        // In rounds: as sync would.
        var progress = true
        var first = true
        while progress {
            progress = false
            try store.merge(ds, rootAt: { root($0, $1) }) { merge in
                if first {
                    first = false
                    for (o, l) in logs { merge.state.noteStored(merge.logNumber(o), size: UInt64(l.count)) }
                    let p = logs[try Workload.companies()[0]]![0].0
                    try p.withUnsafeBytes { b in
                        var acts: [GovernanceAct] = []
                        var c = try ChangesetView(b).operations
                        while let op = try c.next() { if case .governance(let a) = op { acts.append(a) } }
                        merge.state.govern(acts, entry: 0)
                    }
                }
                for (o, l) in logs {
                    var i = done[o] ?? 0
                    let number = merge.logNumber(o)
                    let stop = min(l.count, i + 64)
                    while i < stop {
                        let outcome = try l[i].0.withUnsafeBytes { b in
                            let view = try ChangesetView(b)
                            try view.check()
                            return try merge.apply(VerifiedChangeset(log: number, index: UInt64(i), leafHash: l[i].1, time: 0, view: view))
                        }
                        guard case .applied = outcome else { break }
                        i += 1
                        progress = true
                    }
                    done[o] = i
                }
            }
        }
        let cpu = Double(clock() - c0) / 1e6
        let wall = Date().timeIntervalSince(t)
        try store.merge(ds, rootAt: { root($0, $1) }) { m in print(m.state.counts, m.state.digest) }
        print("merged", ops, "ops wall", wall, "cpu", cpu, "ops/cpu-s", Double(ops) / cpu)
    }
}
