import AnnotationModel
import CompanyHome
import DatasetReading
import Foundation
import LogStorage
import PlainErrors
import Provenance
import Replication
import Signing
import TransparencyLog

/// What carrying one log did.
public struct CarryReport: Sendable, Equatable {
    /// The log's name.
    public let log: String
    /// Entries written into the folder, or taken from it.
    public var entries: UInt64 = 0
    /// Operations in the entries taken.
    public var operations = 0
    /// Why nothing of this log was carried; nil if all is well.
    public var error: String?
}

extension Node {
    /// The part of a carried folder in which the logs lie, as HTTP serves them.
    private static let carriedLogs = "logs"
    private static let carriedEvidence = "evidence"

    /// Writes a dataset's logs into a folder, for a partner that no network reaches.
    ///
    /// The folder holds what HTTP serves: any tlog client reads it. A folder that was carried before gets what is
    /// new; a crash leaves it at its last whole checkpoint.
    ///
    /// - Parameter receiver: Whom it is for; logs outside its audience are left out. Nil stands for the owner of
    ///   the folder's next home, of whom nothing is known: then only logs that all members may read go along.
    public func carryOut(
        _ dataset: DatasetID, to folder: String, for receiver: Origin?
    ) throws -> [CarryReport] {
        try require(dataset)
        try catchUp(dataset)
        if let receiver, try unknownMember(receiver, of: dataset) != nil {
            throw NodeError.notFound(
                "member", receiver.description, hint: "see countermark dataset show \(dataset)")
        }
        var reports: [CarryReport] = []
        for member in try home.members(of: dataset) {
            try interruption?.check(
                "before \(member)/\(dataset) was carried; what was carried before is whole")
            let mayGo = try read(dataset) { merge in
                let number = merge.state.number(member) ?? 0
                return receiver.map { merge.state.mayRead(member, by: $0) }
                    ?? (merge.state.audiences[number] == nil)
            }
            guard mayGo else { continue }
            let name = "\(member)/\(dataset)"
            let target = "\(folder)/\(Self.carriedLogs)/\(name)"
            let copied = try copy(name, to: target, aside: "\(asideFolder(in: folder))/\(name)")
            if let renewed = copied.renewed { warn("\(target) was damaged: \(renewed)") }
            reports.append(CarryReport(log: name, entries: copied.new))
        }
        for file in try evidence() where file.isProven {
            guard try Self.parts(of: file.log).dataset == dataset else { continue }
            let target = "\(folder)/\(Self.carriedEvidence)"
            let name = (file.path as NSString).lastPathComponent
            guard let bytes = try DurableFile.read(file.path) else { continue }
            try DurableFile.replace("\(target)/\(name)", with: bytes)
        }
        return reports
    }

    /// Takes the logs that a folder holds, with the checks of a sync.
    ///
    /// - Throws: ``NodeError`` where the folder holds none; what concerns one log stands in its report.
    public func carryIn(from folder: String) throws -> [CarryReport] {
        let (names, unusable) = try Self.carried(folder)
        guard !names.isEmpty || !unusable.isEmpty else {
            throw NodeError(
                .nothingCarried, "\(folder) holds no logs",
                hint: "give the folder that countermark carry out wrote")
        }
        // The stewards' logs first: they pin the roots of the others.
        let order = try names.sorted {
            (try Self.isStewards($0) ? 0 : 1, $0) < (try Self.isStewards($1) ? 0 : 1, $1)
        }
        let datasets = Set(try order.map { try Self.parts(of: $0).dataset })
        for dataset in datasets { try catchUp(dataset) }
        holdNaming()
        defer { endHoldingNaming() }
        var reports = unusable
        for name in order {
            var report = CarryReport(log: name)
            do {
                try take(name, from: "\(folder)/\(Self.carriedLogs)/\(name)", &report)
            } catch {
                report.error = Self.line(error, folder)
            }
            reports.append(report)
            // What came is kept; the label table takes it with the next command.
            if interruption?.isRequested == true { return reports }
        }
        for dataset in datasets { try catchUp(dataset) }
        for (place, report) in reports.enumerated() where report.error == nil {
            do {
                try takeCosignatures(from: "\(folder)/\(Self.carriedLogs)/\(report.log)")
            } catch {
                reports[place].error = Self.line(error, folder)
            }
        }
        try takeEvidence(from: "\(folder)/\(Self.carriedEvidence)")
        let own = reports.filter { $0.log.hasPrefix("\(home.origin)/") }
        if !own.isEmpty, own.allSatisfy({ $0.error == nil }) { try home.settle() }
        return reports
    }

