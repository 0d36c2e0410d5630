import Foundation

/// Finds out whether a store lets one alone be first under a name.
///
/// Many stores look whether an object is there and write it afterwards: two who write at once both succeed. For
/// bundles and tiles that does no harm, since both write the same; for what must have one writer alone it does.
/// A probe that finds nothing has shown so many races, and no more.
public struct ConditionalWriteProbe: Sendable {
    /// Who write one name at once.
    public var writers = 32
    /// How often they do.
    public var rounds = 8
    /// Told after each round how many have been run.
    public var progress: @Sendable (Int) -> Void = { _ in }

    /// What a probe has seen.
    public struct Report: Equatable, Sendable {
        /// The races that were run, each with one winner.
        public let rounds: Int
        /// The writers of each.
        public let writers: Int

        /// What a probe has seen.
        public init(rounds: Int, writers: Int) { (self.rounds, self.writers) = (rounds, writers) }
    }

    /// A probe of 8 rounds with 32 writers.
    public init() {}

    /// Runs the races, under names of their own that are removed again.
    ///
    /// - Throws: ``ObjectStoreError/raceLost(store:round:winners:writers:)``,
    ///   ``ObjectStoreError/raceOverwritten(store:round:)``, or what a call failed with.
    public func run(on store: any ObjectStore) throws(ObjectStoreError) -> Report {
        let folder = "probe/\(UInt64.random(in: 0 ... .max))-\(UInt64.random(in: 0 ... .max))"
        for round in 1...max(1, rounds) {
            let name = try ObjectName("\(folder)/\(round)")
            let outcome = Result { () throws(ObjectStoreError) in try race(round, name, store) }
            // The race's verdict counts more than whether its name could be removed.
            let removal = Result { () throws(ObjectStoreError) in try store.delete(name) }
            try outcome.get()
            try removal.get()
            progress(round)
        }
        return Report(rounds: max(1, rounds), writers: writers)
    }

    private func race(
        _ round: Int, _ name: ObjectName, _ store: any ObjectStore
    ) throws(ObjectStoreError) {
        let race = Race(writers)
        for writer in 0..<writers {
            Thread {
                race.waitForAll()
                race.finish(
                    writer,
                    Result { () throws(ObjectStoreError) in
                        try store.put(name, Self.bytes(writer))
                    })
            }.start()
        }
        var winners: [Int] = []
        for (writer, outcome) in race.outcomes() {
            switch outcome {
            case .success: winners.append(writer)
            case .failure(.otherBytes): continue
            case .failure(let error): throw error
            }
        }
        guard winners.count == 1, let winner = winners.first else {
            throw .raceLost(
                store: store.place, round: round, winners: winners.count, writers: writers)
        }
        guard try store.get(name, atMost: 64) == Self.bytes(winner) else {
            throw .raceOverwritten(store: store.place, round: round)
        }
    }

    private static func bytes(_ writer: Int) -> [UInt8] { Array("writer \(writer)".utf8) }
}

/// Lets threads go at once, and gathers what became of them.
private final class Race: @unchecked Sendable {
    // SAFETY: all that changes is touched under this condition's lock alone.
    private let condition = NSCondition()
    private let runners: Int
    private var waiting = 0
    private var finished: [Int: Result<PutOutcome, ObjectStoreError>] = [:]

    init(_ runners: Int) { self.runners = runners }

    /// Returns when all runners have come here.
    func waitForAll() {
        condition.withLock {
            waiting += 1
            if waiting == runners { condition.broadcast() }
            while waiting < runners { condition.wait() }
        }
    }

    func finish(_ runner: Int, _ outcome: Result<PutOutcome, ObjectStoreError>) {
        condition.withLock {
            finished[runner] = outcome
            if finished.count == runners { condition.broadcast() }
        }
    }

    /// What became of each, when all are done.
    func outcomes() -> [Int: Result<PutOutcome, ObjectStoreError>] {
        condition.withLock {
            while finished.count < runners { condition.wait() }
            return finished
        }
    }
}
