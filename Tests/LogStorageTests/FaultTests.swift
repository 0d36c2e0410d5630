import Signing
import Testing
import TransparencyLog

@testable import LogStorage

/// Every step that changes a disk fails once, in every way, in a script that goes through all kinds of
/// commits; after it nothing acknowledged may be missing and nothing else may be there.
@Suite("Failures at every step")
struct FaultTests {
    /// One act of the script.
    enum Act: Equatable {
        case append(UInt64)
        case flush
        case stage(UInt64)
        case publish
        case discard
        case reopen
    }

    static let scripts: [String: [Act]] = [
        "small": [
            .append(3), .append(250), .append(5), .flush, .append(2), .append(600), .reopen,
            .append(1), .flush, .append(163), .append(1),
        ],
        "large": [.append(2), .append(1_100), .append(1), .append(1_300), .reopen, .append(1_030)],
        "staged": [
            .append(7), .stage(300), .stage(40), .publish, .append(1), .stage(200), .discard,
            .append(4), .stage(520), .publish,
        ],
    ]

    /// Runs a script; stops at the first error if `isFinal`, otherwise tries the act again.
    final class Run {
        let disk: MemoryDisk
        var writer: LogWriter?
        /// The size that was acknowledged.
        var acknowledged: UInt64 = 0
        /// The size that would be acknowledged by the act under way.
        var underWay: UInt64 = 0

        init(_ disk: MemoryDisk) { self.disk = disk }

        func open() throws -> LogWriter {
            if let writer { return writer }
            let made = try SampleLog.writer(disk)
            writer = made
            return made
        }

        func perform(_ act: Act) throws {
            let writer = try open()
            switch act {
            case .append(let count):
                underWay = acknowledged + count
                if writer.size >= underWay {
                    // A failed act that the log brought about when it was opened again.
                    acknowledged = underWay
                    return
                }
                try writer.append(
                    try SampleLog.batch(acknowledged..<underWay), note: SampleLog.note)
                acknowledged = underWay
            case .flush: try writer.flush()
            case .stage(let count):
                let first = writer.stagedSize
                try writer.stage(try SampleLog.batch(first..<first + count))
                underWay = first + count
            case .publish:
                underWay = max(underWay, writer.stagedSize)
                if writer.size < underWay, writer.stagedSize > writer.size {
                    try writer.publish(note: SampleLog.note)
                }
                acknowledged = writer.size
            case .discard: try writer.discard()
            case .reopen: close()
            }
        }

        func close() {
            writer?.close()
            writer = nil
        }

        /// Stops at once, as a killed process does.
        func kill() {
            writer?.release()
            writer = nil
        }
    }

    static func steps(_ script: [Act]) throws -> Int {
        let run = Run(MemoryDisk())
        for act in script { try run.perform(act) }
        run.close()
        #expect(try SampleLog.problems(run.disk, size: run.acknowledged).isEmpty)
        return run.disk.stepCount
    }

    @Test(
        "a killed process and a lost power leave what was acknowledged",
        arguments: scripts.keys.sorted())
    func crashes(_ name: String) throws {
        let script = try #require(Self.scripts[name])
        let count = try Self.steps(script)
        for step in 1...count {
            for fault in MemoryDisk.Fault.allCases {
                let run = Run(MemoryDisk())
                run.disk.plan = (step, fault, isFinal: true)
                do {
                    for act in script {
                        try run.perform(act)
                        run.underWay = run.acknowledged
                    }
                } catch is LogStorageError {}
                run.kill()
                let place = "\(name) step \(step) \(fault)"
                try Self.check(run, run.disk.afterKill(), "\(place) kill")
                for loss in [MemoryDisk.Loss.all, .bytes, .names] {
                    try Self.check(run, run.disk.afterPowerFailure(loss), "\(place) \(loss)")
                }
                for seed in 0..<4 {
                    let loss = MemoryDisk.Loss.some(seed: UInt64(step * 8 + seed))
                    try Self.check(run, run.disk.afterPowerFailure(loss), "\(place) \(loss)")
                }
            }
        }
    }

