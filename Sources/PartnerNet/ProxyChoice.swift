import Foundation
import PartnerTLS
import PlainErrors

/// By which proxy a partner is dialled: `--proxy`, else HTTPS_PROXY unless NO_PROXY names the partner's host.
package enum ProxyChoice {
    /// What `--proxy` sets for the process.
    static let optionVariable = "COUNTERMARK_PROXY"

    package static func proxy(
        for host: String, in environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> HTTPProxy? {
        if let text = environment[optionVariable] {
            return text.isEmpty || text == "none" ? nil : try read(text, "--proxy")
        }
        let found = ["HTTPS_PROXY", "https_proxy"].first { environment[$0]?.isEmpty == false }
        guard let name = found, let text = environment[name] else { return nil }
        let exceptions = environment["NO_PROXY"] ?? environment["no_proxy"] ?? ""
        if HTTPProxy.isExcepted(host, by: exceptions) { return nil }
        return try read(text, name)
    }

    private static func read(_ text: String, _ source: String) throws -> HTTPProxy {
        guard let proxy = HTTPProxy(text) else {
            throw NodeError(
                .badProxy, "what \(source) holds is no HTTP proxy",
                hint: "use http://HOST:PORT, or http://NAME:PASSWORD@HOST:PORT")
        }
        return proxy
    }
}
