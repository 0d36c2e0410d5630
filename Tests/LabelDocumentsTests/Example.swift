import LabelDocuments

/// A value of a document, and the name of the file that has its bytes.
struct Example: Sendable {
    let name: String
    let document: any Document

    init(_ name: String, _ document: any Document) {
        (self.name, self.document) = (name, document)
    }

    /// All of them: with every member, and with as few and as empty ones as there may be.
    static let all = homes + datasets + files + labels + logs + alarms + releases + page + people
}

/// Examples whose members follow from what they are of.
extension Example {
    static let alarms = [
        Example(
            "alarm.equivocation",
            AlarmDocument.equivocation(
                .init(
                    log: "tier1.example/oem.example/boards", prefix: 4,
                    file: "homes/oem/evidence/one.txt"))),
        Example(
            "alarm.contradiction",
            AlarmDocument.contradiction(
                .init(
                    log: "tier1.example/oem.example/boards", file: "homes/oem/evidence/two.txt"))),
        Example("alarm.silent", AlarmDocument.silent(.init(org: "tier1.example"))),
        Example(
            "alarm.digests-differ",
            AlarmDocument.digestsDiffer(
                .init(
                    dataset: "oem.example/boards", org: "tier1.example", digest: "9f2b01",
                    theirs: "01ab02", since: 1_795_880_000))),
        Example(
            "alarm.clock",
            AlarmDocument.clock(.init(what: "this machine's clock is ahead", refuses: true))),
        Example(
            "alarm.nodes-differ",
            AlarmDocument.nodesDiffer(.init(what: "partner/tier1.example is not known yet"))),
        Example(
            "alarm.ends",
            AlarmDocument.ends(
                .init(
                    what: "certificate", org: "oem.example", subject: "CN=oem.example",
                    notAfter: 1_800_000_000, level: "urgent", renew: "countermark key rotate"))),
    ]

    static let releases = [
        Example("release", release), Example("release.least", leastRelease),
        Example("release-list", ReleaseListDocument(releases: [release])),
        Example("release-list.least", ReleaseListDocument(releases: [])),
        Example(
            "release-quorum",
            ReleaseQuorumDocument(
                dataset: "oem.example/boards", required: 2, members: ["tier1.example"],
                changed: true)),
        Example(
            "release-quorum.least",
            ReleaseQuorumDocument(dataset: "oem.example/boards", required: nil, members: [])),
    ]

    private static var release: ReleaseDocument {
        var document = ReleaseDocument(
            name: "v1", dataset: "oem.example/boards", digest: "9f2b01",
            heads: [.init(origin: "tier1.example", size: 7, root: "Lipm9r9h")],
            terms: .init(
                companies: ["tier1.example"], stage: "quality=done", acceptedOnly: true,
                settledOnly: true, onlyKept: true, retracted: true), time: 1_795_880_000,
            quorum: 2, asked: ["tier1.example"], countersigned: ["tier1.example"], holds: true,
            withdrawn: "wrong scale")
        document.contents = .init(
            root: "5a0c4f", labels: 12, items: 38, policy: "role-rank", schema: "e3b0c4", ok: true)
        document.changed = true
        return document
    }

    private static var leastRelease: ReleaseDocument {
        ReleaseDocument(
            name: "v1", dataset: "oem.example/boards", digest: "9f2b01", heads: [],
            terms: .init(
                companies: [], stage: nil, acceptedOnly: false, settledOnly: false,
                onlyKept: false, retracted: false), time: 1_795_880_000, quorum: 0,
            asked: [], countersigned: [], holds: false, withdrawn: nil)
    }
}
