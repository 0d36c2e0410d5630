import AnnotationModel
import LabelDocuments
import LabelText

/// Examples of logs, proofs and what goes to and fro.
extension Example {
    static let logs: [Example] = [
        Example(
            "history",
            HistoryDocument(
                entries: [
                    .init(
                        log: "tier1.example/oem.example/boards", index: 12,
                        signer: "CN=anna@oem.example", signerName: "anna@oem.example",
                        time: 1_795_880_000, operations: 2, message: "first pass",
                        author: "anna@oem.example", counted: false, why: "beyondCut")
                ], next: "c4Fi")),
        Example("history.least", HistoryDocument(entries: [])),
        Example(
            "quarantine",
            QuarantineDocument(entries: [
                .init(
                    log: "tier1.example/oem.example/boards", index: 12, position: 2,
                    why: "a reader's act", reason: "readerRole")
            ])),
        Example("quarantine.least", QuarantineDocument(entries: [])),
        Example(
            "verification",
            VerificationDocument(
                ok: true, entries: 7, signatures: 2,
                problems: [
                    .init(
                        log: "tier1.example/oem.example/boards", index: 12,
                        what: "its bytes are not those of its hash")
                ],
                releases: [
                    .init(
                        dataset: "oem.example/boards", name: "v1", ok: true, why: "it is wrong",
                        quorum: 2, countersigned: ["tier1.example"], holds: true,
                        withdrawn: "wrong scale")
                ], notes: ["a note"])),
        Example(
            "verification.least",
            VerificationDocument(
                ok: false, entries: 0, signatures: 0, problems: [],
                releases: [
                    .init(
                        dataset: "oem.example/boards", name: "v1", ok: nil, why: nil, quorum: 0,
                        countersigned: [], holds: false, withdrawn: nil)
                ], notes: [])),
        Example(
            "proof-report",
            ProofReportDocument(
                org: "oem.example", signer: "CN=anna@oem.example", fingerprint: "5a0c4f",
                class: .string("spur"), time: 1_795_880_000,
                log: "tier1.example/oem.example/boards", index: 12, item: "img/0003.png",
                annotation: "tier1.example:12.4", dataset: "oem.example/boards",
                fields: ["class": [.string("spur"), .string("open")]],
                writes: [
                    .init(
                        field: "class", value: .string("spur"), op: "tier1.example:12.4",
                        org: "oem.example", author: "anna@oem.example",
                        signer: "CN=anna@oem.example", time: 1_795_880_000, replaced: true)
                ], witnesses: [.init(org: "oem.example", time: 1_795_880_000)],
                sizes: ["tier1.example": 2], complete: true,
                completeBy: [
                    .init(org: "oem.example", time: 1_795_880_000, heads: ["tier1.example": 2])
                ], notes: ["a note"],
                release: .init(
                    name: "v1", digest: "9f2b01", in: true,
                    label: .init(
                        item: "img/0003.png", class: "spur", retracted: true, contested: true),
                    withdrawn: "wrong scale", quorum: 2, asked: ["tier1.example"],
                    countersigned: ["tier1.example"], holds: true))),
        Example(
            "proof-report.least",
            ProofReportDocument(
                org: "oem.example", signer: "CN=anna@oem.example", fingerprint: "5a0c4f",
                class: .null, time: 1_795_880_000, log: "tier1.example/oem.example/boards",
                index: 0, item: "img/0003.png", annotation: "tier1.example:12.4",
                dataset: "oem.example/boards", fields: [:], writes: [], witnesses: [], sizes: [:],
                complete: false, completeBy: [], notes: [], release: nil)),
        Example(
            "proof-file",
            ProofFileDocument(
                annotation: "tier1.example:12.4", dataset: "oem.example/boards",
                file: "evidence/one.txt", bytes: 2, entries: 7, statements: ["oem.example"],
                release: "v1", without: "its log is damaged",
                asked: [.init(org: "oem.example", error: "the connection was refused")])),
        Example(
            "proof-file.least",
            ProofFileDocument(
                annotation: "tier1.example:12.4", dataset: "oem.example/boards",
                file: "evidence/one.txt", bytes: 0, entries: 0, statements: [], release: nil,
                without: nil, asked: [])),
        Example(
            "proof-piece",
            ProofPieceDocument(
                annotation: "tier1.example:12.4", dataset: "oem.example/boards",
                file: "evidence/one.txt", bytes: 2)),
        Example(
            "rebuild", RebuildDocument(entries: 7, operations: 2, digest: "9f2b01", seconds: 1.0)),
        Example(
            "evidence",
            EvidenceDocument(evidence: [
                .init(
                    log: "tier1.example/oem.example/boards", kind: "rewritten", sizes: [7, 9],
                    prefix: 2, roots: ["Lipm9r9h", "qXw0"], ok: true, file: "evidence/one.txt")
            ])),
        Example("evidence.least", EvidenceDocument(evidence: [])),
        Example(
            "sync",
            SyncDocument(
                partners: [
                    .init(
                        org: "tier1.example", pulled: 2, pushed: 2, operations: 2, verified: 2,
                        state: "ok", error: "the connection was refused", notes: ["a note"])
                ],
                datasets: [
                    .init(
                        id: "oem.example/boards", annotations: 115, items: 38, newAnnotations: 2,
                        newItems: 2)
                ],
                uncounted: [
                    UncountedDocument(
                        dataset: "oem.example/boards", why: "a reader's act", reason: "readerRole",
                        entries: 7, operations: 2, first: 3, last: 9, latest: true)
                ], counted: true, why: "a reader's act",
                ends: [
                    EndingDocument(
                        kind: "certificate", org: "oem.example", subject: "CN=oem.example",
                        notAfter: 1_800_000_000, level: "warning", renew: "countermark key rotate")
                ], clock: "this machine's clock is ahead")),
        Example(
            "sync.least",
            SyncDocument(
                partners: [], datasets: [], uncounted: [], counted: false, why: nil, ends: [],
                clock: nil)),
        Example(
            "carry",
            CarryDocument(partners: [
                .init(
                    org: "tier1.example", log: "tier1.example/oem.example/boards", pulled: 2,
                    pushed: 2, operations: 2, verified: 2, state: "ok",
                    error: "the connection was refused")
            ])),
        Example("carry.least", CarryDocument(partners: [])),
        Example(
            "release-report",
            ReleaseReportDocument(
                dataset: "oem.example/boards", name: "v1", digest: "9f2b01", root: "5a0c4f",
                labels: 12, items: 38, time: 1_795_880_000, heads: ["tier1.example": 2], quorum: 2,
                asked: ["tier1.example"], countersigned: ["tier1.example"], holds: true,
                withdrawn: "wrong scale", leaves: true)),
        Example(
            "release-report.least",
            ReleaseReportDocument(
                dataset: "oem.example/boards", name: "v1", digest: "9f2b01", root: "5a0c4f",
                labels: 0, items: 0, time: 1_795_880_000, heads: [:], quorum: 0, asked: [],
                countersigned: [], holds: false, withdrawn: nil, leaves: false)),
        Example(
            "release-file",
            ReleaseFileDocument(
                name: "v1", dataset: "oem.example/boards", digest: "9f2b01",
                file: "evidence/one.txt", bytes: 2, entries: 7, leaves: "evidence/one.txt.leaves",
                leavesBytes: 9)),
        Example(
            "release-sheet",
            ReleaseSheetDocument(
                name: "v1", dataset: "oem.example/boards", file: "evidence/one.txt", bytes: 2)),
        Example(
            "release-diff",
            ReleaseDiffDocument(
                from: "v1", to: "v2", added: .init(labels: 12, items: 38),
                removed: .init(labels: 12, items: 38), changed: .init(labels: 12, items: 38),
                changes: [.init(kind: "added", id: "tier1.example:12.4", isItem: true)],
                complete: true)),
        Example(
            "release-diff.least",
            ReleaseDiffDocument(
                from: "v1", to: "v2", added: .init(labels: 0, items: 0),
                removed: .init(labels: 0, items: 0), changed: .init(labels: 0, items: 0),
                changes: [], complete: false)),
    ]
}
