import AnnotationFormats
import Foundation
import Signing

/// What tells the content of files that lie beside labels.
enum ContentDigest {
    /// The SHA-256 of a file that lies beside labels; nil where it cannot be read.
    static func sha256(ofFile path: String) throws -> [UInt8]? {
        guard FileObstacle.at(path) == nil, let file = FileHandle(forReadingAtPath: path) else {
            return nil
        }
        var hasher = SHA256Hasher()
        while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
            part.withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finish().bytes
    }
}
