import AnnotationModel
import CompanyHome
import LogStorage
import PlainErrors
import Provenance
import Signing
import TransparencyLog

/// All that a person's browser needs to make the next entry of this organisation's log itself.
public struct SigningOffer: Sendable {
    /// The organisation: `iss`.
    public let org: Origin
    /// The dataset: `sub`.
    public let dataset: DatasetID
    /// Whose key signs.
    public let key: PersonKey
    /// Where the entry will stand: `cti`.
    public let place: EntryPlace
    /// The node's time in Unix seconds: `iat`.
    public let time: Int64
    /// The act that has to stand in front of everything, where the log does not know the certificate yet.
    public let introduction: GovernanceAct?
    /// What it cites: what the node would, and no more.
    public let heads: [Head]
}

extension Node {
    /// This node's time, in Unix seconds.
    package func time() -> Int64 { now() }

    /// Offers the next place in this organisation's log to a person.
    ///
    /// - Parameter fingerprint: Of the certificate that will sign; nil for the person's newest one.
    /// - Throws: ``NodeError`` where an entry would not count, or the person has no such key.
    public func signingOffer(
        _ dataset: DatasetID, person: String, fingerprint: Digest? = nil
    ) throws -> SigningOffer {
        try require(dataset)
        let keys = try home.personKeys(person)
        guard
            let key = keys.last(where: {
                fingerprint ?? $0.certificate.fingerprint == $0.certificate.fingerprint
            })
        else {
            throw NodeError(
                .notFound, "\(person) has no such key at \(home.origin)",
                hint:
                    "let the browser ask for a certificate, and approve it with countermark people approve"
            )
        }
        return try carrying(key.certificate) {
            try catchUp(dataset)
            let log = try home.log(home.origin, dataset)
            let place = EntryPlace(index: log.size, root: try log.root(at: log.size))
            try requireCounted(dataset, at: place.index, isAct: false)
            return SigningOffer(
                org: home.origin, dataset: dataset, key: key, place: place, time: now(),
                introduction: try introduction(of: key, dataset, at: place.index),
                heads: Changeset.split(
                    try headsToCite(dataset, nil, naming: [:], ends: try blindEnds(dataset))
                ).fitting)
        }
    }

    /// The act with which a log gets to know a person's certificate; nil where it does.
    func introduction(
        of key: PersonKey, _ dataset: DatasetID, at index: UInt64
    ) throws -> GovernanceAct? {
        let isKnown = try read(dataset) { merge in
            let own = merge.state.number(home.origin) ?? 0
            return merge.state.keys(of: own)[key.certificate.fingerprint] != nil
        }
        if isKnown, index > 0 { return nil }
        let logKey = index == 0 ? try signing().logKey.verificationKey.ed25519Bytes : nil
        return .addKey(chain: key.chain.map(\.der), logKey: logKey)
    }
}
