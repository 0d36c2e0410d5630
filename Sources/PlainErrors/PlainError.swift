import AnnotationFormats
import AnnotationModel
import AnnotationStore
import Foundation
import LabelSchema
import LabelText
import LogStorage
import ObjectStore
import PartnerTLS
import Provenance
import SharedStore
import Signing
import TransparencyLog

/// Any error in plain words: the one table through which all that people read of errors goes.
///
/// The modules' own errors bring their words. What comes from Foundation, NIO or the system is put into ours here; its
/// own text names classes and numbers that help nobody.
public struct PlainError: Sendable, Equatable {
    /// What happened, for scripts.
    public let code: ErrorCode
    /// What happened, to what.
    public let message: String
    /// What to do; empty where the message says so.
    public let hint: String
    /// The exit status.
    public let kind: NodeError.Kind

    package init(
        _ code: ErrorCode, kind: NodeError.Kind? = nil, _ message: String, _ hint: String = ""
    ) {
        (self.code, self.kind) = (code, kind ?? code.kind)
        (self.message, self.hint) = (message, hint)
    }

    /// One line.
    public static func line(_ error: any Error) -> String {
        let plain = PlainError(error)
        return plain.hint.isEmpty ? plain.message : "\(plain.message); \(plain.hint)"
    }

    /// The words for an error.
    public init(_ error: any Error) {
        switch error {
        case let error as any CodedError:
            self.init(error.code, kind: error.kind, error.message, error.hint)
        case let error as LogStorageError: self.init(error)
        case let error as AnnotationModelError: self.init(error)
        case PartnerTLSError.cancelled: self = Self.foreign(CancellationError())
        case let error as PartnerTLSError: self.init(.partner, "\(error)")
        case AnnotationStoreError.unreadableEntry: self.init(.logStorage, "\(error)")
        case let error as AnnotationStoreError: self.init(.labelTable, "\(error)")
        case FormatError.cannotOpen(let path, let code) where FileObstacle.at(path) == nil:
            self.init(
                .badFile, "\(path) cannot be opened: \(SystemReason.words(code))",
                "check the path and its permissions")
        case FormatError.cannotWrite(let path, let code):
            self.init(
                .badFile, "\(path) cannot be written: \(SystemReason.words(code))",
                "check the folder, its owner and the space on the disk")
        case let error as SharedStoreError: self.init(error)
        case let error as ObjectStoreError: self.init(error)
        case let error as LogMoved:
            self.init(.storeBusy, "another node has written to \(error.log)", "run it again")
        case let error as SelectorJSON.Problem: self.init(.badSelector, "\(error)")
        case let error as FormatError: self.init(.badFile, "\(error)")
        case let error as InvitationError: self.init(.invitation, "\(error)")
        case let error as LabelProofError: self.init(.badProof, "\(error)")
        case let error as ProvenanceError: self.init(.refused, "\(error)")
        case let error as ProvenanceError.Refusal: self.init(.refused, "\(error)")
        case let error as SchemaError: self.init(.badSchema, "\(error)")
        case let error as SigningError: self.init(.signing, "\(error)")
        case let error as TransparencyLogError: self.init(.badLog, "\(error)")
        case let error as WitnessRefusal: self.init(.notCosigned, "\(error)")
        case let error as JSONError: self.init(.badFile, "\(error)")
        default: self = Self.foreign(error)
        }
    }

    private init(_ error: LogStorageError) {
        if case .locked = error {
            self.init(.locked, "\(error)")
        } else {
            self.init(.logStorage, "\(error)")
        }
    }

    private init(_ error: ObjectStoreError) {
        let code: ErrorCode =
            switch error {
            case .invalidURL, .invalidName, .noKeys, .unusableKeys, .wrongRegion, .redirected:
                .badStore
            case .unreachable, .noAnswer, .cut, .busy: .storeUnreachable
            case .otherBytes, .neverThere, .answerTooLarge, .raceLost, .raceOverwritten:
                .storeDamaged
            default: .storeRefuses
            }
        // What happened, and what to do.
        let parts = "\(error)".split(separator: ";", maxSplits: 1)
        self.init(
            code, parts.first.map(String.init) ?? "",
            parts.dropFirst().first.map { $0.trimmingCharacters(in: .whitespaces) } ?? "")
    }

    private init(_ error: SharedStoreError) {
        let code: ErrorCode =
            switch error {
            case .badAddress: .badStore
            case .noLibrary, .notAllowed, .full, .readOnly, .failed, .copyStays: .storeRefuses
            case .unreachable, .slow: .storeUnreachable
            case .noTables, .otherVersion, .otherOwner, .left: .otherStore
            case .unconfirmed: .storeUnconfirmed
            case .damaged, .forged, .tooLarge, .tooManyDocuments: .storeDamaged
            case .busy: .storeBusy
            }
        self.init(code, error.message, error.hint)
    }

    private init(_ error: AnnotationModelError) {
        if case .badIdentifier = error {
            self.init(.badIdentifier, "\(error)")
        } else {
            self.init(.badValue, "\(error)")
        }
    }

    /// Errors of others' libraries.
    private static func foreign(_ error: any Error) -> PlainError {
        if let words = NetworkReason.words(error) {
            return PlainError(
                .network, "the network failed: \(words)",
                "check the address, the port and the network")
        }
        switch error {
        case is CancellationError:
            return PlainError(
                .cancelled, "it was ended before it was done", "run it again")
        case is DecodingError:
            return PlainError(
                .unreadable, "a file or an answer does not hold what it should",
                "run countermark doctor, which names damaged files")
        case is EncodingError:
            return PlainError(
                .unwritable, "a value cannot be written as JSON", "tell who wrote it")
        case let error as CocoaError: return file(error)
        case let error as POSIXError:
            return PlainError(
                .system, "the system refused: \(SystemReason.words(error.code.rawValue))",
                "check the disk, and who owns the files")
        default:
            let error = error as NSError
            return PlainError(
                .failed,
                "something failed that this program has no words for (\(error.domain), number "
                    + "\(error.code))",
                "run countermark doctor; if it finds nothing, report it with the command")
        }
    }

    /// Foundation's errors about files.
    private static func file(_ error: CocoaError) -> PlainError {
        let path = error.filePath ?? error.url?.path ?? "a file"
        let isWrite = (512..<1_024).contains(error.code.rawValue)
        var reason = words(error.code)
        if reason == nil, let code = (error.underlying as? POSIXError)?.code.rawValue {
            reason = SystemReason.words(code)
        }
        let verb = isWrite ? "written" : "read"
        return PlainError(
            isWrite ? .notWritable : .noFile,
            "\(path) cannot be \(verb): \(reason ?? "the system refused it")",
            isWrite
                ? "check the folder, its owner and the space on the disk"
                : "check the path and its permissions")
    }

    private static func words(_ code: CocoaError.Code) -> String? {
        switch code {
        case .fileNoSuchFile, .fileReadNoSuchFile: "it is not there"
        case .fileReadNoPermission, .fileWriteNoPermission: "permission denied"
        case .fileWriteOutOfSpace: "no space is left on the disk"
        case .fileWriteVolumeReadOnly: "the file system can only be read"
        case .fileWriteFileExists: "it is there already"
        case .fileReadCorruptFile: "it is damaged"
        case .fileReadTooLarge: "it is too large"
        case .fileReadInvalidFileName, .fileWriteInvalidFileName: "its name cannot be used"
        case .fileReadInapplicableStringEncoding, .fileReadUnknownStringEncoding,
            .fileWriteInapplicableStringEncoding:
            "it is no text in UTF-8"
        default: nil
        }
    }
}
