import Glibc
import LogStorage

/// A key of an object store: what a request says of its sender, and the secret that proves it.
public struct S3Credentials: Equatable, Sendable {
    /// The key's id, which each request shows.
    public let keyID: String
    /// The secret, which never leaves the process.
    let secret: String
    /// What a key for some hours comes with; each request shows it.
    let sessionToken: String?

    /// A key.
    ///
    /// - Parameter source: Where it comes from, for messages.
    /// - Throws: ``ObjectStoreError/unusableKeys(from:why:)``.
    init(
        keyID: String, secret: String, sessionToken: String?, from source: String
    ) throws(ObjectStoreError) {
        let isID =
            (1...128).contains(keyID.utf8.count)
            && keyID.utf8.allSatisfy { Self.isPrintable($0) && $0 != 0x2f && $0 != 0x2c }
        guard isID else {
            throw .unusableKeys(
                from: source, why: "the key's id is empty or has spaces, '/' or ','")
        }
        guard (1...256).contains(secret.utf8.count), secret.utf8.allSatisfy(Self.isPrintable) else {
            throw .unusableKeys(from: source, why: "the secret is empty, too long, or has spaces")
        }
        if let sessionToken {
            guard (1...8_192).contains(sessionToken.utf8.count),
                sessionToken.utf8.allSatisfy(Self.isPrintable)
            else {
                throw .unusableKeys(
                    from: source, why: "the session token is empty, too long, or has spaces")
            }
        }
        (self.keyID, self.secret, self.sessionToken) = (keyID, secret, sessionToken)
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { (0x21...0x7e).contains(byte) }
}

extension S3Credentials: CustomStringConvertible, CustomReflectable {
    /// The key's id alone.
    public var description: String { "key \(keyID)" }
    /// Nothing: the secret must not end up in a log.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where keys come from: asked at each request, so that a key that is replaced in its file is used at once.
public enum S3CredentialsSource: Sendable {
    /// Keys that do not change while the program runs.
    case fixed(S3Credentials)
    /// A file of this path.
    case file(String)

    /// A file of keys has some lines.
    private static let fileBytesMax = 65_536

    /// The keys for a location: of the file that it names, else of the environment.
    ///
    /// - Throws: ``ObjectStoreError/noKeys`` or ``ObjectStoreError/unusableKeys(from:why:)``.
    public init(
        for location: S3Location, environment: [String: String]
    ) throws(ObjectStoreError) {
        if let file = location.credentialsFile {
            self = .file(file)
            _ = try read()
            return
        }
        guard let keyID = environment["AWS_ACCESS_KEY_ID"],
            let secret = environment["AWS_SECRET_ACCESS_KEY"]
        else { throw .noKeys }
        let token = environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        self = .fixed(
            try S3Credentials(
                keyID: keyID, secret: secret, sessionToken: token, from: "the environment"))
    }

    /// The keys as they are now.
    func read() throws(ObjectStoreError) -> S3Credentials {
        switch self {
        case .fixed(let credentials): credentials
        case .file(let path): try Self.parse(Self.content(of: path), from: path)
        }
    }

    /// A file's text, if nobody else can read it.
    private static func content(of path: String) throws(ObjectStoreError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw .unusableKeys(from: path, why: SystemReason.words(errno))
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unusableKeys(from: path, why: "it is no file")
        }
        guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() || status.st_uid == 0 else {
            throw .unusableKeys(
                from: path, why: "others may read it, or it is another user's; chmod 600 it")
        }
        var bytes = [UInt8](repeating: 0, count: fileBytesMax)
        let count = Glibc.read(file, &bytes, fileBytesMax)
        guard (0..<fileBytesMax).contains(count),
            let text = String(validating: bytes.prefix(count), as: UTF8.self)
        else { throw .unusableKeys(from: path, why: "it is no text of some lines") }
        return text
    }

    /// Reads `name = value` lines, as Amazon's tools write them; of several profiles `[default]` is taken.
    static func parse(_ text: String, from path: String) throws(ObjectStoreError) -> S3Credentials {
        var values: [String: String] = [:]
        var isWanted = true
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmed
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("[") {
                isWanted = line == "[default]"
                continue
            }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw .unusableKeys(from: path, why: "a line is not NAME = VALUE")
            }
            if isWanted { values[parts[0].trimmed.lowercased()] = String(parts[1].trimmed) }
        }
        guard let keyID = values["aws_access_key_id"], let secret = values["aws_secret_access_key"]
        else {
            throw .unusableKeys(
                from: path,
                why: "it needs the lines aws_access_key_id = … and aws_secret_access_key = …")
        }
        return try S3Credentials(
            keyID: keyID, secret: secret, sessionToken: values["aws_session_token"], from: path)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
