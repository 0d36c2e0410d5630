import CPostgres
import Glibc

/// Where a shared store lies: the address of a PostgreSQL database, as libpq reads it.
///
/// It stands in the home's configuration and is shown to people, so it holds no secret: a password comes from
/// PGPASSFILE, PGPASSWORD, or the file that `?passfile=` names.
public struct StoreAddress: Sendable, Equatable, CustomStringConvertible {
    /// As it was given.
    public let text: String

    /// The longest address that is read, in bytes.
    public static let bytesMax = 2_048
    /// How long a connection may take, in seconds; whoever names another time gets it.
    private static let connectSeconds = "5"
    /// Parameters that are secrets.
    private static let secrets: Set<String> = ["password", "sslpassword"]
    /// Where Debian keeps the roots that everybody trusts.
    private static let systemRoots = "/etc/ssl/certs/ca-certificates.crt"

    /// The address without looking at it.
    public init(unchecked text: String) { self.text = text }

    /// An address that can be used.
    ///
    /// - Throws: ``SharedStoreError/badAddress(why:hint:)``, ``SharedStoreError/noLibrary(why:)``.
    public init(_ text: String) throws(SharedStoreError) {
        self.text = text
        _ = try parameters()
    }

    /// As it is shown.
    public var description: String { text }

    /// What a connection is made with, by libpq's names.
    ///
    /// Without a word in the address, TLS to a host that is not this machine is checked in full.
    func parameters() throws(SharedStoreError) -> [(name: String, value: String)] {
        guard text.utf8.count <= Self.bytesMax, !text.utf8.contains(0) else {
            throw .badAddress(why: "it is too long", hint: "give postgresql://HOST/DATABASE")
        }
        guard text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") else {
            throw .badAddress(
                why: "it does not begin with postgresql://",
                hint: "give postgresql://USER@HOST:PORT/DATABASE")
        }
        if let why = cm_pq_load() { throw .noLibrary(why: String(cString: why)) }
        var named = try parse()
        for name in Self.secrets where named[name] != nil {
            throw .badAddress(
                why:
                    "it holds a password, which everybody could read in the configuration and the process list",
                hint:
                    "leave it out, and put it into the file that PGPASSFILE or ?passfile= names (0600), or into "
                    + "PGPASSWORD")
        }
        // Nobody but this program decides how values come.
        named["client_encoding"] = "UTF8"
        if named["application_name"] == nil { named["application_name"] = "countermark" }
        if named["connect_timeout"] == nil { named["connect_timeout"] = Self.connectSeconds }
        if !isNear(named), named["sslmode"] == nil {
            named["sslmode"] = "verify-full"
            if named["sslrootcert"] == nil { named["sslrootcert"] = Self.systemRoots }
        }
        return named.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Whether TLS is left out or not checked on a way through a network.
    public var isOpenOnNetwork: Bool {
        guard let parameters = try? parameters() else { return false }
        let named = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.value) })
        return !isNear(named) && named["sslmode"] != "verify-full"
    }

    /// Whether all hosts are this machine.
    private func isNear(_ named: [String: String]) -> Bool {
        // A service's file may name any host.
        if named["service"] != nil || Self.variable("PGSERVICE") != nil { return false }
        let hosts = (named["host"] ?? Self.variable("PGHOST") ?? "").split(separator: ",")
        let addresses = (named["hostaddr"] ?? Self.variable("PGHOSTADDR") ?? "").split(
            separator: ",")
        return (hosts + addresses).allSatisfy {
            $0.hasPrefix("/") || $0.hasPrefix("@") || $0 == "localhost" || $0 == "127.0.0.1"
                || $0 == "::1"
        }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private func parse() throws(SharedStoreError) -> [String: String] {
        let reason = UnsafeMutablePointer<CChar>.allocate(capacity: 512)
        defer { reason.deallocate() }
        guard let options = cm_pq_parse(text, reason, 512) else {
            let why = String(cString: reason).split(separator: "\n").first.map(String.init) ?? ""
            // What libpq quotes may be what somebody took for a secret's place.
            throw .badAddress(
                why: why.contains("@") ? "it is no address that PostgreSQL knows" : why,
                hint: "give postgresql://USER@HOST:PORT/DATABASE")
        }
        defer { cm_pq_free_options(options) }
        var named: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.value, value.pointee != 0 {
                named[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return named
    }
}
