import CompanyHome
import CountermarkNode
import LabelDocuments
import Signing

extension KeyListDocument.Key {
    /// A certificate that a log has introduced.
    package init(_ key: KeyView) {
        let certificate = key.certificate
        self.init(
            fingerprint: certificate.fingerprint.hex, log: key.log,
            name: NodeIdentity.name(of: certificate), subject: certificate.subject,
            // One of a kind that this program does not know is listed all the same.
            type: (try? certificate.verificationKey.kind.rawValue) ?? "",
            notBefore: certificate.notBefore, notAfter: certificate.notAfter,
            retiredAt: key.retiredAt, current: key.isCurrent)
    }
}
