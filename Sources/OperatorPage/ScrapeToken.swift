import CountermarkNode
import HTTPTypes
import Hummingbird
import PlainErrors

/// What a program shows that reads figures and health and does not sign in: the text of a file, which is read at each
/// request, so that it may be changed while the node serves.
package struct ScrapeToken: Sendable {
    /// Nobody guesses so many letters.
    static let lettersMin = 32
    /// The longest file, in bytes.
    static let bytesMax = 1_024

    private let path: String

    /// The token in a file.
    ///
    /// - Throws: ``NodeError`` where the file cannot be read, or holds no token.
    package init(file path: String) throws {
        self.path = path
        guard read() != nil else {
            throw NodeError(
                .usage,
                "\(path) holds no token: one line of \(Self.lettersMin) or more letters, digits and signs",
                hint: "make one, for instance by openssl rand -hex 32, in a file of mode 0600")
        }
    }

    /// The token; nil for a file that is not there any more, or holds none.
    private func read() -> [UInt8]? {
        guard var bytes = PageFile.read(path, bytesMax: Self.bytesMax) else { return nil }
        while let last = bytes.last, last == 0x0a || last == 0x0d { bytes.removeLast() }
        guard bytes.count >= Self.lettersMin, bytes.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        return bytes
    }

    /// Whether a request shows it (RFC 6750).
    func isShown(in request: Request) -> Bool {
        guard let text = request.headers[.authorization], text.utf8.count <= Self.bytesMax + 8
        else { return false }
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", let token = read() else {
            return false
        }
        return PageSessionGuard.isSame(Array(parts[1].utf8), token)
    }
}
