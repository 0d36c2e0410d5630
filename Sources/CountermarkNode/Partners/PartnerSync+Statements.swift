import AnnotationModel
import CompanyHome
import Foundation
import PartnerNet
import PartnerTLS
import PlainErrors
import Provenance

/// What a partner said when it was asked for its word about a label.
public struct StatementAnswer: Sendable {
    /// The partner.
    public let org: String
    /// Why its word is not in the proof; nil where it is.
    public let error: String?
}

extension PartnerSync {
    /// Asks the partners that this node can dial for their word that a proof holds all that concerns its label.
    ///
    /// - Returns: The proof with the words of those who agree, and what each partner said.
    public func ask(_ proof: LabelProof) async throws -> (LabelProof, [StatementAnswer]) {
        var proof = proof
        var answers: [StatementAnswer] = []
        for partner in try home.partners() {
            guard let org = try? Origin(partner.org) else { continue }
            do {
                guard let client = try client(partner) else { continue }
                let message = try await statement(about: proof, client)
                let asked = proof
                proof = try await node.run { try $0.adding(message, of: org, to: asked) }
                answers.append(StatementAnswer(org: partner.org, error: nil))
            } catch {
                answers.append(StatementAnswer(org: partner.org, error: PlainError.line(error)))
            }
        }
        return (proof, answers)
    }

    private func statement(about proof: LabelProof, _ client: HTTPClient) async throws -> [UInt8] {
        let question = StatementRoute.Question(
            dataset: proof.dataset.description, annotation: proof.annotation.description)
        let response = try await call(
            client, "POST", "/v1/statement", body: Array(try JSONEncoder().encode(question)))
        guard response.status == 200 else {
            throw NodeError(
                .noWord,
                "\(client.origin) gave no word: \(PartnerAnswer.words(response))",
                hint: "see its log; the proof is made without its word")
        }
        return response.body
    }
}
