import AnnotationModel
import Foundation
import LogStorage
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import PlainErrors

@Suite("A folder that was carried")
struct CarriedFolderTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    @Test(
        "a log that is not whole there is named, and the others are taken",
        arguments: ["no checkpoint", "a folder", "a link", "no text", "a file"])
    func unusable(_ what: String) throws {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [all.label("images/a.jpg")])
        try all.carry(tier, to: oem)
        try all.node(oem).write(all.dataset, [all.label("images/a.jpg")])
        let stick = all.folder.path + "/stick"
        _ = try all.node(oem).carryOut(all.dataset, to: stick, for: try Origin(tier))
        let log = "\(stick)/logs/\(oem)/\(all.dataset)"
        let files = FileManager.default
        switch what {
        case "no checkpoint": try files.removeItem(atPath: log + "/checkpoint")
        case "a folder":
            try files.removeItem(atPath: log + "/checkpoint")
            try files.createDirectory(
                atPath: log + "/checkpoint", withIntermediateDirectories: false)
        case "a link":
            try files.moveItem(atPath: log, toPath: stick + "/elsewhere")
            try files.createSymbolicLink(
                atPath: log, withDestinationPath: stick + "/elsewhere")
        case "a file":
            try files.removeItem(atPath: log)
            try Data("x".utf8).write(to: URL(fileURLWithPath: log))
        default: try Data("x".utf8).write(to: URL(fileURLWithPath: log + "/checkpoint"))
        }
        let reports = try all.node(tier).carryIn(from: stick)
        #expect(reports.count == 2)
        let failed = try #require(reports.first { $0.log == "\(oem)/\(all.dataset)" })
        #expect(failed.error?.contains("carry it out anew") == true)
        #expect(failed.error?.contains("countermark repair") == false)
        #expect(reports.filter { $0.error == nil }.count == 1)
    }

    @Test("a damaged copy is no damage of the home: it is moved aside, and all of it written anew")
    func damagedCopy() throws {
        let all = try Companies([oem])
        let node = try all.node(oem)
        var told: [String] = []
        node.warn = { told.append($0) }
        let stick = all.folder.path + "/stick"
        _ = try node.carryOut(all.dataset, to: stick, for: nil)
        let file = "\(stick)/logs/\(oem)/\(all.dataset)/checkpoint"
        let good = FileManager.default.contents(atPath: file)
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        _ = try node.carryOut(all.dataset, to: stick, for: nil)
        #expect(FileManager.default.contents(atPath: file) == good)
        #expect(told.count == 1 && told[0].contains("/damaged/") && !told[0].contains("repair"))
        let aside = try #require(
            DurableFile.files(below: "\(stick)/damaged").first { $0.hasSuffix("/checkpoint") })
        #expect(FileManager.default.contents(atPath: "\(stick)/damaged/\(aside)") == Data("x".utf8))
    }

    @Test("nobody carries for a company that has no part in the dataset")
    func stranger() throws {
        let all = try Companies([oem])
        #expect(throws: NodeError.self) {
            try all.node(oem).carryOut(
                all.dataset, to: all.folder.path + "/s", for: try Origin("nobody.example"))
        }
    }
}
