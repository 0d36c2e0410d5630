import Foundation
import PartnerTLS

/// What a partner's answer says to people: its problem document in words, and no JSON.
package enum PartnerAnswer {
    /// The most characters of a partner's own words that are shown.
    private static let charactersMax = 400

    package static func words(_ response: PartnerTLS.HTTPResponse) -> String {
        let problem = try? JSONDecoder().decode(Refusal.Problem.self, from: Data(response.body))
        guard let problem else {
            // Witnesses answer in plain text (C2SP tlog-witness).
            let line = String(
                decoding: response.body.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            let isPlain = !line.isEmpty && line.utf8.count < charactersMax && !line.contains("{")
            return "it answered with status \(response.status)" + (isPlain ? ", \(line)" : "")
        }
        let hint = problem.hint.isEmpty ? "" : " (\(problem.hint))"
        return String("\(problem.message)\(hint)".prefix(charactersMax))
    }
}
