import CompanyHome
import CountermarkNode
import LabelDocuments
import Signing

extension BrowserKeysDocument {
    /// The keys of a person, or of everybody.
    package init(_ home: Home, of person: String?, at time: Int64) throws {
        self.init(
            keys: try home.personKeys(person).map { try Key($0, home) },
            waiting: try home.personKeyRequests(at: time)
                .filter { person == nil || $0.person == person }
                .map { Waiting(person: $0.person, since: $0.time) })
    }

    /// Keys that were just made, or forgotten.
    package init(_ keys: [PersonKey], _ home: Home) throws {
        self.init(keys: try keys.map { try Key($0, home) }, waiting: [])
    }
}

extension BrowserKeysDocument.Key {
    /// A person's key.
    package init(_ key: PersonKey, _ home: Home) throws {
        self.init(
            person: key.person, fingerprint: key.certificate.fingerprint.hex,
            certificate: key.certificate.pem, issued: key.time, until: key.certificate.notAfter,
            revoked: try home.isRevoked(key))
    }
}
