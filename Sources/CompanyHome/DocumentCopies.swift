import Foundation
import LogStorage
import PlainErrors
import SharedStore
import Signing

/// A document as a home has it from the store, or gave it there.
struct DocumentCopy: Codable, Equatable {
    let name: String
    /// 0 for one that was never in the store.
    var version: Int64
    /// As they are in the store: whoever has them can give them back.
    var bytes: Data
    /// Whether the home says something else since, which the store has to learn.
    var isPending: Bool

    init(_ document: SharedDocument) {
        (name, version, bytes) = (document.name, document.version, Data(document.bytes))
        isPending = false
    }

    /// What the home says of it was never in the store.
    init(pending name: String) {
        (self.name, version, bytes, isPending) = (name, 0, Data(), true)
    }

    var document: SharedDocument {
        SharedDocument(name: name, version: version, bytes: Array(bytes))
    }
}

/// The copies of a home, one file each in its folder `company`; all processes change them under one lock.
struct DocumentCopies {
    private let folder: String
    private static let lockSeconds = 20.0

    init(_ home: Home) { folder = home.path + "/company" }

    /// A name's file: names are longer than those of files may be.
    private func path(_ name: String) -> String {
        "\(folder)/\(SHA256Hasher.hash(Array(name.utf8)).hex.prefix(40)).json"
    }

    /// All of them, by name.
    ///
    /// One that is damaged is none: the store is asked again.
    func all() throws -> [String: DocumentCopy] {
        var found: [String: DocumentCopy] = [:]
        for file in try DurableFile.names(in: folder) where file.hasSuffix(".json") {
            if let copy = Self.read("\(folder)/\(file)") { found[copy.name] = copy }
        }
        return found
    }

    func copy(of name: String) -> DocumentCopy? {
        Self.read(path(name)).flatMap { $0.name == name ? $0 : nil }
    }

    private static func read(_ file: String) -> DocumentCopy? {
        (try? WholeFile.read(file)).flatMap { text in
            text.flatMap { try? JSONDecoder().decode(DocumentCopy.self, from: Data($0.utf8)) }
        }
    }

    func keep(_ copy: DocumentCopy) throws {
        if self.copy(of: copy.name) == copy { return }
        try WholeFile.makeFolder(folder, mode: 0o700)
        try WholeFile.replace(
            path(copy.name),
            with: String(decoding: try JSONEncoder().encode(copy), as: UTF8.self), mode: 0o600)
    }

    /// Marks what the home says of it as something that the store has to learn.
    func keepPending(_ name: String) throws {
        var copy = copy(of: name) ?? DocumentCopy(pending: name)
        copy.isPending = true
        try keep(copy)
    }

    /// When anything here was changed last; nil where nothing is.
    var mark: FileMark? { FileMark(folder) }

    /// - Parameter mayBeReadOnly: Whether `body` may find nothing to write, as of a home on a disk that takes nothing.
    func locked<R>(mayBeReadOnly: Bool = false, _ body: () throws -> R) throws -> R {
        do {
            try WholeFile.makeFolder(folder, mode: 0o700)
        } catch  where mayBeReadOnly {
            // The lock says whether it matters.
        }
        return try WholeFile.locked(
            "\(folder)/lock", seconds: Self.lockSeconds, mayBeReadOnly: mayBeReadOnly, body)
    }

    // MARK: What is not as in the store

    private var troubleFile: String { folder + "/troubles" }

    private struct Troubles: Codable {
        let documents: [String: String]
    }

    /// The documents that this home does not take from the store, and why.
    func troubles() -> [String: String] {
        guard let text = try? WholeFile.read(troubleFile) else { return [:] }
        return (try? JSONDecoder().decode(Troubles.self, from: Data(text.utf8)))?.documents ?? [:]
    }

    func keep(troubles: [String: String]) throws {
        if troubles == self.troubles() { return }
        if troubles.isEmpty { return try WholeFile.remove(troubleFile) }
        try WholeFile.makeFolder(folder, mode: 0o700)
        try WholeFile.replace(
            troubleFile,
            with: String(
                decoding: try JSONEncoder().encode(Troubles(documents: troubles)), as: UTF8.self))
    }
}