    /// Opens a disk after a crash, compares, and goes on writing.
    static func check(_ run: Run, _ disk: MemoryDisk, _ place: String) throws {
        do {
            let writer = try SampleLog.writer(disk)
            let size = writer.size
            #expect(size == run.acknowledged || size == run.underWay, "\(place)")
            writer.close()
            let problems = try SampleLog.problems(disk, size: size)
            #expect(problems.isEmpty, "\(place): \(problems.prefix(3))")
            let again = try SampleLog.writer(disk)
            try again.append(try SampleLog.batch(size..<size + 3), note: SampleLog.note)
            again.close()
            let later = try SampleLog.problems(disk, size: size + 3)
            #expect(later.isEmpty, "\(place), then 3 more: \(later.prefix(3))")
        } catch {
            Issue.record("\(place): \(error)")
        }
    }

    @Test(
        "a step that fails once is made good by trying again",
        arguments: scripts.keys.sorted())
    func singleFailures(_ name: String) throws {
        let script = try #require(Self.scripts[name])
        let count = try Self.steps(script)
        for step in 1...count {
            for fault in MemoryDisk.Fault.allCases {
                let run = Run(MemoryDisk())
                run.disk.plan = (step, fault, isFinal: false)
                for act in script {
                    do {
                        try run.perform(act)
                    } catch {
                        try Self.retry(run, act, "\(name) step \(step) \(fault)")
                    }
                }
                run.close()
                // The last steps may have failed while closing: opening settles them.
                try SampleLog.writer(run.disk).close()
                let problems = try SampleLog.problems(run.disk, size: run.acknowledged)
                #expect(problems.isEmpty, "\(name) step \(step) \(fault): \(problems.prefix(3))")
            }
        }
    }

    static func retry(_ run: Run, _ act: Act, _ place: String) throws {
        if let writer = run.writer {
            let isOpen = (try? writer.flush()) != nil
            if isOpen {
                // A log that stays open after an error is as it was before.
                #expect(writer.size == run.acknowledged, "\(place)")
            } else {
                run.close()
            }
        }
        switch act {
        case .stage, .publish:
            // Staged entries are gone after an error; they are small enough to go in one piece.
            let writer = try run.open()
            if case .stage(let count) = act, writer.stagedSize == run.acknowledged {
                let missing = max(run.underWay, run.acknowledged) - writer.stagedSize
                if missing > 0 {
                    try writer.stage(
                        try SampleLog.batch(run.acknowledged..<run.acknowledged + missing))
                }
                try run.perform(.stage(count))
            } else if act == .publish, writer.size < run.underWay {
                try writer.stage(try SampleLog.batch(writer.size..<run.underWay))
                try run.perform(.publish)
            } else {
                try run.perform(act)
            }
        default: try run.perform(act)
        }
    }

    @Test("a full disk refuses a commit, keeps the log, and takes the commit once there is room")
    func fullDisk() throws {
        for count: UInt64 in [1, 300, 1_500] {
            let disk = MemoryDisk()
            let writer = try SampleLog.writer(disk)
            try writer.append(try SampleLog.batch(0..<250), note: SampleLog.note)
            let before = disk.contents.filter { $0.key.contains("tile") }
            disk.isFull = true
            #expect(throws: LogStorageError.self) {
                try writer.append(try SampleLog.batch(250..<250 + count), note: SampleLog.note)
            }
            #expect(writer.size == 250)
            #expect(disk.contents.filter { $0.key.contains("tile") } == before)
            disk.isFull = false
            try writer.append(try SampleLog.batch(250..<250 + count), note: SampleLog.note)
            writer.close()
            #expect(try SampleLog.problems(disk, size: 250 + count).isEmpty)
        }
    }

    @Test("a disk that fills up behind the promise takes the promise back")
    func fullBehindThePromise() throws {
        let disk = MemoryDisk()
        let writer = try SampleLog.writer(disk)
        try writer.append(try SampleLog.batch(0..<254), note: SampleLog.note)
        // Record written and synced, bundle appended; the new file of the next bundle fails, then all.
        for offset in 1...12 {
            let size = writer.size
            let trial = disk.afterKill()
            let other = try SampleLog.writer(trial)
            trial.plan = (trial.stepCount + offset, .before, isFinal: false)
            trial.isFull = false
            let failed =
                (try? other.append(try SampleLog.batch(size..<size + 4), note: SampleLog.note))
                == nil
            #expect(other.size == (failed ? size : size + 4))
            other.close()
            #expect(try SampleLog.problems(trial, size: failed ? size : size + 4).isEmpty)
        }
    }
}
