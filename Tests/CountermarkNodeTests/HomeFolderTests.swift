import AnnotationModel
import Foundation
import Glibc
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("The folder of a home")
struct HomeFolderTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "home-folder-\(UUID().uuidString)"
    ).path

    private func make(_ path: String) throws {
        _ = try Home.make(
            path, origin: try Origin("oem.example"), name: "OEM",
            time: Int64(Date().timeIntervalSince1970))
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require((attributes[.posixPermissions] as? NSNumber)?.intValue)
    }

    private func isClosed(_ home: String) throws -> Bool {
        let folders = try ["", "keys", "trust", "logs", "incoming", "evidence", "invitations"].map {
            try mode("\(home)/\($0)")
        }
        let keys = try FileManager.default.contentsOfDirectory(atPath: home + "/keys").map {
            try mode("\(home)/keys/\($0)")
        }
        return folders.allSatisfy { $0 == 0o700 } && keys.allSatisfy { $0 == 0o600 }
            && keys.count >= 4
    }

    @Test("a new home is closed, whatever the mask, and so is one in a folder that was there")
    func closed() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try make(folder + "/new")
        #expect(try isClosed(folder + "/new"))
        for before in [0o755, 0o777, 0o500, 0o711] {
            let home = "\(folder)/\(before)"
            try FileManager.default.createDirectory(
                atPath: home + "/keys", withIntermediateDirectories: true)
            chmod(home + "/keys", 0o777)
            chmod(home, mode_t(before))
            try make(home)
            #expect(try isClosed(home))
        }
    }

    @Test("a link or a file in the place of a folder makes no home")
    func foreign() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (number, place) in ["keys", "trust/own.pem", "logs", "keys/node.key"].enumerated() {
            let home = "\(folder)/\(number)"
            try FileManager.default.createDirectory(
                atPath: (home + "/" + place as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            let target = "\(folder)/elsewhere-\(number)"
            symlink(target, home + "/" + place)
            let error = #expect(throws: NodeError.self) { try make(home) }
            // A key or certificate that is there already, were it a link, is a home's.
            let isFile = place.contains("/")
            #expect(error?.code == (isFile ? .homeExists : .notOwn))
            #expect(!FileManager.default.fileExists(atPath: home + "/config.json"))
            #expect(!FileManager.default.fileExists(atPath: target))
        }
    }

    @Test("a home may be named by a link")
    func named() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder + "/real", withIntermediateDirectories: true)
        symlink(folder + "/real", folder + "/link")
        try make(folder + "/link")
        #expect(try isClosed(folder + "/real"))
    }

    @Test("a folder of another user makes no home", .enabled(if: geteuid() == 0))
    func other() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder + "/theirs", withIntermediateDirectories: true)
        chown(folder + "/theirs", 65_534, 65_534)
        let error = #expect(throws: NodeError.self) { try make(folder + "/theirs") }
        #expect(error?.code == .notOwn)
    }
}
