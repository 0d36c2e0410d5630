import AnnotationModel
import CompanyHome
import Foundation
import PlainErrors

/// Datasets from which the steward has cut this organisation, as its node says.
///
/// Whoever is cut does not get the act: its log is served no further to it. So the steward's word is kept, and nobody
/// else's: a partner that lies must not keep this organisation from writing.
extension Home {
    private func cutFile(_ dataset: DatasetID) -> String { "\(path)/cut/\(dataset)" }

    /// The first entry of the own log that does not count, as the steward says; nil if it says nothing.
    public func toldCut(_ dataset: DatasetID) throws -> UInt64? {
        let text: String?
        do {
            text = try WholeFile.read(cutFile(dataset))
        } catch let error as NodeError where error.code == .damagedFile {
            // What is damaged says nothing, and the next contact with the steward writes it anew.
            return nil
        }
        return text.flatMap { UInt64($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// Keeps what a steward's node says of all its datasets: those that it names are cut, the others are not.
    func noteCuts(_ ended: [EndedMembership], by steward: Origin) throws {
        var told: [DatasetID: UInt64] = [:]
        for end in ended {
            if let dataset = try? DatasetID(end.dataset), dataset.owner == steward {
                told[dataset] = end.index
            }
        }
        for dataset in try datasets()
        where try dataset.owner == steward && toldCut(dataset) != told[dataset] {
            _ = try documents.change(.cut(dataset), offline: .keep) { _ in
                told[dataset].map { "\($0)" }
            }
        }
    }
}
