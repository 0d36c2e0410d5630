import Foundation
import Glibc
import LogStorage

extension LogStorageError {
    /// A failure of Foundation's file functions as what the system said.
    public init(_ error: CocoaError) {
        let isWriting = (512..<1_024).contains(error.code.rawValue)
        self = .system(
            call: isWriting ? "write" : "read", path: error.filePath ?? error.url?.path ?? "a file",
            errno: (error.underlying as? POSIXError)?.code.rawValue ?? Self.number(error.code))
    }

    private static func number(_ code: CocoaError.Code) -> Int32 {
        switch code {
        case .fileNoSuchFile, .fileReadNoSuchFile: ENOENT
        case .fileReadNoPermission, .fileWriteNoPermission: EACCES
        case .fileWriteOutOfSpace: ENOSPC
        case .fileWriteVolumeReadOnly: EROFS
        case .fileWriteFileExists: EEXIST
        default: EIO
        }
    }

    /// Runs `body`, whose file functions are Foundation's, and says in our words what failed.
    static func translating<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as CocoaError {
            throw LogStorageError(error)
        }
    }
}

extension Home {
    /// The names in a folder, sorted; none where the folder is missing.
    ///
    /// - Throws: `LogStorageError` for a folder that cannot be read: what is in it counts all the same.
    func names(in folder: String) throws -> [String] {
        try LogStorageError.translating {
            do {
                return try FileManager.default.contentsOfDirectory(
                    atPath: "\(path)/\(folder)"
                ).sorted()
            } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
                return []
            }
        }
    }
}
