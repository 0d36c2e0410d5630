import Foundation
import Glibc
import PlainErrors

/// Where secrets that open other secrets come from.
///
/// They stand in the environment or in a file, or somebody types them at the terminal; never on the
/// command line, which every user of the machine can read.
public enum Passphrase {
    /// A passphrase beyond this is a wrong file.
    package static let bytesMax = 1_024

    /// The passphrase of encrypted key files: `COUNTERMARK_PASSPHRASE`, the first line of the file that
    /// `COUNTERMARK_PASSPHRASE_FILE` names, or what somebody types; nil where nobody can be asked.
    ///
    /// - Parameter purpose: what it is for, shown at the terminal.
    /// - Throws: ``NodeError`` if the file cannot be read.
    static func keyFiles(for purpose: String) throws -> String? {
        try given("COUNTERMARK_PASSPHRASE") ?? ask("Passphrase of \(purpose): ")
    }

    /// The passphrase of a person's key: `COUNTERMARK_SIGN_PASSPHRASE` or its file, else as for the
    /// node's own.
    package static func personalKey(for purpose: String) throws -> String? {
        try given("COUNTERMARK_SIGN_PASSPHRASE") ?? keyFiles(for: purpose)
    }

    /// A new passphrase; typed twice where somebody is asked.
    ///
    /// - Throws: ``NodeError`` if there is none.
    public static func new(for purpose: String) throws -> String {
        if let given = try given("COUNTERMARK_PASSPHRASE") { return given }
        guard let first = try ask("New passphrase of \(purpose): ") else {
            throw NodeError(
                .passphraseNeeded, kind: .usage,
                "there is no passphrase to encrypt \(purpose) with",
                hint: "set COUNTERMARK_PASSPHRASE, or give --passphrase-file")
        }
        guard try ask("Again: ") == first else {
            throw NodeError(
                .wrongPassphrase, kind: .usage, "the two passphrases differ",
                hint: "type them again")
        }
        return first
    }

    /// The PIN of a security module: `COUNTERMARK_PIN` or the first line of `COUNTERMARK_PIN_FILE`.
    package static func pin() throws -> String? { try given("COUNTERMARK_PIN") }

    private static func given(_ variable: String) throws -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let text = environment[variable], !text.isEmpty { return text }
        guard let path = environment[variable + "_FILE"], !path.isEmpty else { return nil }
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try file.read(upToCount: bytesMax + 2)
        else {
            throw NodeError(
                .noFile, "\(path) cannot be read", hint: "\(variable)_FILE names it")
        }
        let line = data.prefix { $0 != 0x0a && $0 != 0x0d }
        guard (1...bytesMax).contains(line.count) else {
            throw NodeError(
                .noPassphrase, "the first line of \(path) is no passphrase",
                hint: "it has 1 to \(bytesMax) bytes")
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Asks at the terminal without showing what is typed; nil where there is no terminal.
    private static func ask(_ prompt: String) throws -> String? {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        FileHandle.standardError.write(Data(InertText.line(prompt).utf8))
        guard let line = readLine(), (1...bytesMax).contains(line.utf8.count) else { return nil }
        return line
    }
}
