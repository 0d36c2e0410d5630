import AnnotationModel
import CompanyHome
import Foundation
import Glibc
import LogStorage
import PlainErrors
import Provenance
import Replication
import Signing

/// What a partner's clock showed at a contact, beside the own clock and the time since the machine started.
struct ClockNote: Codable, Equatable {
    /// The partner's clock, in Unix seconds.
    let theirs: Int64
    /// The own clock at the same moment.
    let ours: Int64
    /// Seconds since the machine started, which nobody sets.
    let uptime: Int64
    /// Which start that was; empty where the system does not say.
    let boot: String

    /// How far the own clock is ahead of the partner's now.
    func ahead(at now: Int64, uptime: Int64, boot: String) -> Int64 {
        // Since then the partner's clock has gone on like this machine's own, whatever was set meanwhile.
        if !boot.isEmpty, boot == self.boot, uptime >= self.uptime {
            return now - (theirs + (uptime - self.uptime))
        }
        // After a start only so much is known: it cannot be earlier than it was.
        return now < theirs ? now - theirs : ours - theirs
    }
}

extension Node {
    private func clockFile(_ partner: String) -> String { "\(home.path)/contacts/\(partner).clock" }

    /// There where the operator has said that a partner's clock is the wrong one.
    private func wrongClockFile(_ partner: String) -> String {
        "\(home.path)/contacts/\(partner).wrong-clock"
    }

    private func isWrongClock(_ partner: String) -> Bool {
        access(wrongClockFile(partner), F_OK) == 0
    }

    /// Takes the operator's word that this machine's clock is right.
    ///
    /// Partners whose clocks differ by so much are asked no more, until they agree: else one that lies about the
    /// time would stop each write anew.
    private func noteClocksWrong(_ dataset: DatasetID) throws {
        for word in try clockWords(dataset) where ClockRule.judge([word]) != .agrees {
            try DurableFile.replace(wrongClockFile(word.partner), with: [])
        }
    }

    /// A note that says no more than the last one is not written anew for this long, in seconds.
    private static let clockNoteKept: Int64 = 3_600

    /// Notes what a partner's clock shows.
    func noteClock(_ partner: Origin, _ theirs: Int64) {
        let note = ClockNote(
            theirs: theirs, ours: now(), uptime: Uptime.seconds, boot: Uptime.boot ?? "")
        let (ahead, overflow) = note.ours.subtractingReportingOverflow(theirs)
        if !overflow, ahead.magnitude <= ClockRule.warnsBeyond.magnitude {
            unlink(wrongClockFile(partner.description))
        }
        if let known = clockNote(partner.description), known.boot == note.boot,
            note.uptime - known.uptime < Self.clockNoteKept,
            abs(note.theirs - known.theirs - (note.uptime - known.uptime)) <= 2
        {
            return
        }
        guard let data = try? JSONEncoder().encode(note) else { return }
        // A home whose disk is full still syncs.
        try? DurableFile.replace(clockFile(partner.description), with: Array(data))
    }

    private func clockNote(_ partner: String) -> ClockNote? {
        guard let bytes = try? DurableFile.read(clockFile(partner), max: 4_096) else { return nil }
        let note = try? JSONDecoder().decode(ClockNote.self, from: Data(bytes))
        // Times beyond any calendar are damage.
        let range: ClosedRange<Int64> = 0...(1 << 40)
        return note.flatMap { note in
            [note.theirs, note.ours, note.uptime].allSatisfy { range ~= $0 } ? note : nil
        }
    }

    /// What partners' clocks say about this node's own, as far as a dataset and the contacts know.
    public func clockWords(_ dataset: DatasetID) throws -> [ClockRule.Word] {
        let (time, uptime, boot) = (now(), Uptime.seconds, Uptime.boot ?? "")
        var words: [String: ClockRule.Word] = [:]
        for partner in try home.partners() where !isWrongClock(partner.org) {
            guard let note = clockNote(partner.org) else { continue }
            words[partner.org] = .init(
                partner: partner.org, ahead: note.ahead(at: time, uptime: uptime, boot: boot))
        }
        for log in try mergedState(dataset).logs.values
        where log.origin != home.origin && words[log.origin.description] == nil
            && !isWrongClock(log.origin.description)
        {
            words[log.origin.description] = ClockRule.word(
                of: log.origin.description, signed: log.latestTime, at: time)
        }
        return words.values.sorted { $0.partner < $1.partner }
    }

    /// The logs whose latest entries claim times far ahead of this clock: they are kept, and nothing follows from
    /// their time.
    public func timesAhead(_ dataset: DatasetID) throws -> [(log: String, seconds: Int64)] {
        let time = now()
        return try mergedState(dataset).logs.values.filter {
            $0.origin != home.origin && ClockRule.isFarAhead($0.latestTime, at: time)
        }.sorted { $0.origin < $1.origin }
            .map { ("\($0.origin)/\(dataset)", $0.latestTime - time) }
    }

    /// What an operator has to know of this node's clock.
    public struct ClockTrouble: Sendable {
        /// How far it differs, and what that means.
        public let line: String
        /// Whether nothing is signed because of it.
        public let refuses: Bool
    }

    /// How this node's clock differs from its partners', where that matters for a dataset; nil if it agrees.
    public func clockTrouble() throws -> ClockTrouble? {
        // A certificate that cannot be read is told of where it is needed.
        if let begin = try? home.certificate().notBefore, begin > now() {
            return .init(
                line: "this node's certificate begins on \(ReadableTime.text(begin)), and it is "
                    + "\(ReadableTime.text(now())) by this computer's clock; nothing is signed until the "
                    + "clock is set",
                refuses: true)
        }
        var found: ClockTrouble?
        for dataset in try home.datasets() where try !home.members(of: dataset).isEmpty {
            switch ClockRule.judge(try clockWords(dataset)) {
            case .agrees: continue
            case .warns(let word):
                found =
                    found
                    ?? .init(
                        line: "\(Self.clockWords(word)); what is signed bears this time",
                        refuses: false)
            case .refuses(let word):
                return .init(
                    line:
                        "\(Self.clockWords(word)); nothing is signed until the clock that is wrong is "
                        + "set and a partner was in contact, or --clock-is-right is given",
                    refuses: true)
            }
        }
        return found
    }

    /// Compares this node's clock with its partners' before anything is signed.
    ///
    /// - Throws: ``NodeError`` where it differs by more than a day from all of them, unless the operator says
    ///   that it is right.
    func requireClock(_ dataset: DatasetID) throws {
        switch ClockRule.judge(try clockWords(dataset)) {
        case .agrees: return
        case .warns(let word): warn(Self.clockWords(word) + "; what is signed now bears this time")
        case .refuses(let word):
            if isClockRight {
                try noteClocksWrong(dataset)
                return warn(
                    Self.clockWords(word) + "; their clocks count for nothing here until they agree"
                )
            }
            throw NodeError(
                .clockDiffers, Self.clockWords(word),
                hint:
                    "set the clock of the machine whose clock is wrong and run countermark sync; if "
                    + "this one is right, give --clock-is-right; nothing was written")
        }
    }

    private static func clockWords(_ word: ClockRule.Word) -> String {
        "this machine's clock is \(duration(word.ahead.magnitude)) "
            + "\(word.ahead > 0 ? "ahead of" : "behind") \(word.partner)'s, and no partner's agrees"
    }

    /// A duration as people say it.
    static func duration(_ seconds: UInt64) -> String {
        switch seconds {
        case 172_800...: "\(seconds / 86_400) days"
        case 7_200...: "\(seconds / 3_600) hours"
        default: "\(seconds / 60) minutes"
        }
    }
}
