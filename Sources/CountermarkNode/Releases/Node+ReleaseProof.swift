import AnnotationModel
import AnnotationStore
import Provenance
import Signing
import TransparencyLog

extension Node {
    /// What shows of a release that the steward made it, and who has countersigned it: their acts.
    func acts(of release: Release, _ dataset: DatasetID) throws -> [OperationID] {
        try store.acts(try logNames(dataset)).compactMap { operation, act in
            switch act {
            case .release(let name, _, _, _) where operation.origin == dataset.owner:
                name.hasSameBytes(as: release.name) ? operation : nil
            case .countersign(let name, _):
                name.hasSameBytes(as: release.name) ? operation : nil
            default: nil
            }
        }
    }

    /// Shows that a label is in a release, or that it is not.
    ///
    /// - Throws: ``NodeError`` if the release is not what its steward signed.
    func prove(
        _ annotation: OperationID, in release: Release, of dataset: DatasetID
    ) throws -> ReleaseProof {
        let check = try check(release, of: dataset)
        try requireRight(check, release)
        let wanted = ReleaseLeaf.Place.label(annotation.origin, annotation.slot.packed)
        var hashes: [Digest] = []
        var hasher = TreeHasher()
        var before: (index: Int, bytes: [UInt8])?
        var own: (index: Int, bytes: [UInt8])?
        var after: (index: Int, bytes: [UInt8])?
        try check.contents.forEachLeaf { place, bytes in
            if place == wanted {
                own = (hashes.count, bytes)
            } else if place < wanted {
                before = (hashes.count, bytes)
            } else if after == nil {
                after = (hashes.count, bytes)
            }
            hashes.append(bytes.withUnsafeBytes { hasher.leaf($0) })
        }
        let shown = own.map { [$0] } ?? [before, after].compactMap { $0 }
        let leaves = try shown.map { leaf in
            ReleaseProof.Leaf(
                index: UInt64(leaf.index), bytes: leaf.bytes,
                path: try MerkleProof.proveInclusion(
                    index: UInt64(leaf.index), size: UInt64(hashes.count)
                ) { range in
                    var part = CompactRange()
                    for hash in hashes[Int(range.lowerBound)..<Int(range.upperBound)] {
                        part.append(hash, &hasher)
                    }
                    return part.root(&hasher)
                })
        }
        return ReleaseProof(commitment: check.commitment, leaves: leaves)
    }
}
