import AnnotationModel
import AnnotationStore
import CompanyHome
import PartnerNet
import Provenance
import Replication

/// What all that watch are told of logs: found out once for what has moved, not once for each partner and log.
///
/// With two hundred partners and as many logs, one new entry would else be looked for forty thousand times. Whom a
/// log may be told to is asked of the state anew whenever anything of its dataset has changed. Used on one queue.
final class OfferBook {
    /// What a partner was told of last.
    struct Seen: Equatable {
        fileprivate let folders: UInt64
        fileprivate let tables: Int64
        fileprivate let awaited: [DatasetID]
    }

    /// What is known of a dataset's logs.
    private struct Dataset {
        var held: [Origin] = []
        var mark: String?
        /// By reader: the logs that it may have whole, and what it is served of others; nil for no member.
        var readers: [Origin: (whole: [Origin], beginnings: [LogOffer])?] = [:]
    }

    private struct Line: Hashable {
        let log: String
        let from, size: UInt64
    }

    private let node: Node
    private let watcher: HomeWatcher
    private var datasets: [DatasetID: Dataset] = [:]
    private var order: [DatasetID] = []
    private var foldersSeen: UInt64?
    private var marks: (tables: Int64, byDataset: [DatasetID: String])?
    private var offers: [String: (version: UInt64, offer: LogOffer?)] = [:]
    private var lines: [Line: LogOffer] = [:]
    private var lineBytes = 0

    /// What lies in memory of entries that were told of: those of the last few moments.
    private static let lineBytesMax = 4 << 20

    /// A book of what a node holds.
    init(_ node: Node, _ watcher: HomeWatcher) { (self.node, self.watcher) = (node, watcher) }

    /// What a partner is told of, as ``Node/offers(to:onFailure:)`` says it; nil where nothing has moved since.
    func offers(
        to org: Origin, since seen: Seen?, onFailure: (String, any Error) -> Void
    ) throws -> (seen: Seen, offers: [LogOffer])? {
        // As every node that lives long.
        node.store.returnToPlace()
        // Before anything is read: what moves meanwhile is looked at again.
        let (folders, created) = watcher.versions()
        let now = Seen(
            folders: folders, tables: try node.store.changes(),
            awaited: try node.home.awaited(from: org))
        if now == seen { return nil }
        if foldersSeen != created { try list(onFailure) }
        foldersSeen = created
        if marks?.tables != now.tables { marks = (now.tables, try node.store.marks()) }
        var found: [LogOffer] = []
        for dataset in order {
            do {
                found += try offers(of: dataset, to: org, onFailure)
            } catch {
                onFailure("\(dataset)", error)
            }
        }
        for dataset in now.awaited {
            found.append(LogOffer(origin: "\(org)/\(dataset)", size: 0, checkpoint: ""))
        }
        return (now, found)
    }

    /// Lists what is held; only a new folder changes it.
    private func list(_ onFailure: (String, any Error) -> Void) throws {
        order = try node.home.datasets()
        datasets = datasets.filter { order.contains($0.key) }
        for dataset in order {
            datasets[dataset, default: Dataset()].held = try node.home.members(of: dataset)
            datasets[dataset]?.readers = [:]
        }
        offers = [:]
    }

    private func offers(
        of dataset: DatasetID, to org: Origin, _ onFailure: (String, any Error) -> Void
    ) throws -> [LogOffer] {
        guard var known = datasets[dataset] else { return [] }
        let mark = marks?.byDataset[dataset]
        if known.mark != mark || mark == nil { (known.mark, known.readers) = (mark, [:]) }
        if known.readers[org] == nil {
            known.readers[org] = .some(try readers(of: dataset, known.held, org, onFailure))
        }
        datasets[dataset] = known
        guard let logs = known.readers[org] ?? nil else { return [] }
        var found = logs.beginnings
        for member in logs.whole {
            do {
                if let offer = try offer(member, dataset) { found.append(offer) }
            } catch {
                onFailure("\(member)/\(dataset)", error)
            }
        }
        return Node.sorted(found, dataset)
    }

    private func readers(
        of dataset: DatasetID, _ held: [Origin], _ org: Origin,
        _ onFailure: (String, any Error) -> Void
    ) throws -> (whole: [Origin], beginnings: [LogOffer])? {
        guard try node.mayRead(dataset, org) else { return nil }
        let whole = Offering.logs(
            to: org, held: held, own: node.home.origin, state: try node.mergedState(dataset))
        let may = Set(whole)
        var beginnings: [LogOffer] = []
        for member in held where !may.contains(member) {
            do {
                if let offer = try node.beginningOffer(member, dataset, to: org) {
                    beginnings.append(offer)
                }
            } catch {
                onFailure("\(member)/\(dataset)", error)
            }
        }
        return (whole, beginnings)
    }

    private func offer(_ member: Origin, _ dataset: DatasetID) throws -> LogOffer? {
        let name = "\(member)/\(dataset)"
        let version = watcher.version(of: node.home.logFolder(member, dataset))
        if let version, let known = offers[name], known.version == version { return known.offer }
        let offer = try node.offer(member, dataset)
        offers[name] = version.map { ($0, offer) }
        return offer
    }

    /// An offer with the entries that are new since a size, if they are few; read once for all who are as far.
    func inline(_ offer: LogOffer, from: UInt64) throws -> LogOffer {
        let line = Line(log: offer.origin, from: from, size: offer.size)
        if let known = lines[line], known.checkpoint == offer.checkpoint { return known }
        let made = try node.inline(offer, from: from)
        let bytes = made.checkpoint.utf8.count + (made.entries?.utf8.count ?? 0)
        if lineBytes + bytes > Self.lineBytesMax { (lines, lineBytes) = ([:], 0) }
        lines[line] = made
        lineBytes += bytes
        return made
    }
}
