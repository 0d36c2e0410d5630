import AnnotationModel
import Foundation
import LogStorage
import PlainErrors
import TransparencyLog

/// Tells a home that has been in use from one that was copied, moved or restored.
///
/// The file `anchor` says which file it is itself, and since which start of the machine, and which mount of its
/// disk, the home has been in contact. A home
/// whose anchor is a copy may be older than what partners have of its logs: its next write could give a place in
/// a log to a second entry. So it asks first. A snapshot of the whole disk keeps the file; but whoever goes back
/// to one starts the machine or mounts the disk anew, and after that the first contact comes before the first write.
package struct HomeAnchor {
    /// What the anchor says.
    package enum State {
        /// The home is where it was.
        case holds
        /// The machine was started, or the disk mounted, since the last contact.
        case restarted
        /// The home was copied, moved or restored.
        case moved
    }

    private let file: IdentifiedFile
    /// What names one start of the machine; nil where the system does not say.
    private let boot: String?
    /// The mount namespace, and the home's mount in it; nil where the system does not say.
    private let mount: String?

    init(_ home: Home, boot: String? = Uptime.boot, mount: String? = nil) {
        file = IdentifiedFile(home.path + "/anchor")
        self.boot = boot
        self.mount = mount ?? Uptime.mount(of: home.path)
    }

    var state: State {
        guard let found = try? file.read(), found.isInPlace else { return .moved }
        // One that an earlier version wrote names no start, or no mount.
        let lines = String(decoding: found.content, as: UTF8.self).split(separator: "\n")
        func known(_ name: String) -> Substring? {
            lines.first { $0.hasPrefix(name + " ") }?.dropFirst(name.count + 1)
        }
        guard let boot, let knownBoot = known("boot") else { return .holds }
        if knownBoot != boot { return .restarted }
        // Mounts of another namespace, such as another container's, tell nothing.
        guard let mount, let knownMount = known("mount"),
            mount.prefix(while: { $0 != " " }) == knownMount.prefix(while: { $0 != " " })
        else { return .holds }
        return knownMount == mount ? .holds : .restarted
    }

    /// Anchors the home here: partners were asked, it is new, or its operator answers for it.
    func set() throws {
        if state == .holds { return }
        do throws(LogStorageError) {
            let lines = [("boot", boot), ("mount", mount)].compactMap { name, value in
                value.map { "\(name) \($0)\n" }
            }
            try file.write(Array(lines.joined().utf8))
        } catch {
            throw NodeError(
                .notWritable,
                "the home's anchor cannot be written: \(PlainError.line(error))",
                hint: "check the folder's owner and its disk")
        }
    }
}

/// Whom a home that was copied or restored has asked for its own entries since.
///
/// The file `heard` says which file it is, too: what a copy of the home heard is not what the home heard.
package struct Hearing {
    private let file: IdentifiedFile
    private let path: String

    package init(_ home: Home) {
        path = home.path + "/heard"
        file = IdentifiedFile(path)
    }

    /// The partners that were asked, and those that were dialled in vain.
    package var known: (heard: Set<String>, unreached: Set<String>) {
        guard let found = try? file.read(), found.isInPlace else { return ([], []) }
        var (heard, unreached) = (Set<String>(), Set<String>())
        for line in String(decoding: found.content, as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("heard ") { heard.insert(String(line.dropFirst(6))) }
            if line.hasPrefix("unreached ") { unreached.insert(String(line.dropFirst(10))) }
        }
        return (heard, unreached.subtracting(heard))
    }

    package func note(heard: Set<String>, unreached: Set<String>) throws {
        let lines =
            heard.sorted().map { "heard \($0)\n" } + unreached.sorted().map { "unreached \($0)\n" }
        try file.write(Array(lines.joined().utf8))
    }

    package func forget() throws {
        if try DurableFile.isThere(path) { try WholeFile.remove(path) }
    }
}

extension Home {
    /// The record of the last checkpoints that this organisation signed of its log of a dataset.
    package func signedHeads(_ dataset: DatasetID) -> SignedHeads {
        SignedHeads(folder: "\(path)/signed/\(dataset)")
    }

    /// The datasets of which anything was signed here.
    func signedDatasets() throws -> [DatasetID] {
        try names(in: "signed").filter { (try? Origin($0)) != nil }.flatMap { owner in
            try names(in: "signed/\(owner)").compactMap {
                try? DatasetID("\(owner)/\($0)")
            }
        }.filter { try signedHeads($0).all().contains { $0.size > 0 } }.sorted()
    }

