import AnnotationModel
import Glibc
import LabelText

/// Why a file of labels cannot be read or written at all.
///
/// What concerns one record only is no error: it is reported as ``FormatEvent/skipped(where:why:)`` and
/// reading goes on.
public enum FormatError: Error, Equatable, Sendable {
    /// A format's name that is not in the registry.
    case unknownFormat(name: String, known: [String])
    /// A format that is read and not written.
    case readOnly(name: String, written: [String])
    /// A file or folder that the system does not give.
    case cannotOpen(path: String, errno: Int32)
    /// A folder or a device where a file is needed.
    case notAFile(path: String)
    /// A file that the system does not let us write.
    case cannotWrite(path: String, errno: Int32)
    /// A link where an export writes.
    case isLink(path: String)
    /// A file that another export is writing.
    case isBeingWritten(path: String)
    /// A folder of the program's own files.
    case isFenced(path: String)
    /// A file that this export has written under another name.
    case isSameFile(path: String)
    /// A JSON text that is malformed; `path` is where in the tree, such as `annotations[17].bbox`.
    case json(file: String, position: TextPosition, path: String, reason: JSONError.Reason)
    /// A table or text that is malformed.
    case text(file: String, line: Int, why: String)
    /// Text in another encoding than the format has, or none.
    case encoding(file: String, line: Int, why: String)
    /// Names of items that may mean either of two, or two names of one item.
    case ambiguous(file: String, why: String)
    /// A file that is well-formed and not what the format asks for.
    case structure(file: String, path: String, why: String)
    /// Nothing to read.
    case noInput(format: String, wants: String)
    /// A value of a record that the format cannot write.
    case notFinite(item: String)
}

extension FormatError {
    /// A fault that a scanner found.
    init(_ fault: TextFault) {
        self =
            fault.isEncoding
            ? .encoding(file: fault.file, line: fault.line, why: fault.why)
            : .text(file: fault.file, line: fault.line, why: fault.why)
    }

    /// Calls `body`, whose scanners' faults are errors of the format.
    static func of<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let fault as TextFault {
            throw FormatError(fault)
        }
    }
}

extension FormatError: CustomStringConvertible {
    /// One line: where, what, what to do.
    public var description: String {
        switch self {
        case .unknownFormat(let name, let known):
            "no format is called \"\(name)\"; use one of \(known.joined(separator: ", "))"
        case .readOnly(let name, let written):
            "\(name) is read and not written; export as one of \(written.joined(separator: ", "))"
        case .cannotOpen(let path, let code):
            Self.text(FileObstacle.at(path), path)
                ?? "\(path) cannot be read: \(Self.text(code)); check the path and its permissions"
        case .notAFile(let path):
            Self.text(FileObstacle.at(path), path)
                ?? "\(path) is not a file; give the file itself"
        case .cannotWrite(let path, let code):
            "\(path) cannot be written: \(Self.text(code)); check the path and the free space"
        case .isLink(let path):
            "\(path) is a link, and nothing is written through links; remove it or name another place"
        case .isBeingWritten(let path):
            "\(path) is being written by another export; wait for it, or name another place"
        case .isFenced(let path):
            "\(path) is the home of a node, in which no labels are written; export into another folder"
        case .isSameFile(let path):
            "\(path) is a file that this export wrote under another name: the file system does not tell "
                + "upper from lower case; export into a folder on another one"
        case .json(let file, let position, let path, let reason):
            "\(file), \(position)\(path.isEmpty ? "" : ", in \(path)"): \(reason)"
        case .text(let file, let line, let why), .encoding(let file, let line, let why):
            "\(file), line \(line): \(why)"
        case .ambiguous(let file, let why): "\(file): \(why)"
        case .structure(let file, let path, let why):
            "\(file)\(path.isEmpty ? "" : ", \(path)"): \(why)"
        case .noInput(let format, let wants): "nothing to read as \(format): \(wants)"
        case .notFinite(let item):
            "a label of \(item) holds a number that is not finite; correct it and export again"
        }
    }

    /// Whether the error costs no more than the file that it is about.
    func concerns(_ name: String) -> Bool {
        switch self {
        case .json(let file, _, _, _), .text(let file, _, _), .structure(let file, _, _):
            file.hasSameBytes(as: name)
        case .cannotOpen(let path, _), .notAFile(let path): path.hasSameBytes(as: name)
        default: false
        }
    }

    /// What is wrong, without the name of the file.
    func reason(_ name: String) -> String {
        let text = description
        guard text.hasPrefix(name) else { return text }
        return String(text.dropFirst(name.count).drop { ", :".contains($0) })
    }

    private static func text(_ obstacle: FileObstacle?, _ path: String) -> String? {
        obstacle.map { "\(path) cannot be read: \($0.what); \($0.remedy)" }
    }

    private static func text(_ code: Int32) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }
}
