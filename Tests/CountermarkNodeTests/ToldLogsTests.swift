import AnnotationModel
import Testing
import TransparencyLog

@testable import CountermarkNode
@testable import PartnerNet
@testable import PartnerTLS

@Suite("Very many logs that are told of at once")
struct ToldLogsTests {
    private let oem = "oem.example"
    private let tier = "tier.example"

    private func signatures(_ offer: LogOffer) throws -> [String] {
        try SignedNote(Array(offer.checkpoint.utf8)).signatures.map(\.name)
    }

    /// A steward, and a member that has cosigned the steward's log, which the steward does not know yet.
    private func cosigned() throws -> Companies {
        let all = try Companies([oem, tier])
        try all.carry(oem, to: tier)
        try all.node(tier).write(all.dataset, [all.label("a.png")])
        try all.carry(tier, to: oem)
        // By now the steward has named the member's log key.
        try all.carry(oem, to: tier)
        _ = try all.node(tier).planCosigning(
            all.node(oem).offers(to: try Origin(tier)), with: try Origin(oem))
        return all
    }

    @Test("where their checkpoints are too long, cosignatures are left out, and that is said")
    func plain() throws {
        let all = try cosigned()
        let full = try all.node(tier).offers(to: try Origin(oem))
        let own = "\(oem)/\(all.dataset)"
        #expect(try signatures(full[0]) == [own, tier])
        let bytes = full.reduce(0) { $0 + $1.checkpoint.utf8.count }
        #expect(LogOffer.told(full, bytesMax: bytes) == full)
        let told = LogOffer.told(full, bytesMax: bytes - 1)
        #expect(told.map(\.origin) == full.map(\.origin) && told.map(\.size) == full.map(\.size))
        for offer in told {
            #expect(offer.plain == true)
            #expect(try signatures(offer) == [offer.origin])
        }
        // As they are told, the lines of as many logs as are listed can wait at a dialler.
        let lines = PartnerLimits.listLogs * told[0].checkpoint.utf8.count
        #expect(lines < HTTPClient.Limits().streamBytesMax)
        #expect(PartnerLimits.listLogs <= HTTPClient.streamLinesMax)
        #expect(PartnerLimits.toldBytes < HTTPClient.Limits().streamBytesMax)
    }

    @Test("of a checkpoint without its cosignatures nobody concludes that they are lacking")
    func nothingHandedOver() throws {
        let all = try cosigned()
        let (steward, member) = (try Origin(oem), try Origin(tier))
        let offers = try all.node(oem).offers(to: member)
        func handedOver(_ offers: [LogOffer]) throws -> [String] {
            try all.node(tier).planCosigning(offers, with: steward).filter { $0.handOver != nil }
                .map(\.log)
        }
        #expect(try handedOver(offers) == ["\(oem)/\(all.dataset)"])
        #expect(try handedOver(LogOffer.told(offers, bytesMax: 0)).isEmpty)
    }
}