    /// Whether the home is where it was when it last wrote or was in contact; a record that cannot be read is none that
    /// is in its place.
    ///
    /// Where a company's nodes share a store, each is a copy of the others, and the row there says what was signed.
    package var place: HomeAnchor.State {
        if company != nil { return .holds }
        let state = HomeAnchor(self).state
        // Files that came back one by one show in the record of what was signed.
        let areInPlace = try? signedDatasets().allSatisfy { try isRecordInPlace($0) }
        guard areInPlace == true, (try? lostLogs())?.isEmpty == true else { return .moved }
        return state
    }

    /// The same, as far as a write to the own log of one dataset goes by it: what became of the others' files is not
    /// looked at, however many there are.
    package func place(for dataset: DatasetID) -> HomeAnchor.State {
        if company != nil { return .holds }
        let state = HomeAnchor(self).state
        guard (try? isRecordInPlace(dataset)) == true, (try? isLost(dataset)) == false else {
            return .moved
        }
        return state
    }

    private func isRecordInPlace(_ dataset: DatasetID) throws -> Bool {
        try signedHeads(dataset).all().last(where: \.isOwn)?.isInPlace ?? true
    }

    /// True unless the home was copied or restored, or the machine started, and no partner has been asked since.
    public var isAnchored: Bool { place == .holds }

    /// Takes the home as it lies here for the one that it was.
    package func settle() throws {
        for dataset in try signedDatasets() {
            let heads = signedHeads(dataset)
            guard let last = try heads.all().last(where: \.isOwn), !last.isInPlace else { continue }
            if last.size == 0 || last.root != nil {
                try heads.keep(last.note, size: last.size, isOwn: true)
            }
        }
        // Partners were asked, and none has an entry of these: they may begin.
        for dataset in try lostLogs() { try signedHeads(dataset).begin() }
        try HomeAnchor(self).set()
        try Hearing(self).forget()
    }

    /// The datasets whose own log is gone with the record of what was signed, and of which something else here
    /// says that its first entry was written.
    ///
    /// Such a log must not begin anew: its first entries would be a second history. A log that was never begun shows
    /// none of the signs, however long others have written.
    package func lostLogs() throws -> [DatasetID] { try datasets().filter { try isLost($0) } }

    /// Whether one dataset's own log is lost in this way.
    package func isLost(_ dataset: DatasetID) throws -> Bool {
        if access(logFolder(origin, dataset) + "/checkpoint", F_OK) == 0 { return false }
        if try !signedHeads(dataset).all().isEmpty { return false }
        let others = try members(of: dataset).filter { $0 != origin }
        // The steward's own log is a dataset's beginning: nobody else writes before it.
        if dataset.owner == origin { return !others.isEmpty }
        // A witness's line is kept only after its own log has introduced its key.
        return others.contains { member in
            let set = CosignedCheckpoint.readable(directory: logFolder(member, dataset))
            return set.witnesses[origin.description] != nil
        }
    }

    /// The partners that have to be asked before a restored home writes: those that it dials, and those that were ever
    /// in contact, unless they had been silent for long when the last contact was.
    package func partnersToHear() throws -> Set<String> {
        let contacts = PartnerContacts(self)
        let partners = try partnerFiles().map { org, found in
            // A contact that cannot be read is not one that never was.
            let isKnown = try DurableFile.isThere("\(path)/contacts/\(org)")
            let seen = isKnown ? (try? Origin(org)).flatMap { contacts.lastSeen($0) } : nil
            // Of a partner whose file cannot be read nobody knows whether it is dialled.
            let isDialled = (try? found.get()).map { $0.url != nil } ?? true
            return (org: org, isDialled: isDialled, seen: seen, hasWritten: try hasLog(of: org))
        }
        let newest = partners.compactMap(\.seen).max()
        return Set(
            partners.filter { partner in
                // Without any note of a contact whoever has written here may know more.
                guard let newest else { return partner.isDialled || partner.hasWritten }
                guard let seen = partner.seen else { return partner.isDialled }
                return newest.timeIntervalSince(seen) <= PartnerContacts.silenceSeconds
            }.map(\.org))
    }

    private func hasLog(of org: String) throws -> Bool {
        guard let origin = try? Origin(org) else { return false }
        return try datasets().contains { try members(of: $0).contains(origin) }
    }
}
