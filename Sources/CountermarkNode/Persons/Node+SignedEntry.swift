import AnnotationModel
import CompanyHome
import LogStorage
import PlainErrors
import Provenance
import Replication
import Signing
import TransparencyLog

extension Node {
    /// How far the time in a person's entry may be from this node's: the page takes it from the offer, and signs soon.
    static let personClockSeconds: Int64 = 600

    /// Appends what a person's browser has signed to this organisation's log, or writes nothing.
    ///
    /// This node signs the checkpoint over it and not one byte of it: a signature that holds is the person's.
    ///
    /// - Parameters:
    ///   - person: Whose session it came in: the key has to be one of this person's.
    ///   - mayReview: Whether the person gives verdicts and sets stages.
    /// - Returns: The ids of the operations, without the introduction of the certificate.
    /// - Throws: ``NodeError``; with the code `sign-anew` where the log or what it cites has gone on since the offer.
    public func append(
        _ entry: [UInt8], signedBy person: String, mayReview: Bool, to dataset: DatasetID
    ) throws -> [OperationID] {
        try require(dataset)
        guard entry.count <= COSESign1.byteCountMax else {
            throw NodeError(
                .tooLarge,
                "a signed entry has \(entry.count) bytes, the limit is \(COSESign1.byteCountMax)",
                hint: "sign fewer operations at once")
        }
        let key = try signer(of: entry, person)
        var found: PersonEntry?
        let index = try carry(entry, to: dataset, signedBy: key.certificate) { writer in
            let checked = try check(
                entry, key, mayReview: mayReview, dataset, size: writer.size, root: writer.root)
            found = checked
        }
        return (found?.positions ?? []).map {
            OperationID(origin: home.origin, slot: Slot(entry: index, position: $0))
        }
    }

    /// Which of a person's keys an entry says that it is signed with.
    private func signer(of entry: [UInt8], _ person: String) throws -> PersonKey {
        let thumbprint: Digest?
        do throws(SigningError) {
            thumbprint = try COSESign1.parse(entry).certificateThumbprint
        } catch { throw PersonEntry.bad(PlainError.line(error)) }
        let keys = try home.personKeys(person)
        guard let key = keys.first(where: { $0.certificate.fingerprint == thumbprint }) else {
            throw NodeError(
                .otherPerson,
                "the entry is not signed with a key that \(person) has at \(home.origin); "
                    + "nothing was written",
                hint:
                    "log in as the person whose key the browser holds, or let this browser ask for a certificate"
            )
        }
        return key
    }

    /// Checks an entry in all respects, under the log's lock.
    private func check(
        _ entry: [UInt8], _ key: PersonKey, mayReview: Bool, _ dataset: DatasetID, size: UInt64,
        root: Digest
    ) throws -> PersonEntry {
        var verifier = try logVerifier(home.origin, dataset)
        let checked = try entry.withUnsafeBytes { bytes in
            let statement = try COSESign1.parse(bytes)
            // Said first, so that whoever was merely late is told to sign anew.
            if let place = statement.place, place.index <= size {
                let isHere = place.index == size && place.root == root
                if !isHere { throw Self.signAnew("the log of \(dataset) has gone on") }
            }
            do {
                _ = try verifier.verify(bytes, index: size, with: COSEVerifier())
            } catch { throw PersonEntry.bad(PlainError.line(error)) }
            return try PersonEntry(
                statement, in: bytes, author: key.author, mayReview: mayReview)
        }
        guard checked.place == EntryPlace(index: size, root: root) else {
            throw PersonEntry.bad("it is for another place in the log")
        }
        guard ReadableTime.distance(checked.time, now()) <= Self.personClockSeconds else {
            throw Self.signAnew("it was signed too long ago, or by another clock")
        }
        guard checked.introduction == (try introduction(of: key, dataset, at: size)) else {
            throw PersonEntry.bad("what it says of its certificate is not what was offered")
        }
        try requireHeld(checked.heads, dataset)
        let cited = try cited(dataset, with: checked.heads)
        for one in checked.targets where one.target.origin != home.origin {
            guard one.target.slot.entry < cited[one.target.origin] ?? 0 else {
                throw Self.signAnew("it speaks of \(one.target), which it does not cite")
            }
        }
        var limits = try OwnLimits(
            self, dataset, checked.introduction.map { [.governance($0)] } ?? [])
        for name in checked.attributes { try limits.admit(attribute: name) }
        return checked
    }

    /// Throws unless heads are of logs that are held and merged here, under what these logs' own keys signed, and not
    /// beyond what a blind dataset allows.
    private func requireHeld(_ heads: [Head], _ dataset: DatasetID) throws {
        if heads.isEmpty { return }
        let offered = try headsToCite(
            dataset, nil, naming: [:], ends: try blindEnds(dataset))
        for head in heads {
            guard let most = offered.first(where: { $0.origin == head.origin }) else {
                throw Self.signAnew("there is nothing new of \(head.origin) to cite")
            }
            guard head.merged <= most.merged else {
                throw PersonEntry.bad(
                    "it cites \(head.merged) entries of \(head.origin), and \(most.merged) are what may be cited"
                )
            }
            if head == most { continue }
            let reader = try home.log(head.origin, dataset)
            // What was held when it was offered is held still: with another root it was never offered.
            guard head.size <= reader.size, try reader.root(at: head.size).bytes == head.root,
                try isSigned(head, dataset)
            else {
                throw PersonEntry.bad("what it cites of \(head.origin) is not what was offered")
            }
        }
    }

    private func isSigned(_ head: Head, _ dataset: DatasetID) throws -> Bool {
        guard let key = try logVerifier(head.origin, dataset).logKey, let root = Digest(head.root)
        else { return false }
        let text = Checkpoint(origin: "\(head.origin)/\(dataset)", size: head.size, root: root).text
        return try VerificationKey(ed25519: key).verify(head.signature, over: Array(text.utf8))
    }

    private static func signAnew(_ why: String) -> NodeError {
        NodeError(
            .signAnew, "\(why); nothing was written",
            hint: "ask for the present state, look at it, and sign anew")
    }
}
