import Foundation

/// Vectors of others, which lie beside the package in `../shared/vectors` and are not part of it.
enum SharedVectors {
    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared/vectors")

    /// Whether the vectors are there; suites that need them are reported as skipped otherwise.
    static var arePresent: Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: "tlog-tree").path)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from path: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: folder.appending(path: path)))
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: path)))
    }
}
