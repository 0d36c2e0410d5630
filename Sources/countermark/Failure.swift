import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import PlainErrors

/// An error as the command line reports it: one line, and an exit status.
///
/// The words are those of ``PlainError``, whatever failed.
struct Failure {
    let code: String
    let message: String
    let hint: String
    let status: Int32

    init(_ error: any Error) {
        let plain = PlainError(error)
        (code, message, hint) = (plain.code.word, plain.message, plain.hint)
        status = plain.kind.rawValue
    }

    /// Wrong use, in the argument parser's words.
    init(usage message: String) {
        (code, self.message, hint) = (ErrorCode.usage.word, message, "")
        status = NodeError.Kind.usage.rawValue
    }

    func report(asJSON: Bool) {
        let hint = [hint, Published.hint].filter { !$0.isEmpty }.joined(separator: "; ")
        let document = ErrorDocument(error: .init(code: code, hint: hint, message: message))
        // Three texts are always written.
        if asJSON, let text = try? DocumentEncoder.text(document) {
            return Terminal.warn(InertText.json(text))
        }
        Terminal.warn("countermark: \(message)\(hint.isEmpty ? "" : "; \(hint)")")
    }
}
