import Signing
import Synchronization

/// The certificates that were read from a home's files, by the texts that held them.
///
/// To read one takes OpenSSL longer than to check a signature, and the files of a home seldom change. A text that
/// changed is another text, so nothing here is ever out of date.
final class KnownCertificates: Sendable {
    /// Beyond the partners of any home; each text takes some kilobytes.
    private static let countMax = 4_096

    private let texts = Mutex<[String: [Certificate]]>([:])

    /// All certificates in a PEM text, at least one, in their order.
    func all(pem text: String) throws(SigningError) -> [Certificate] {
        if let known = texts.withLock({ $0[text] }) { return known }
        let made = try Certificate.all(pem: text)
        texts.withLock { texts in
            if texts.count >= Self.countMax { texts.removeAll() }
            texts[text] = made
        }
        return made
    }
}
