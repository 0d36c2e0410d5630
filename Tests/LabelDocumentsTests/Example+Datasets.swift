import AnnotationModel
import LabelDocuments
import LabelText

/// Examples of datasets and who takes part.
extension Example {
    static let datasets: [Example] = [
        Example(
            "dataset",
            DatasetDocument(
                id: "oem.example/boards", steward: "oem.example", title: "Boards",
                schema: .object(["classes": .array([.object(["name": .string("spur")])])]),
                members: [.init(org: "oem.example", role: "annotator", fromIndex: 2, cutIndex: 2)],
                changed: true, left: true, outsideSchema: 2, stages: Self.stages)),
        Example(
            "dataset.least",
            DatasetDocument(
                id: "oem.example/boards", steward: "oem.example", title: "", schema: .null,
                members: [])),
        Example(
            "dataset-list",
            DatasetListDocument(datasets: [
                DatasetDocument(
                    id: "oem.example/boards", steward: "oem.example", title: "Boards",
                    schema: .object(["classes": .array([.object(["name": .string("spur")])])]),
                    members: [
                        .init(org: "oem.example", role: "annotator", fromIndex: 2, cutIndex: 2)
                    ], changed: true, left: true, outsideSchema: 2, stages: Self.stages),
                // As lists have it.
                DatasetDocument(
                    id: "oem.example/parts", steward: "oem.example", title: "Parts", schema: .null,
                    members: [
                        .init(org: "oem.example", role: "steward", fromIndex: 0, cutIndex: nil)
                    ]),
            ])),
        Example("dataset-list.least", DatasetListDocument(datasets: [])),
        Example(
            "witnesses",
            WitnessesDocument(
                dataset: "oem.example/boards", required: 2, witnesses: ["tier1.example"],
                changed: true)),
        Example(
            "witnesses.least",
            WitnessesDocument(dataset: "oem.example/boards", required: nil, witnesses: [])),
        Example(
            "policy",
            PolicyDocument(dataset: "oem.example/boards", policy: "role-rank", changed: true)),
        Example("policy.least", PolicyDocument(dataset: "oem.example/boards", policy: "role-rank")),
        Example(
            "audience",
            AudienceDocument(
                dataset: "oem.example/boards", audience: ["tier1.example"], changed: true)),
        Example("audience.least", AudienceDocument(dataset: "oem.example/boards", audience: nil)),
        Example(
            "stage-summary",
            StageSummaryDocument(
                items: 38, annotations: 115,
                ofItems: [
                    "classify": .init(
                        states: ["done": 2], contested: 2, other: 2, sources: 2, excluded: 2,
                        notStarted: 2)
                ],
                ofAnnotations: [
                    "quality": .init(
                        states: ["done": 2], contested: 2, other: 2, sources: 2, excluded: 2,
                        notStarted: 2)
                ],
                examined: [
                    "oem.example": .init(
                        examinedWithLabels: 2, examinedNothingFound: 2, labelledOnly: 2,
                        excluded: 2, notLooked: 2)
                ], groups: ["": Self.stages])),
        Example(
            "stage-summary.least",
            StageSummaryDocument(
                items: 0, annotations: 0, ofItems: [:], ofAnnotations: [:], examined: [:])),
        Example(
            "statement",
            StatementDocument(
                changed: 2, unchanged: 2, added: 2, suggestions: 2, changesets: 2, counted: true,
                why: "a reader's act", dataset: "oem.example/boards")),
        Example(
            "statement.least",
            StatementDocument(
                changed: 0, unchanged: 0, added: 0, suggestions: 0, changesets: 0, counted: false,
                why: nil)),
        Example(
            "schema-file",
            SchemaFileDocument(
                schema: .object(["classes": .array([.object(["name": .string("spur")])])]))),
        Example(
            "schema-fit",
            SchemaFitDocument(
                ok: true, labels: 12, outside: 2,
                classes: [.init(name: "Spur", class: "spur", labels: 12, outside: 2)],
                problems: [
                    .init(
                        kind: "unknown-class", name: "Spur", why: "there is no class Spur",
                        labels: 12, examples: ["tier1.example:12.4"])
                ], more: true)),
        Example(
            "schema-fit.least",
            SchemaFitDocument(
                ok: false, labels: 0, outside: 0, classes: [], problems: [], more: false)),
        Example(
            "schema-history",
            SchemaHistoryDocument(versions: [
                .init(
                    version: 2, current: true, log: "tier1.example/oem.example/boards", index: 12,
                    op: "tier1.example:12.4", signer: "CN=anna@oem.example",
                    signerName: "anna@oem.example", time: 1_795_880_000, title: "Boards",
                    classes: 2,
                    schema: .object(["classes": .array([.object(["name": .string("spur")])])]),
                    readable: true, problem: "it names a class twice")
            ])),
        Example("schema-history.least", SchemaHistoryDocument(versions: [])),
        Example(
            "invitation",
            InvitationDocument(
                nonce: "00ff", dataset: "oem.example/boards", role: "annotator", state: "accepted",
                expires: 1_796_000_000, org: "oem.example", words: ["acid", "bone", "cave"],
                url: "https://tier1.example:7443",
                refused: [.init(time: 1_795_880_000, org: "oem.example", why: "a reader's act")],
                changed: true)),
        Example(
            "invitation.least",
            InvitationDocument(
                nonce: "00ff", dataset: "oem.example/boards", role: "annotator", state: "accepted",
                expires: 1_796_000_000, org: nil, words: [], url: nil, refused: [])),
        Example(
            "invitation-list",
            InvitationListDocument(invitations: [
                InvitationDocument(
                    nonce: "00ff", dataset: "oem.example/boards", role: "annotator",
                    state: "accepted", expires: 1_796_000_000, org: "oem.example",
                    words: ["acid", "bone", "cave"], url: "https://tier1.example:7443",
                    refused: [
                        .init(time: 1_795_880_000, org: "oem.example", why: "a reader's act")
                    ], changed: true)
            ])),
        Example("invitation-list.least", InvitationListDocument(invitations: [])),
        Example(
            "new-invitation",
            NewInvitationDocument(
                nonce: "00ff", dataset: "oem.example/boards", role: "annotator", state: "open",
                expires: 1_796_000_000, org: "oem.example", words: ["acid", "bone", "cave"],
                url: "https://tier1.example:7443",
                refused: [.init(time: 1_795_880_000, org: "oem.example", why: "a reader's act")],
                text: "countermark invitation\n", file: "evidence/one.txt")),
        Example(
            "new-invitation.least",
            NewInvitationDocument(
                nonce: "00ff", dataset: "oem.example/boards", role: "annotator", state: "open",
                expires: 1_796_000_000, org: "oem.example", words: [], url: nil, refused: [],
                text: "countermark invitation\n", file: nil)),
        Example(
            "join",
            JoinDocument(
                dataset: "oem.example/boards", org: "oem.example", words: ["acid", "bone", "cave"],
                state: "joined", role: "annotator", nonce: "00ff")),
        Example(
            "join.least",
            JoinDocument(
                dataset: "oem.example/boards", org: "oem.example", words: [], state: "joined",
                role: "annotator", nonce: "00ff")),
    ]

    /// A summary as it stands in other documents.
    static let stages = StageSummaryDocument(
        items: 38, annotations: 115,
        ofItems: [
            "classify": .init(
                states: ["done": 2], contested: 2, other: 2, sources: 2, excluded: 2, notStarted: 2)
        ],
        ofAnnotations: [
            "quality": .init(
                states: ["done": 2], contested: 2, other: 2, sources: 2, excluded: 2, notStarted: 2)
        ],
        examined: [
            "oem.example": .init(
                examinedWithLabels: 2, examinedNothingFound: 2, labelledOnly: 2, excluded: 2,
                notLooked: 2)
        ])
}
