import Dispatch
import Foundation
import Provenance
import Synchronization
import Testing

@Suite("Simulation of a consortium", .serialized)
struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment

    /// The seeds to run: one, a range `from-to`, or the default of continuous integration.
    static var seeds: [UInt64] {
        if let one = environment["COUNTERMARK_SIM_SEED"].flatMap(UInt64.init) { return [one] }
        let parts = (environment["COUNTERMARK_SIM_SEEDS"] ?? "1-3000").split(separator: "-")
            .compactMap { UInt64($0) }
        guard parts.count == 2, parts[0] <= parts[1] else { return [] }
        return Array(parts[0]...parts[1])
    }

    @Test("no honest node is led astray, whatever the others and the network do")
    func consortium() throws {
        let seeds = Self.seeds
        #expect(!seeds.isEmpty, "COUNTERMARK_SIM_SEEDS is FROM-TO")
        let isTraced = Self.environment["COUNTERMARK_SIM_TRACE"] == "1"
        _ = try CompanyPool.companies.get()
        let failures = Mutex<[UInt64: String]>([:])
        let figures = Mutex<[String: Int]>([:])
        let started = Date()
        DispatchQueue.concurrentPerform(iterations: seeds.count) { place in
            let seed = seeds[place]
            var world: World?
            do {
                let made = try World(seed: seed, keepsTrace: isTraced)
                world = made
                try made.run()
            } catch {
                failures.withLock { $0[seed] = "\(error)" }
            }
            let counted = world?.totals ?? [:]
            figures.withLock { $0.merge(counted, uniquingKeysWith: +) }
            if isTraced, let world { print(world.trace.joined(separator: "\n")) }
        }
        let seconds = Date().timeIntervalSince(started)
        print("simulated \(seeds.count) seeds in \(String(format: "%.1f", seconds)) s")
        for (what, count) in figures.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            print("  \(what): \(count)")
        }
        let failed = failures.withLock { $0 }
        for (seed, what) in failed.sorted(by: { $0.key < $1.key }).prefix(20) {
            Issue.record("COUNTERMARK_SIM_SEED=\(seed): \(what)")
        }
        #expect(failed.isEmpty, "\(failed.count) of \(seeds.count) seeds failed")
    }
}

extension World {
    /// What happened in the run, with what honest nodes refused.
    var totals: [String: Int] {
        var totals = figures
        for node in honest {
            for (what, count) in node.refusals { totals["refused \(what)", default: 0] += count }
            totals["entries counted or listed", default: 0] += node.state.logs.values.reduce(0) {
                $0 + Int($1.applied)
            }
            totals["evidence held", default: 0] += node.disk.evidence.count
            totals["annotations", default: 0] += node.state.counts.annotations
        }
        return totals
    }
}
