import AnnotationModel
import CompanyHome
import Foundation
import Glibc
import PlainErrors
import Synchronization

/// How much of the disk transfers take until they are whole, by partner.
package final class SpoolAccount: Sendable {
    /// How much there may be.
    package struct Sizes {
        var perPartner = PartnerLimits.spoolBytesPerPartner
        package var inAll = PartnerLimits.spoolBytesInAll
        var left = PartnerLimits.diskBytesLeft

        package init() {}
    }

    private struct State {
        var all = 0
        var partners: [Origin: Int] = [:]
    }

    private let folder: String
    private let sizes: Sizes
    private let state = Mutex(State())

    package init(_ home: Home, _ sizes: Sizes = Sizes()) {
        (folder, self.sizes) = (home.path + "/incoming", sizes)
    }

    /// The bytes of each partner.
    package var byPartner: [Origin: Int] { state.withLock { $0.partners } }

    /// The bytes of all partners.
    package var bytesInAll: Int { state.withLock { $0.all } }

    /// Sets room aside for a partner's bytes.
    ///
    /// - Throws: ``NodeError`` where there is none.
    package func take(_ bytes: Int, for partner: Origin) throws {
        if let free = Self.free(folder), free - bytes < sizes.left {
            throw NodeError(
                .diskFull, "this node's disk has no room for the transfer",
                hint: "its operator has to make room")
        }
        try state.withLock { state in
            let own = state.partners[partner, default: 0] + bytes
            guard own <= sizes.perPartner, state.all + bytes <= sizes.inAll else {
                throw NodeError(
                    .spoolFull,
                    "transfers of \(partner) that are not whole take \(own - bytes) bytes",
                    hint: "end or finish those first")
            }
            state.partners[partner] = own
            state.all += bytes
        }
    }

    /// Gives room back.
    package func give(_ bytes: Int, of partner: Origin) {
        state.withLock { state in
            state.all -= bytes
            let left = state.partners[partner, default: 0] - bytes
            state.partners[partner] = left > 0 ? left : nil
        }
    }

    package static func free(_ folder: String) -> Int? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let (bytes, isHuge) = UInt(status.f_bavail).multipliedReportingOverflow(
            by: UInt(status.f_frsize))
        return isHuge ? .max : Int(clamping: bytes)
    }
}