    private static func isStewards(_ log: String) throws -> Bool {
        let (member, dataset) = try parts(of: log)
        return member == dataset.owner
    }

    private static let carryAgain = "carry it out anew; nothing of it was taken"

    /// What is wrong with a carried log: nothing that is done to the home mends it.
    private static func line(_ error: any Error, _ folder: String) -> String {
        guard let error = error as? LogStorageError, error.path?.hasPrefix(folder) == true else {
            return PlainError.line(error)
        }
        return error.elsewhere(carryAgain)
    }

    /// The names of the logs in a folder, and what has a log's name and cannot be one; other files are passed over.
    private static func carried(_ folder: String) throws -> (
        logs: [String], unusable: [CarryReport]
    ) {
        var places = [""]
        var unusable: [CarryReport] = []
        do {
            // A log lies three folders down: member, owner, dataset.
            for depth in 1...3 {
                var below: [String] = []
                for place in places {
                    for name in try DurableFile.names(in: "\(folder)/\(carriedLogs)/\(place)") {
                        let path = place.isEmpty ? name : "\(place)/\(name)"
                        guard depth < 3 ? (try? Origin(name)) != nil : (try? parts(of: path)) != nil
                        else { continue }
                        // What leads elsewhere may change between two looks.
                        guard DurableFile.isFolder("\(folder)/\(carriedLogs)/\(path)") else {
                            var report = CarryReport(log: path)
                            report.error =
                                "\(folder)/\(carriedLogs)/\(path) is no folder; \(carryAgain)"
                            unusable.append(report)
                            continue
                        }
                        below.append(path)
                    }
                }
                places = below
            }
        } catch {
            throw NodeError(
                .nothingCarried,
                error.elsewhere("give the folder that countermark carry out wrote"),
                hint: "nothing was taken")
        }
        return (places, unusable)
    }

    private func take(_ log: String, from folder: String, _ report: inout CarryReport) throws {
        let theirs = try LogReader(directory: folder)
        guard !theirs.checkpoint.isEmpty else {
            throw NodeError(
                .damagedFile, "\(folder) has no checkpoint", hint: Self.carryAgain)
        }
        let (member, dataset) = try Self.parts(of: log)
        if try home.hasLeft(dataset) {
            throw NodeError(
                .datasetLeft,
                "\(home.origin) has left \(dataset): nothing of \(log) was taken",
                hint: "run countermark dataset join \(dataset) to take part again")
        }
        let offer = LogOffer(
            origin: log, size: theirs.size,
            checkpoint: String(decoding: theirs.checkpoint, as: UTF8.self))
        if member == home.origin { try noteShown(theirs.checkpoint, dataset) }
        switch try compare(offer, with: member).step(isOwn: member == home.origin) {
        case .rest, .give: break
        case .investigate: try settleWith(theirs, log)
        case .fetch(let from), .takeBack(let from):
            do {
                report.operations = try accept(
                    log, from: from, checkpoint: theirs.checkpoint,
                    isTakingBack: member == home.origin
                ) { try theirs.forEachBatch(from: from, to: theirs.size, $0) }
                report.entries = theirs.size - from
            } catch let error as NodeError where error.code == .doesNotExtend {
                try settleWith(theirs, log)
                throw error
            }
            // What the other logs are judged by.
            if try Self.isStewards(log) { try catchUp(dataset) }
        }
    }

    private func takeCosignatures(from folder: String) throws {
        for note in try CosignedCheckpoint.read(directory: folder).notes {
            try take(cosignatures: note)
        }
    }

    /// Another history than the one held: either it becomes evidence, or it is damage.
    private func settleWith(_ theirs: LogReader, _ log: String) throws {
        try settle(log, with: .init(checkpoint: theirs.checkpoint) { try theirs.subtree($0) })
        if try isForked(log) { throw Self.forked(log) }
        throw NodeError(
            .doesNotExtend,
            "\(theirs.directory) does not continue what is held of \(log)",
            hint: "carry it out anew; nothing of it was taken")
    }

    private func takeEvidence(from folder: String) throws {
        for name in try DurableFile.names(in: folder).sorted()
        where name.hasSuffix(".equivocation") {
            guard
                let data = try DurableFile.read(
                    "\(folder)/\(name)", max: Equivocation.bytesMax + 1)
            else { continue }
            do throws(any Error) {
                try take(evidence: String(decoding: data, as: UTF8.self), from: home.origin)
            } catch is TransparencyLogError {
                // It proves nothing, so it accuses nobody.
            }
        }
    }
}
