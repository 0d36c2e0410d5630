import AnnotationFormats
import AnnotationModel
import Foundation
import LogStorage
import Testing

@testable import CompanyHome
@testable import CountermarkNode
@testable import DatasetReading
@testable import LabelExchange
@testable import PlainErrors

@Suite("Long work that somebody ends")
struct InterruptionTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private struct Stage {
        let all: Companies
        let node: Node
        let path: String
        let format: any AnnotationFormat
        let interruption = Interruption()

        /// A node and a file of labels for it, two reports long.
        init(_ names: [String]) throws {
            all = try Companies(names)
            node = try all.node(names[0])
            path = all.folder.path + "/labels.csv"
            let rows = (0..<(2 * ProgressTicker.labelsPerTick)).map {
                "annotation,\($0 % 40).png,spur,\"{\"\"kind\"\":\"\"box\"\",\"\"x\"\":\($0),"
                    + "\"\"y\"\":2,\"\"width\"\":3,\"\"height\"\":4}\",\($0)"
            }
            try ("kind,item,class,selector,external_id\n" + rows.joined(separator: "\n") + "\n")
                .write(toFile: path, atomically: true, encoding: .utf8)
            format = try FormatRegistry.format(named: "csv")
            node.interruption = interruption
        }

        /// Asks for the end as soon as a stage is told of.
        func endDuring(_ stage: WorkProgress.Stage) {
            node.onProgress = { [interruption] in
                if $0.stage == stage { interruption.request() }
            }
        }

        func goOn() {
            (node.onProgress, node.interruption) = (nil, nil)
        }

        func importAll() throws -> ImportReport {
            try node.importLabels(all.dataset, [path], format: format, options: ImportOptions())
        }

        var ownSize: UInt64 {
            get throws { try node.home.log(node.home.origin, all.dataset).size }
        }
    }

    private func isEnded(_ body: () throws -> Void) -> Bool {
        do { try body() } catch let error as NodeError {
            return error.code == .interrupted && error.kind.rawValue == 130
                && error.message.hasPrefix("ended ")
        } catch {}
        return false
    }

    @Test(
        "an import that is ended while it reads has written nothing, and does all of it the next time"
    )
    func importing() throws {
        let stage = try Stage([oem])
        let before = try stage.ownSize
        stage.endDuring(.reading)
        #expect(isEnded { _ = try stage.importAll() })
        #expect(try stage.ownSize == before)
        stage.goOn()
        #expect(try stage.importAll().added == 2 * ProgressTicker.labelsPerTick)
        #expect(try stage.node.verify(stage.all.dataset).problems.isEmpty)
    }

    @Test("exports, checks and rebuilds that are ended change nothing")
    func reading() throws {
        let stage = try Stage([oem])
        stage.goOn()
        _ = try stage.importAll()
        let digest = try stage.all.digest(oem)
        for number in 0..<ProgressTicker.labelsPerTick {
            try stage.node.write(stage.all.dataset, [stage.all.label("\(number).png")])
        }
        let whole = try stage.all.digest(oem)
        #expect(whole != digest)

        stage.node.interruption = stage.interruption
        let file = stage.all.folder.path + "/out.csv"
        stage.endDuring(.writing)
        #expect(
            isEnded {
                _ = try stage.node.export(
                    stage.all.dataset, format: stage.format, view: .resolved,
                    to: DiskOutput(file: file))
            })
        let left = try FileManager.default.contentsOfDirectory(atPath: stage.all.folder.path)
        #expect(left.filter { $0.hasPrefix("out") } == [])
        // It stays asked for: whatever looks next ends.
        #expect(isEnded { _ = try stage.node.verify(stage.all.dataset) })
        #expect(isEnded { try stage.node.rebuild(stage.all.dataset) })
        stage.goOn()
        #expect(try stage.all.digest(oem) == whole)
        #expect(try stage.node.verify(stage.all.dataset).problems.isEmpty)
        try stage.node.rebuild(stage.all.dataset)
        #expect(try stage.all.digest(oem) == whole)
    }

    @Test("logs that are carried come whole or not at all, and the rest comes the next time")
    func carrying() throws {
        let stage = try Stage([oem, tier])
        try stage.all.carry(oem, to: tier)
        stage.goOn()
        let writer = try stage.all.node(tier)
        try writer.write(stage.all.dataset, [stage.all.label("tier.png")])
        try stage.all.carry(tier, to: oem)
        _ = try stage.importAll()
        let stick = stage.all.folder.path + "/stick"
        stage.node.interruption = stage.interruption
        stage.endDuring(.sending)
        #expect(isEnded { _ = try stage.node.carryOut(stage.all.dataset, to: stick, for: nil) })
        stage.goOn()
        _ = try stage.node.carryOut(stage.all.dataset, to: stick, for: nil)

        let interruption = Interruption()
        writer.interruption = interruption
        writer.onProgress = { if $0.stage == .checking { interruption.request() } }
        let held = try writer.reader(of: "\(oem)/\(stage.all.dataset)").size
        let reports = try writer.carryIn(from: stick)
        #expect(reports.count == 1 && reports[0].error?.contains("ended") == true, "\(reports)")
        #expect(try writer.reader(of: "\(oem)/\(stage.all.dataset)").size == held)
        (writer.interruption, writer.onProgress) = (nil, nil)
        #expect(try writer.carryIn(from: stick).allSatisfy { $0.error == nil })
        #expect(try stage.all.digest(tier) == stage.all.digest(oem))
        #expect(try writer.verify(stage.all.dataset).problems.isEmpty)
    }

    @Test("a repair that is ended leaves what it has not reached as it was")
    func repairing() async throws {
        let all = try Companies([oem, tier])
        let home = try all.node(oem).home
        let interruption = Interruption()
        interruption.request()
        let repair = try Repair(home, from: nil, watch: WorkWatch(interruption: interruption))
        let checks = try await repair.run([all.dataset])
        #expect(checks.count == 1 && !checks[0].isOk && checks[0].hint.contains("repair again"))
        #expect(try await Repair(home, from: nil).run([all.dataset]).allSatisfy(\.isOk))
    }

    @Test("of several pieces of work one is shown at a time, and the next when it is over")
    func turns() {
        final class Told: @unchecked Sendable {
            // SAFETY: one thread tells.
            var labels: [Int] = []
        }
        let told = Told()
        let watch = WorkWatch(onProgress: { told.labels.append($0.labels) })
        watch.tell(.init(.fetching, labels: 1, fraction: 0.1), of: "a")
        watch.tell(.init(.fetching, labels: 2, fraction: 0.1), of: "b")
        watch.tell(.init(.fetching, labels: 3, fraction: 1), of: "a")
        watch.tell(.init(.fetching, labels: 4, fraction: 0.2), of: "b")
        watch.tell(.init(.fetching, labels: 5, fraction: 0.2), of: "a")
        watch.end("a")
        watch.tell(.init(.fetching, labels: 6, fraction: 0.2), of: "a")
        watch.end("b")
        watch.tell(.init(.fetching, labels: 7, fraction: 0.2), of: "a")
        #expect(told.labels == [1, 3, 4, 7])
    }
}
