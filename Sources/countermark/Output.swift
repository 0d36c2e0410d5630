import AnnotationFormats
import AnnotationModel
import AnnotationStore
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import Glibc
import LabelDocuments
import LabelText
import LogStorage
import NodeDocuments
import PlainErrors
import Signing
import Synchronization

/// The options that every command takes.
struct CommonOptions: ParsableArguments {
    @Option(help: "The node's folder (else COUNTERMARK_HOME, else ./.countermark).")
    var home: String?

    @Option(help: "A file whose first line opens encrypted keys (as COUNTERMARK_PASSPHRASE_FILE).")
    var passphraseFile: String?

    @Option(
        help: "The HTTP proxy that dials partners: http://HOST:PORT, or none (else HTTPS_PROXY).")
    var proxy: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    /// Before anything else runs: whatever opens a key then finds the file where the variable names it.
    func validate() throws {
        if let passphraseFile { setenv("COUNTERMARK_PASSPHRASE_FILE", passphraseFile, 1) }
        if let proxy { setenv("COUNTERMARK_PROXY", proxy, 1) }
    }

    @Flag(
        help: """
            Write although this home was copied or restored and no partner could be asked since: its log \
            forks if newer entries ever left it.
            """)
    var offline = false

    @Flag(
        help: "Sign although this machine's clock differs from all partners' by more than a day.")
    var clockIsRight = false

    /// The home's folder.
    var homePath: String {
        let named = home ?? ProcessInfo.processInfo.environment["COUNTERMARK_HOME"]
        // A variable that is set to nothing names nothing.
        let path = named.flatMap { $0.isEmpty ? nil : $0 } ?? "./.countermark"
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The node of the home.
    func node() throws -> Node {
        let node = try Node(try Home(opening: homePath))
        node.mayWriteUnchecked = offline
        node.onPublish = Published.note
        node.isClockRight = clockIsRight
        node.warn = { Terminal.warn("countermark: warning: \($0)") }
        if let why = node.store.whyCopied {
            node.warn("\(why): the label table is read from a copy, and nothing can be written")
        }
        if node.store.wasRenewed {
            node.warn(
                "the label table is one of an earlier version of this program: it is made anew from the logs"
            )
        }
        if offline, !node.home.isAnchored {
            Terminal.warn(
                "countermark: warning: \(homePath) was copied or restored and no partner was asked since; "
                    + "if newer entries ever left it, what is written now forks the log")
        }
        return node
    }

    /// A dataset's id, where the owner may be left out.
    func dataset(_ text: String, _ node: Node) throws -> DatasetID {
        try DatasetID(text, defaultOwner: node.home.origin)
    }

    /// Throws where what a command is to write lies in the home.
    ///
    /// - Throws: ``NodeError`` of the code `insideHome`.
    func requireOutside(_ path: String) throws {
        guard OutputFence(around: homePath).holds(path) else { return }
        throw NodeError(
            .insideHome, "\(path) lies in the home \(homePath), whose files are the program's own",
            hint: "name a file or folder elsewhere; nothing was written")
    }

    /// Writes a file that the user named, as a whole; nothing is written through a link, or into the home.
    func writeWhole(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o666) throws {
        try requireOutside(path)
        let output = DiskOutput(file: path, mode: mode)
        try output.begin(path)
        try output.write(bytes)
        try output.end()
    }

    /// Prints a document as JSON, or the lines for people.
    func print(document: some Document, _ lines: @autoclosure () -> [String]) throws {
        if json {
            Terminal.say(json: try DocumentEncoder.text(document) + "\n")
        } else if !quiet {
            for line in lines() { Terminal.say(line) }
        }
    }

    /// Prints a document, and to people where a command that would write had nothing to change.
    ///
    /// - Parameter changed: What the document says of it; nil where the command was only to show something.
    func print(
        document: some Document, changed: Bool?, _ lines: @autoclosure () -> [String]
    ) throws {
        try print(
            document: document, (changed == false ? ["nothing has changed"] : []) + lines())
    }
}

/// The options of commands that write: whose certificate signs.
struct SigningOptions: ParsableArguments {
    @Option(help: "The signer's certificate and its issuers (PEM); the node's own if left out.")
    var signCert: String?
    @Option(help: "The signer's key: a file, or pkcs11:... in a security module.")
    var signKey: String?

    func validate() throws {
        guard (signCert == nil) == (signKey == nil) else {
            throw ValidationError("--sign-cert and --sign-key go together")
        }
    }

    /// The home's node, which signs as these options say.
    func node(_ common: CommonOptions) throws -> Node {
        let node = try common.node()
        if let signCert, let signKey {
            try node.sign(
                as: try Certificate.all(pem: try readText(signCert)),
                keyText: try keyText(signKey))
        }
        return node
    }
}

/// What people and scripts read: the one place where this program writes to standard output and error.
///
/// Much of it was written by other companies, so all of it is made inert.
enum Terminal {
    private static let output = Mutex(StandardOutput())

    /// Prints a line.
    static func say(_ line: String) { put(InertText.line(line) + "\n") }

    /// Prints a text of several lines of the program's own.
    static func say(lines: String) { put(InertText.lines(lines)) }

    /// Prints a JSON text as it is laid out.
    static func say(json: String) { put(InertText.json(json)) }

    private static func put(_ text: String) { output.withLock { $0.write(text) } }

    /// Hands over what was printed.
    ///
    /// - Throws: ``NodeError`` of the code `outputLost`, once, where standard output has not taken all of it.
    static func flush() throws {
        guard let code = output.withLock({ $0.flush() }) else { return }
        throw NodeError(
            .outputLost, "standard output takes no more: \(SystemReason.words(code))",
            hint:
                "what the command did is done all the same: make room, and look before you run it again"
        )
    }

    /// Ends the process, with status 1 at least where not all that was printed could be handed over.
    static func exit(_ status: Int32) -> Never {
        do {
            try flush()
            Foundation.exit(status)
        } catch {
            Failure(error).report(asJSON: CommandLine.arguments.contains("--json"))
            Foundation.exit(status == 0 ? NodeError.Kind.failed.rawValue : status)
        }
    }

    /// Says what this home says and its company's other nodes do not know yet.
    static func warnOfPending(_ home: Home) {
        let names = home.untoldDocuments
        if names.isEmpty { return }
        warn(
            "countermark: warning: the store cannot be reached: this holds on this node already, and on the company's "
                + "other nodes once it can (\(names.joined(separator: ", "))); run countermark sync then, or start the "
                + "node")
    }

    /// Writes a line to standard error.
    static func warn(_ line: String) { error(InertText.line(line) + "\n") }

    /// Writes a text of several lines of the program's own to standard error.
    static func warn(lines: String) { error(InertText.lines(lines) + "\n") }

    /// Writes a drawing of the program's own to standard error as it is.
    static func draw(_ text: String) { error(text) }

    /// Asks a question on standard error; nil where nobody is there to answer.
    static func ask(_ question: String) -> Bool? {
        guard isatty(STDIN_FILENO) == 1 else { return nil }
        error(InertText.line("\(question) [y/N] "))
        return readLine()?.lowercased().hasPrefix("y") == true
    }

    private static func error(_ text: String) {
        // Where this cannot be written, nobody is left to be told.
        _ = StandardOutput.write(Array(text.utf8)[...], to: STDERR_FILENO)
    }
}
