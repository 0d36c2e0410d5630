import AnnotationModel
import Foundation

/// When each partner was last in contact with this home, whoever dialled.
///
/// One empty file a partner, of which the time of change says all; several processes may share the folder.
public struct PartnerContacts: Sendable {
    /// A partner that was seen once and then not for so long raises an alarm.
    public static let silenceSeconds: Double = 7 * 86_400
    /// A contact within this time of the last one is not noted again.
    private static let intervalSeconds: Double = 60

    private let folder: String
    private let failures: String

    /// The contacts of a home.
    public init(_ home: Home) {
        (folder, failures) = (home.path + "/contacts", home.path + "/failures")
    }

    /// A sync that failed, and since when none has succeeded.
    public struct Failure: Codable, Sendable, Equatable {
        /// When it failed first since the last success, in Unix seconds.
        public let since: Int64
        /// When it failed last.
        public let last: Int64
        /// What went wrong last, in plain words.
        public let error: String
    }

    /// What went wrong with a partner since the last sync that succeeded; nil if nothing did.
    public func failure(_ partner: Origin) -> Failure? {
        // What is damaged is no reason to keep `status` from the rest; the next sync writes it anew.
        let text = try? WholeFile.read("\(failures)/\(partner)")
        return text.flatMap { try? JSONDecoder().decode(Failure.self, from: Data($0.utf8)) }
    }

    /// Notes how a sync with a partner went.
    ///
    /// - Parameter error: What went wrong; nil where nothing did.
    package func note(_ partner: Origin, error: String?, at time: Int64) {
        let file = "\(failures)/\(partner)"
        guard let error else {
            // Best effort, as with contacts: `status` then tells of a failure that is over.
            try? WholeFile.remove(file)
            return
        }
        try? FileManager.default.createDirectory(
            atPath: failures, withIntermediateDirectories: true)
        let failure = Failure(
            since: self.failure(partner)?.since ?? time, last: time, error: error)
        guard let data = try? JSONEncoder().encode(failure) else { return }
        try? WholeFile.replace(file, with: String(decoding: data, as: UTF8.self))
    }

    /// When a partner was last seen; nil if it never was.
    public func lastSeen(_ partner: Origin) -> Date? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(partner)")
        return attributes?[.modificationDate] as? Date
    }

    /// True if a partner has been silent for long.
    public func isSilent(_ partner: Origin, at now: Date = Date()) -> Bool {
        lastSeen(partner).map { now.timeIntervalSince($0) > Self.silenceSeconds } ?? false
    }

    /// Notes a contact.
    package func note(_ partner: Origin, at now: Date = Date()) {
        if let last = lastSeen(partner), abs(now.timeIntervalSince(last)) < Self.intervalSeconds {
            return
        }
        // A home whose disk is full still answers; `status` then shows an older time.
        let files = FileManager.default
        try? files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = files.createFile(atPath: "\(folder)/\(partner)", contents: Data())
    }
}
