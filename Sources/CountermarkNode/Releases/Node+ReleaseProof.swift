import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Provenance
import Signing
import TransparencyLog

extension Node {
    /// What shows of a release that the steward made it, and who has countersigned it, and who has to: their acts.
    func acts(of release: Release, _ dataset: DatasetID) throws -> [OperationID] {
        try store.acts(try logNames(dataset)).compactMap { operation, act in
            switch act {
            case .release(let name, _, _, _) where operation.origin == dataset.owner:
                name.hasSameBytes(as: release.name) ? operation : nil
            case .setReleasePolicy where operation.origin == dataset.owner: operation
            case .countersign(let name, _):
                name.hasSameBytes(as: release.name) ? operation : nil
            default: nil
            }
        }
    }

    /// Writes a release by itself, and beside it its leaves, one after another.
    ///
    /// - Parameter name: The file's; the leaves are in the one of this name with ``leavesEnding``.
    /// - Returns: The file as it was written, and the size of the leaves in bytes.
    public func write(
        _ check: ReleaseCheck, _ release: Release, to output: any FormatOutput, as name: String,
        leavesTo leaves: any FormatOutput
    ) throws -> (file: ReleaseFile, bytes: Int, leavesBytes: Int) {
        try requireRight(check, release)
        try requireShown(check.contents)
        let file = try file(of: check, release)
        let bytes = file.file
        try output.begin(name)
        try output.write(bytes)
        try output.end()
        try leaves.begin(name + Self.leavesEnding)
        var buffer: [UInt8] = []
        var size = 0
        try check.contents.forEachLeaf { _, leaf in
            buffer += leaf
            size += leaf.count
            if buffer.count < Self.leavesChunkBytes { return }
            try leaves.write(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
        try leaves.write(buffer)
        try leaves.end()
        return (file, bytes.count, size)
    }

    /// A release by itself; nothing is written.
    public func file(of check: ReleaseCheck, _ release: Release) throws -> ReleaseFile {
        let dataset = check.commitment.dataset
        return ReleaseFile(
            commitment: check.commitment,
            pieces: try pieces(showing: try acts(of: release, dataset), dataset))
    }

    /// The end of the name of a file with a release's leaves.
    public static let leavesEnding = ".leaves"
    /// Large enough that the cost of a system call does not show.
    private static let leavesChunkBytes = 1 << 18

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
        // What stands beside the place of a label that is not there are others.
        if own == nil { try requireShown(check.contents) }
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
