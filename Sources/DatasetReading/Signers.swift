import AnnotationModel
import CompanyHome
import LogStorage
import Provenance
import Signing

/// Who signed the changesets, one after another in the order of the labels.
package final class Signers {
    private let dataset: MergedDataset
    private let names: [Digest: String]
    private var readers: [Origin: LogReader] = [:]
    /// The last changeset that was asked for: its labels lie together.
    private var last: (origin: Origin, entry: UInt64, signer: String?, time: Int64?)?

    package init(_ dataset: MergedDataset) throws {
        self.dataset = dataset
        var names: [Digest: String] = [:]
        for chain in try dataset.state().chains.values.joined() {
            guard let first = chain.first else { continue }
            let leaf = try Certificate(der: first)
            names[leaf.fingerprint] = NodeIdentity.name(of: leaf)
        }
        self.names = names
    }

    package func signer(of id: OperationID) throws -> (signer: String?, time: Int64?) {
        if let last, last.origin == id.origin, last.entry == id.slot.entry {
            return (last.signer, last.time)
        }
        let reader =
            try readers[id.origin]
            ?? dataset.home.log(id.origin, dataset.id)
        readers[id.origin] = reader
        let entry = try reader.entry(at: id.slot.entry)
        let statement = try entry.withUnsafeBytes { try COSESign1.parse($0) }
        let signer = statement.certificateThumbprint.map { names[$0] ?? $0.hex }
        last = (id.origin, id.slot.entry, signer, statement.issuedAt)
        return (signer, statement.issuedAt)
    }
}
