import AnnotationModel
import CompanyHome
import PlainErrors
import Signing

extension Joining {
    /// Fetches the dataset, once the steward has accepted.
    package func takePart() async throws {
        let dataset = try DatasetID(invitation.dataset)
        let sync = try PartnerSync(SharedNode(try Node(home)), home: home)
        let reports = try await sync.syncAll(
            with: try Origin(invitation.steward), joining: dataset, only: dataset)
        if let error = reports.first?.error {
            throw NodeError(
                .joinFailed, "\(dataset) could not be fetched: \(error)",
                hint: "run countermark sync; the pairing itself is done")
        }
    }
}
