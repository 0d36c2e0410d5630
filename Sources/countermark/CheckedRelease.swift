import AnnotationModel
import CountermarkNode
import Provenance

extension Node {
    /// The labels of a release that is what its steward signed, and its digest; a warning where it was withdrawn,
    /// or does not hold yet.
    func checkedRelease(
        _ name: String, of dataset: DatasetID
    ) throws -> (contents: ReleaseContents, digest: [UInt8]) {
        let view = try release(name, of: dataset)
        remark(on: view)
        let check = try check(view.release, of: dataset)
        try requireRight(check, view.release)
        return (check.contents, view.release.digest)
    }

    /// Tells whoever uses a release that it was withdrawn, or does not hold yet.
    func remark(on view: ReleaseView) {
        let name = view.release.name
        if let reason = view.release.withdrawal {
            Terminal.warn("countermark: warning: the steward has withdrawn \(name): \(reason)")
        } else if !view.holds {
            Terminal.warn(
                "countermark: warning: \(view.countersigned.count) of "
                    + "\(view.release.quorum) have countersigned \(name)")
        }
    }
}
