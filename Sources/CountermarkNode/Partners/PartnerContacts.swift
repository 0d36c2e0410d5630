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

    /// The contacts of a home.
    public init(_ home: Home) { folder = home.path + "/contacts" }

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
    func note(_ partner: Origin, at now: Date = Date()) {
        if let last = lastSeen(partner), abs(now.timeIntervalSince(last)) < Self.intervalSeconds {
            return
        }
        // A home whose disk is full still answers; `status` then shows an older time.
        let files = FileManager.default
        try? files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = files.createFile(atPath: "\(folder)/\(partner)", contents: Data())
    }
}
