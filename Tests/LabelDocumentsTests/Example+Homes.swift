import LabelDocuments
import LabelText

/// Examples of a home, its keys and partners.
extension Example {
    static let homes: [Example] = [
        Example("home", HomeDocument(org: "oem.example", fingerprint: "5a0c4f", home: "homes/oem")),
        Example(
            "store",
            StoreDocument(
                store: "postgresql://countermark@db.oem.example/labels", tiles: "store", logs: 3,
                entries: 1_204, documents: 4, untold: ["partner/tier1.example"],
                untaken: [
                    .init(document: "lists/tier2.example", why: "its signature does not hold")
                ],
                changed: true)),
        Example(
            "store.least",
            StoreDocument(
                store: "folder", tiles: "folder", logs: 0, entries: 0, documents: 0, untold: [],
                untaken: [])),
        Example(
            "rows",
            RowsDocument(
                store: "postgresql://countermark@db.oem.example/labels",
                rows: [
                    .init(
                        dataset: "oem.example/boards", wanted: true, labels: 115,
                        digest: "9f2b01", behind: 2, filled: 40, movedAt: 1_795_880_000,
                        why: "this node has less of tier1.example/oem.example/boards")
                ], changed: true)),
        Example(
            "rows.least",
            RowsDocument(
                store: "postgresql:///labels",
                rows: [
                    .init(
                        dataset: "oem.example/boards", wanted: false, labels: nil, digest: nil,
                        behind: 0, filled: nil, movedAt: nil, why: nil)
                ])),
        Example(
            "error",
            ErrorDocument(
                error: .init(
                    code: "not-found", hint: "see countermark status",
                    message: "there is no dataset oem.example/b"))),
        Example(
            "status",
            StatusDocument(
                org: "oem.example",
                datasets: [
                    DatasetStatusDocument(
                        id: "oem.example/boards", digest: "9f2b01", items: 38, annotations: 115,
                        conflicts: 2, quarantined: 2, beyondCut: 2, sameContent: 2,
                        outsideSchema: 2,
                        schema: .init(readable: true, problem: "it names a class twice"),
                        rebuild: "pending",
                        logs: [
                            .init(
                                origin: "tier1.example",
                                vkey: "tier1.example/oem.example/boards+334d2636+AcKq", size: 7,
                                root: "Lipm9r9h", applied: 6, cosignatures: 2, witnessed: 2,
                                cosignedAt: 1_795_880_000)
                        ],
                        waiting: [
                            .init(
                                log: "tier1.example/oem.example/boards", index: 12,
                                for: .init(log: "tier1.example/oem.example/boards", size: 7),
                                held: 2, since: 1_795_880_000, hint: "see countermark status")
                        ],
                        uncounted: [
                            UncountedDocument(
                                dataset: "oem.example/boards", why: "a reader's act",
                                reason: "readerRole", entries: 7, operations: 2, first: 3, last: 9,
                                latest: true)
                        ], unnamed: ["tier2.example"], cut: ["tier3.example"],
                        audience: ["tier1.example"], left: true, unshared: 2,
                        unreadable: [
                            .init(log: "tier1.example/oem.example/boards", why: "a reader's act")
                        ]),
                    // With as little as there may be.
                    DatasetStatusDocument(
                        id: "oem.example/parts", digest: "9f2b01", items: 0, annotations: 0,
                        conflicts: 0, quarantined: 0, beyondCut: 0, sameContent: 0,
                        outsideSchema: nil, schema: .init(readable: false, problem: nil),
                        rebuild: nil,
                        logs: [
                            .init(
                                origin: "oem.example", vkey: nil, size: 1, root: nil, applied: 0,
                                cosignatures: 0, witnessed: nil, cosignedAt: nil)
                        ], waiting: [], uncounted: [], unnamed: [], cut: [], audience: nil,
                        left: false, unshared: 0, unreadable: []),
                ],
                partners: [
                    .init(
                        org: "tier1.example", lastSeen: 1_795_880_000,
                        url: "https://tier1.example:7443", state: "seen",
                        failure: .init(
                            since: 1_795_880_000, last: 1_795_880_000,
                            error: "the connection was refused")),
                    .init(
                        org: "tier2.example", lastSeen: nil, url: nil, state: "pinned",
                        failure: nil),
                ], alarms: [.silent(.init(org: "tier1.example"))],
                ends: [
                    EndingDocument(
                        kind: "certificate", org: "oem.example", subject: "CN=oem.example",
                        notAfter: 1_800_000_000, level: "warning", renew: "countermark key rotate")
                ],
                invitations: [
                    .init(
                        id: "00ff", dataset: "oem.example/boards", role: "annotator",
                        state: "pending", expires: 1_796_000_000, org: "oem.example"),
                    .init(
                        id: "01ff", dataset: "oem.example/boards", role: "annotator",
                        state: "open", expires: 1_796_000_000, org: nil),
                ],
                repairs: [
                    .init(log: "tier1.example/oem.example/boards", missing: 2, since: 1_795_880_000)
                ], disk: .init(free: 10_737_418_240, needed: 134_217_728))),
        Example(
            "status.least",
            StatusDocument(
                org: "oem.example", datasets: [], partners: [], alarms: [], ends: [],
                invitations: [], repairs: [], disk: .init(free: nil, needed: 134_217_728))),
        Example(
            "dataset-status",
            DatasetStatusDocument(
                id: "oem.example/boards", digest: "9f2b01", items: 38, annotations: 115,
                conflicts: 2, quarantined: 2, beyondCut: 2, sameContent: 2, outsideSchema: 2,
                schema: .init(readable: true, problem: "it names a class twice"),
                rebuild: "pending",
                logs: [
                    .init(
                        origin: "tier1.example",
                        vkey: "tier1.example/oem.example/boards+334d2636+AcKq", size: 7,
                        root: "Lipm9r9h", applied: 6, cosignatures: 2, witnessed: 2,
                        cosignedAt: 1_795_880_000)
                ],
                waiting: [
                    .init(
                        log: "tier1.example/oem.example/boards", index: 12,
                        for: .init(log: "tier1.example/oem.example/boards", size: 7), held: 2,
                        since: 1_795_880_000, hint: "see countermark status")
                ],
                uncounted: [
                    UncountedDocument(
                        dataset: "oem.example/boards", why: "a reader's act", reason: "readerRole",
                        entries: 7, operations: 2, first: 3, last: 9, latest: true)
                ], unnamed: ["tier2.example"], cut: ["tier3.example"], audience: ["tier1.example"],
                left: true, unshared: 2,
                unreadable: [.init(log: "tier1.example/oem.example/boards", why: "a reader's act")])
        ),
        Example(
            "dataset-status.least",
            DatasetStatusDocument(
                id: "oem.example/boards", digest: "9f2b01", items: 0, annotations: 0, conflicts: 0,
                quarantined: 0, beyondCut: 0, sameContent: 0, outsideSchema: nil,
                schema: .init(readable: false, problem: nil), rebuild: nil, logs: [], waiting: [],
                uncounted: [], unnamed: [], cut: [], audience: nil, left: false, unshared: 0,
                unreadable: [])),
        Example(
            "uncounted",
            UncountedDocument(
                dataset: "oem.example/boards", why: "a reader's act", reason: "readerRole",
                entries: 7, operations: 2, first: 3, last: 9, latest: true)),
        Example(
            "ending",
            EndingDocument(
                kind: "certificate", org: "oem.example", subject: "CN=oem.example",
                notAfter: 1_800_000_000, level: "warning", renew: "countermark key rotate")),
        Example(
            "key",
            KeyDocument(
                org: "oem.example", fingerprint: "5a0c4f",
                vkey: "tier1.example/oem.example/boards+334d2636+AcKq", root: "Lipm9r9h",
                certificate: "-----BEGIN CERTIFICATE-----\n")),
        Example(
            "key-list",
            KeyListDocument(keys: [
                .init(
                    fingerprint: "5a0c4f", log: "tier1.example/oem.example/boards",
                    name: "anna@oem.example", subject: "CN=oem.example", type: "Ed25519",
                    notBefore: 1_790_000_000, notAfter: 1_800_000_000, retiredAt: 2, current: true)
            ])),
        Example("key-list.least", KeyListDocument(keys: [])),
        Example("new-key", NewKeyDocument(fingerprint: "5a0c4f")),
        Example(
            "retired-key",
            RetiredKeyDocument(
                fingerprint: "5a0c4f", logs: ["oem.example/oem.example/boards"], changed: true)),
        Example(
            "retired-key.least", RetiredKeyDocument(fingerprint: "5a0c4f", logs: [], changed: false)
        ),
        Example(
            "revoked-key",
            RevokedKeyDocument(
                fingerprint: "5a0c4f", changed: true, nextUpdate: 1_797_000_000,
                list: "-----BEGIN X509 CRL-----\n")),
        Example(
            "revoked-key.least",
            RevokedKeyDocument(
                fingerprint: nil, changed: false, nextUpdate: nil,
                list: "-----BEGIN X509 CRL-----\n")),
        Example(
            "person-key",
            PersonKeyDocument(
                fingerprint: "5a0c4f", certificate: "-----BEGIN CERTIFICATE-----\n", key: "anna.key"
            )),
        Example(
            "browser-keys",
            BrowserKeysDocument(
                keys: [
                    .init(
                        person: "anna", fingerprint: "5a0c4f",
                        certificate: "-----BEGIN CERTIFICATE-----\n", issued: 1_795_880_000,
                        until: 1_858_952_000, revoked: false)
                ], waiting: [.init(person: "bert", since: 1_795_880_100)])),
        Example("browser-keys.least", BrowserKeysDocument(keys: [], waiting: [])),
        Example(
            "key-words",
            KeyWordsDocument(words: "gazelle inception accrue hesitate classroom unify")),
        Example(
            "signing",
            SigningDocument(
                org: "oem.example", dataset: "oem.example/boards", author: "anna@oem.example",
                certificate: "5a0c4f", index: 7, root: "9f2b01", time: 1_795_880_000,
                introduction: .init(chain: ["MIIB"], logKey: "qrvM"),
                heads: [
                    .init(
                        org: "tier1.example", merged: 3, size: 4, root: "01ab02", signature: "3q2+")
                ])),
        Example(
            "signing.least",
            SigningDocument(
                org: "oem.example", dataset: "oem.example/boards", author: "anna@oem.example",
                certificate: "5a0c4f", index: 7, root: "9f2b01", time: 1_795_880_000,
                introduction: nil, heads: [])),
        Example(
            "partner-list",
            PartnerListDocument(
                partners: [
                    .init(
                        org: "tier1.example", url: "https://tier1.example:7443",
                        fingerprint: "5a0c4f", state: "pinned")
                ], changed: true)),
        Example("partner-list.least", PartnerListDocument(partners: [])),
        Example(
            "revocation-lists",
            RevocationListsDocument(
                org: "oem.example",
                lists: [
                    .init(
                        issuer: "CN=oem.example", thisUpdate: 1_795_880_000,
                        nextUpdate: 1_797_000_000)
                ], changed: true)),
        Example(
            "revocation-lists.least",
            RevocationListsDocument(org: "oem.example", lists: [], changed: false)),
        Example(
            "checks",
            ChecksDocument(
                ok: true,
                checks: [
                    .init(
                        name: "disk", ok: true, detail: "all holds", hint: "see countermark status")
                ], folder: "backup", entries: 7, new: 2, files: 2, home: "homes/oem")),
        Example("checks.least", ChecksDocument(ok: false, checks: [])),
        Example(
            "bench",
            BenchDocument(benchmarks: [
                .init(name: "merge", figures: ["operations per second": 870000.0])
            ])),
        Example("bench.least", BenchDocument(benchmarks: [])),
    ]
}
