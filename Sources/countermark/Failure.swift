import AnnotationFormats
import AnnotationModel
import AnnotationStore
import ArgumentParser
import CountermarkNode
import Foundation
import LogStorage
import PartnerTLS
import Provenance
import Signing
import TransparencyLog

/// Errors of the program's own modules, as opposed to the argument parser's.
protocol ReportedError: Error {}

extension NodeError: ReportedError {}
extension AnnotationModelError: ReportedError {}
extension AnnotationStoreError: ReportedError {}
extension FormatError: ReportedError {}
extension InvitationError: ReportedError {}
extension LogStorageError: ReportedError {}
extension PartnerTLSError: ReportedError {}
extension LabelProofError: ReportedError {}
extension ProvenanceError: ReportedError {}
extension SchemaError: ReportedError {}
extension SigningError: ReportedError {}
extension TransparencyLogError: ReportedError {}
extension CocoaError: ReportedError {}

/// An error as the command line reports it: one line, and an exit status.
struct Failure {
    let code: String
    let message: String
    let hint: String
    let status: Int32

    init(_ error: any Error, isUsage: Bool = false) {
        switch error {
        case let error as NodeError:
            (code, message, hint) = (error.code, error.message, error.hint)
            status = error.kind.rawValue
        case let error as LogStorageError:
            if case .locked = error {
                (code, status) = ("locked", 3)
            } else {
                (code, status) = ("log-storage", 1)
            }
            (message, hint) = ("\(error)", "")
        case let error as PartnerTLSError:
            (code, message, hint, status) = ("partner", "\(error)", "", 4)
        case let error as AnnotationModelError:
            if case .badIdentifier = error {
                (code, status) = ("bad-identifier", 2)
            } else {
                (code, status) = ("bad-value", 1)
            }
            (message, hint) = ("\(error)", "")
        default:
            code = isUsage ? "usage" : Self.slug(error)
            (message, hint) = (isUsage ? Countermark.message(for: error) : "\(error)", "")
            status = isUsage ? 2 : 1
        }
    }

    private static func slug(_ error: any Error) -> String {
        switch error {
        case is AnnotationStoreError: "label-table"
        case is FormatError: "bad-file"
        case is InvitationError: "invitation"
        case is LabelProofError: "bad-proof"
        case is ProvenanceError: "refused"
        case is SchemaError: "bad-schema"
        case is SigningError: "signing"
        case is TransparencyLogError: "bad-log"
        default: "failed"
        }
    }

    func report(asJSON: Bool) {
        if asJSON {
            let document = ["error": ["code": code, "message": message, "hint": hint]]
            return Terminal.warn(Output.text(document))
        }
        Terminal.warn("countermark: \(message)\(hint.isEmpty ? "" : "; \(hint)")")
    }
}
