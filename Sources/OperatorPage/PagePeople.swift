import AnnotationModel
import CompanyHome
import CountermarkNode
import Foundation
import Glibc
import LabelDocuments
import LabelText
import PlainErrors
import Signing
import Synchronization

/// Who may use a node's page, in a file of the home that nobody but its owner reads.
package final class PagePeople: Sendable {
    /// Somebody who may.
    package struct Person: Sendable, Equatable {
        package let name: String
        package let role: PageRole
        /// Nil: signs in by links alone.
        let password: PasswordHash?
    }

    /// The most people of one node.
    static let countMax = 1_000
    /// The longest name, in bytes.
    static let nameBytesMax = 100
    private static let bytesMax = 1 << 20

    private let folder: String
    private var path: String { folder + "/people.json" }
    private let known = Mutex<(stamp: Stamp?, people: [Person])?>(nil)

    private struct Stamp: Equatable {
        let inode: UInt
        let size: Int
        let seconds: Int
        let nanoseconds: Int
    }

    /// The people of a home.
    package init(_ home: Home) { folder = home.path + "/page" }

    /// All of them, by name.
    ///
    /// - Throws: ``NodeError`` for a file that is damaged: nobody signs in by guessing what it said.
    package func all() throws -> [Person] {
        let stamp = stamp()
        if let known = known.withLock({ $0 }), known.stamp == stamp { return known.people }
        let people = try read()
        known.withLock { $0 = (stamp, people) }
        return people
    }

    /// Somebody; nil where there is nobody of this name.
    package func person(_ name: String) throws -> Person? {
        try all().first { $0.name.hasSameBytes(as: name) }
    }

    /// Takes somebody in, or gives another role or password.
    ///
    /// - Parameter password: A new one; nil leaves what there is.
    /// - Returns: False where all was so already.
    package func add(_ name: String, _ role: PageRole, password: String?) throws -> Bool {
        guard (1...Self.nameBytesMax).contains(name.utf8.count), !name.contains(where: \.isNewline),
            name.unicodeScalars.allSatisfy({ !$0.properties.isWhitespace || $0 == " " }),
            name.first != " ", name.last != " ",
            !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f })
        else {
            throw NodeError(
                .badName,
                "a person's name is a text of up to \(Self.nameBytesMax) bytes on one line",
                hint: "")
        }
        if let password {
            guard password.count >= PasswordHash.lettersMin,
                password.utf8.count <= PasswordHash.passwordBytesMax
            else {
                throw NodeError(
                    .usage,
                    "a password has \(PasswordHash.lettersMin) characters or more, and up to "
                        + "\(PasswordHash.passwordBytesMax) bytes", hint: "")
            }
        }
        return try changing { people in
            let old = people.first { $0.name.hasSameBytes(as: name) }
            let isKept = password == nil || old?.password?.isOf(password ?? "") == true
            if let old, old.role == role, isKept { return false }
            let hash = isKept ? old?.password : try password.map { try PasswordHash(of: $0) }
            people.removeAll { $0.name.hasSameBytes(as: name) }
            guard people.count < Self.countMax else {
                throw NodeError(
                    .tooMany, "a node has up to \(Self.countMax) people", hint: "remove some first")
            }
            people.append(Person(name: name, role: role, password: hash))
            return true
        }
    }

    /// Lets somebody in no more.
    ///
    /// - Returns: False where there was nobody of this name.
    package func remove(_ name: String) throws -> Bool {
        try changing { people in
            let count = people.count
            people.removeAll { $0.name.hasSameBytes(as: name) }
            return people.count < count
        }
    }

    /// The list as commands print it.
    package func document(changed: Bool? = nil) throws -> PeopleDocument {
        PeopleDocument(
            people: try all().map {
                .init(name: $0.name, role: $0.role.rawValue, password: $0.password != nil)
            }, changed: changed)
    }

    // MARK: The file

    private func changing(_ body: (inout [Person]) throws -> Bool) throws -> Bool {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let lock = open(folder + "/lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
            throw NodeError(
                .notWritable, "\(folder)/lock cannot be locked", hint: "check who owns the folder")
        }
        defer { close(lock) }
        var people = try read()
        guard try body(&people) else { return false }
        people.sort { $0.name < $1.name }
        let list = people.map { person in
            JSONValue.object([
                "name": .string(person.name), "role": .string(person.role.rawValue),
                "password": person.password.map { .string($0.text) } ?? .null,
            ])
        }
        try PageFile.write(JSONValue.object(["people": .array(list)]).text + "\n", to: path)
        known.withLock { $0 = nil }
        return true
    }

    private func read() throws -> [Person] {
        guard access(path, F_OK) == 0 else { return [] }
        let damaged = NodeError(
            .damagedFile, "\(path) is damaged",
            hint: "remove it and name the people again with countermark people add")
        guard let bytes = PageFile.read(path, bytesMax: Self.bytesMax),
            let list = (try? JSONValue(parsing: bytes))?["people"]?.array
        else { throw damaged }
        return try list.map { value in
            guard let name = value["name"]?.string,
                let role = value["role"]?.string.flatMap(PageRole.init(rawValue:))
            else { throw damaged }
            guard let text = value["password"]?.string else {
                return Person(name: name, role: role, password: nil)
            }
            guard let hash = PasswordHash(text) else { throw damaged }
            return Person(name: name, role: role, password: hash)
        }
    }

    private func stamp() -> Stamp? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Stamp(
            inode: UInt(status.st_ino), size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
    }
}
