import AnnotationModel
import ArgumentParser
import CompanyHome
import CountermarkNode
import Foundation
import LabelDocuments
import NodeDocuments
import Signing

/// A partner's revocation lists.
struct PartnerCRL: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crl", abstract: "Keeps a partner's revocation lists; connections obey them.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "The partner's origin.") var org: String
    @Argument(help: "The lists (PEM), one for each of its authorities.") var file: String?
    @Flag(help: "Forget the lists.") var remove = false

    func run() throws {
        let home = try Home(opening: common.homePath)
        let partner = try Origin(org)
        guard remove == (file == nil) else { throw ValidationError("give FILE or --remove") }
        guard let file else {
            let changed = try home.removeRevocationLists(of: partner)
            return try common.print(
                document: RevocationListsDocument(org: org, lists: [], changed: changed),
                changed: changed, ["no lists of \(org)"])
        }
        let (lists, changed, unchecked) = try home.setRevocationLists(
            try readText(file), of: partner)
        for issuer in unchecked {
            Terminal.warn(
                "countermark: warning: \(issuer) is no root that \(org) has here: whether its list is genuine shows "
                    + "at the next contact only, and until then nobody below it is let in by a false one"
            )
        }
        Terminal.warnOfPending(home)
        let document = RevocationListsDocument(
            org: org,
            lists: lists.map {
                .init(issuer: $0.issuer, thisUpdate: $0.thisUpdate, nextUpdate: $0.nextUpdate)
            }, changed: changed)
        try common.print(
            document: document, changed: changed,
            lists.map { list in
                "\(list.issuer)  " + (list.nextUpdate.map { "until \(Output.time($0))" } ?? "")
            })
    }
}
