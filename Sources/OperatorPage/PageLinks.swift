import AnnotationModel
import CompanyHome
import CountermarkNode
import Foundation
import Glibc
import LabelText
import PlainErrors
import Signing

/// Links to a node's page that sign in once, kept as files of the home, so that a command can make one for a node that
/// serves.
///
/// A file is called by the digest of the link's token: whoever reads the folder cannot make a link of it.
package struct PageLinks: Sendable {
    /// How long a link may be used, in seconds.
    package static let seconds: Int64 = 600
    /// Links at one time.
    static let countMax = 64
    /// The longest file, in bytes.
    private static let bytesMax = 4_096

    private let folder: String

    /// The links of a home.
    package init(_ home: Home) { folder = home.path + "/page/links" }

    /// Makes a link's token.
    ///
    /// - Parameter person: Who signs in by it; nil for the operator.
    package func make(_ person: String?, _ role: PageRole, at time: Int64) throws -> String {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        sweep(at: time)
        guard names().count < Self.countMax else {
            throw NodeError(
                .tooMany, "\(Self.countMax) links to the page are open already",
                hint: "use one of them, or wait until they are over: ten minutes")
        }
        let token = Hex.encode(try RandomBytes.draw(32))
        let value = JSONValue.object([
            "person": person.map { .string($0) } ?? .null, "role": .string(role.rawValue),
            "expires": .integer(time + Self.seconds),
        ])
        try PageFile.write(value.text + "\n", to: path(token))
        return token
    }

    /// Uses a link up.
    ///
    /// - Returns: Who signs in by it; nil for one that was used, is over, or never was.
    func use(_ token: String, at time: Int64) -> (person: String?, role: PageRole)? {
        guard (1...256).contains(token.utf8.count) else { return nil }
        let path = path(token)
        let link = read(path)
        // Whoever removes the file has used it: of two at once one does.
        guard unlink(path) == 0, let link, time < link.expires else { return nil }
        return (link.person, link.role)
    }

    /// Removes links that are over.
    func sweep(at time: Int64) {
        for name in names() {
            let path = "\(folder)/\(name)"
            if (read(path)?.expires ?? 0) <= time { unlink(path) }
        }
    }

    private func names() -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    private func path(_ token: String) -> String {
        "\(folder)/\(SHA256Hasher.hash(Array(token.utf8)).hex)"
    }

    private func read(_ path: String) -> (person: String?, role: PageRole, expires: Int64)? {
        guard let bytes = PageFile.read(path, bytesMax: Self.bytesMax),
            let value = try? JSONValue(parsing: bytes),
            let role = value["role"]?.string.flatMap(PageRole.init(rawValue:)),
            let expires = value["expires"]?.integer
        else { return nil }
        return (value["person"]?.string, role, expires)
    }
}
