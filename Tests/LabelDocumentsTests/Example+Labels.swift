import AnnotationModel
import LabelDocuments
import LabelText

/// Examples of labels and what is said of them.
extension Example {
    static let labels: [Example] = [
        Example(
            "written",
            WrittenDocument(
                id: "tier1.example:12.4", suggestion: true, changed: true, counted: true,
                why: "a reader's act", dataset: "oem.example/boards")),
        Example(
            "written.least", WrittenDocument(id: nil, changed: false, counted: false, why: nil)),
        Example(
            "label-list",
            LabelListDocument(
                annotations: [
                    .init(
                        id: "tier1.example:12.4", item: "img/0003.png",
                        itemAsWritten: "img\u{301}/0003.png", class: "spur", classAsWritten: "Spur",
                        outsideSchema: ["there is no class Spur"], selector: Self.box,
                        org: "oem.example", status: "active", contested: true,
                        author: "anna@oem.example", source: "model:spotter@2",
                        fields: ["class": .double(1.0)])
                ], next: "tier1.example:12.4",
                unreadable: ["the labels of entry 1 of a/b/c cannot be read"])),
        Example(
            "label-list.least", LabelListDocument(annotations: [], next: nil, unreadable: [])),
        Example(
            "conflicts",
            ConflictsDocument(conflicts: [
                .init(
                    annotation: "tier1.example:12.4", item: "img/0003.png", field: "class",
                    kind: "value",
                    candidates: [
                        .init(
                            value: .string("spur"), org: "oem.example", op: "tier1.example:12.4",
                            field: "class")
                    ])
            ])),
        Example("conflicts.least", ConflictsDocument(conflicts: [])),
        Example(
            "label-story",
            LabelStoryDocument(
                id: "tier1.example:12.4", dataset: "oem.example/boards", item: "img/0003.png",
                status: "active",
                witnessed: .init(
                    met: true, required: 2,
                    by: [.init(org: "oem.example", time: 1_795_880_000, size: 7)]), class: "spur",
                classAsWritten: "Spur", outsideSchema: ["there is no class Spur"],
                fields: [
                    "class": FieldStory(
                        value: .string("spur"), contested: true,
                        writes: [
                            .init(
                                value: .string("spur"), org: "oem.example",
                                author: "anna@oem.example", op: "tier1.example:12.4",
                                time: 1_795_880_000, counted: true, replaced: true,
                                replaces: ["oem.example:3.0"], why: "a reader's act",
                                signedBy: "person",
                                signer: "anna@oem.example")
                        ])
                ],
                reviews: [
                    ReviewStory(
                        value: .object(["verdict": .string("accept"), "reason": .string("")]),
                        org: "oem.example", author: "anna@oem.example", op: "tier1.example:12.4",
                        time: 1_795_880_000, counted: true, replaced: true, why: "a reader's act",
                        kind: "review", suggestion: "tier1.example:12.5", signedBy: "person",
                        signer: "anna@oem.example")
                ],
                suggestions: [
                    SuggestionStory(
                        op: "tier1.example:12.4", org: "oem.example", state: "pending",
                        fields: ["class": .string("spur")])
                ])),
        Example(
            "label-story.least",
            LabelStoryDocument(
                id: "tier1.example:12.4", dataset: "oem.example/boards", item: "img/0003.png",
                status: "active", witnessed: .init(met: nil, required: nil, by: []), class: "spur",
                classAsWritten: "Spur", outsideSchema: nil, fields: [:], reviews: [],
                suggestions: [])),
        Example(
            "item-story",
            ItemStoryDocument(
                id: "img/0003.png", dataset: "oem.example/boards", item: "img/0003.png",
                names: ["img/0001.png", "img/0003.png"], sameContent: ["img/0004.png"],
                derivedItems: ["clean/0003.png"], derivedFrom: "raw/0003.png",
                annotations: ["tier1.example:12.4"],
                fields: [
                    "class": FieldStory(
                        value: .string("spur"), contested: true,
                        writes: [
                            .init(
                                value: .string("spur"), org: "oem.example",
                                author: "anna@oem.example", op: "tier1.example:12.4",
                                time: 1_795_880_000, counted: true, replaced: true,
                                replaces: ["oem.example:3.0"], why: "a reader's act",
                                signedBy: "person",
                                signer: "anna@oem.example")
                        ])
                ],
                reviews: [
                    ReviewStory(
                        value: .object(["verdict": .string("accept"), "reason": .string("")]),
                        org: "oem.example", author: "anna@oem.example", op: "tier1.example:12.4",
                        time: 1_795_880_000, counted: true, replaced: true, why: "a reader's act",
                        kind: "review", suggestion: "tier1.example:12.5", signedBy: "person",
                        signer: "anna@oem.example")
                ],
                suggestions: [
                    SuggestionStory(
                        op: "tier1.example:12.4", org: "oem.example", state: "pending",
                        fields: ["class": .string("spur")])
                ])),
        Example(
            "item-story.least",
            ItemStoryDocument(
                id: "img/0003.png", dataset: "oem.example/boards", item: "img/0003.png", names: [],
                sameContent: [], derivedItems: [], derivedFrom: nil, annotations: [], fields: [:],
                reviews: [], suggestions: [])),
        Example(
            "item-past",
            ItemPastDocument(
                item: "img/0003.png",
                moments: [
                    .init(
                        org: "oem.example", index: 3, time: 1_795_880_000,
                        heads: [.init(org: "oem.example", size: 4)])
                ],
                labels: [
                    .init(
                        id: "oem.example:3.0",
                        states: [
                            .init(
                                from: 0, class: "spur",
                                selector: .object(["kind": .string("wholeItem")]),
                                status: "active", contested: false)
                        ])
                ], more: true)),
        Example(
            "item-past.least",
            ItemPastDocument(item: "img/0003.png", moments: [], labels: [], more: false)),
        Example(
            "uncounted-story",
            UncountedStoryDocument(
                id: "tier1.example:12.4", dataset: "oem.example/boards", item: "img/0003.png",
                why: "a reader's act",
                fields: [
                    "class": FieldStory(
                        value: .string("spur"), contested: true,
                        writes: [
                            .init(
                                value: .string("spur"), org: "oem.example",
                                author: "anna@oem.example", op: "tier1.example:12.4",
                                time: 1_795_880_000, counted: true, replaced: true,
                                replaces: ["oem.example:3.0"], why: "a reader's act",
                                signedBy: "person",
                                signer: "anna@oem.example")
                        ])
                ],
                reviews: [
                    ReviewStory(
                        value: .object(["verdict": .string("accept"), "reason": .string("")]),
                        org: "oem.example", author: "anna@oem.example", op: "tier1.example:12.4",
                        time: 1_795_880_000, counted: true, replaced: true, why: "a reader's act",
                        kind: "review", suggestion: "tier1.example:12.5", signedBy: "person",
                        signer: "anna@oem.example")
                ],
                suggestions: [
                    SuggestionStory(
                        op: "tier1.example:12.4", org: "oem.example", state: "pending",
                        fields: ["class": .string("spur")])
                ])),
        Example(
            "uncounted-story.least",
            UncountedStoryDocument(
                id: "tier1.example:12.4", dataset: "oem.example/boards", item: "img/0003.png",
                why: "a reader's act", fields: [:], reviews: [], suggestions: [])),
        Example(
            "agreement",
            AgreementDocument(
                dataset: "oem.example/boards", release: "v1",
                heads: [.init(org: "oem.example", size: 12)],
                part: .init(group: "lot/7", since: 1_700_000_000, until: 1_700_000_060),
                digest: "9f2b01", by: "org", iou: 0.5, near: 2.5, field: "class", class: "spur",
                against: "oem.example", level: "warning",
                measures: [
                    .init(
                        measure: "cohen-kappa", scope: "oem.example, tier1.example", task: "items",
                        raters: ["oem.example", "tier1.example"], class: "spur", pairs: "blind",
                        value: 0.5, low: 0.25, high: 1.0, items: 38, units: 2, judgements: 2,
                        why: "a reader's act")
                ],
                confusion: [
                    .init(
                        a: "oem.example", b: "tier1.example", class: "spur", other: "open",
                        count: 2, task: "items")
                ],
                raters: [
                    .init(
                        rater: "oem.example", task: "items", reliability: 0.875, judgements: 2,
                        majority: .init(units: 2, agreeing: 2),
                        blind: .init(units: 2, agreeing: 1), informed: .init(units: 2, agreeing: 2),
                        why: "a reader's act")
                ],
                warnings: [
                    .init(
                        kind: "copies", rater: "tier1.example", task: "items", what: "said the same"
                    )
                ],
                blindness: [
                    .init(org: "oem.example", items: 3, broken: 1, examples: ["img/0003.png"])
                ], pairsLeftOut: 2, confusionLeftOut: 2, ambiguous: 2, denseItems: ["img/0009.png"])
        ),
        Example(
            "agreement.least",
            AgreementDocument(
                dataset: "oem.example/boards", release: nil, heads: nil,
                part: .init(group: nil, since: nil, until: nil), digest: "9f2b01", by: "org",
                iou: 0.5, near: nil, field: nil, class: nil, against: nil, level: "warning",
                measures: [], confusion: [],
                raters: [], warnings: [], blindness: nil, pairsLeftOut: 0, confusionLeftOut: 0,
                ambiguous: 0, denseItems: [])),
        Example(
            "blind",
            BlindDocument(
                dataset: "oem.example/boards", blind: true, unexamined: ["img/0003.png"], more: 2,
                changed: true)),
        Example(
            "blind.least",
            BlindDocument(dataset: "oem.example/boards", blind: false, unexamined: [], more: 0)),
        Example(
            "queue",
            QueueDocument(
                dataset: "oem.example/boards", digest: "9f2b01", by: "org", iou: 0.5,
                items: [
                    .init(
                        item: "img/0003.png", score: 2.5, why: ["1 thing in dispute"],
                        state: "doing", to: "oem.example/kim")
                ], more: 2, settled: 3, denseItems: ["img/0009.png"], changed: true)),
        Example(
            "queue.least",
            QueueDocument(
                dataset: "oem.example/boards", digest: "9f2b01", by: "org", iou: 0.5,
                items: [
                    .init(item: "img/0003.png", score: 0.5, why: [], state: nil, to: nil)
                ], more: 0, settled: 0, denseItems: [])),
        Example(
            "label-errors",
            LabelErrorsDocument(
                dataset: "oem.example/boards", model: "model:net@3", digest: "9f2b01", compared: 38,
                withoutPrediction: 2,
                labels: [
                    .init(
                        id: "tier1.example:12.4", item: "img/0003.png", class: "spur",
                        suggested: "open", selfConfidence: 0.25)
                ], more: 1, hidden: 2)),
        Example(
            "label-errors.least",
            LabelErrorsDocument(
                dataset: "oem.example/boards", model: "model:net@3", digest: "9f2b01", compared: 0,
                withoutPrediction: 0, labels: [], more: 0, hidden: 0)),
        Example("gold", gold), Example("gold.least", sealed),
        Example("gold-list", GoldListDocument(gold: [sealed])),
        Example("gold-list.least", GoldListDocument(gold: [])),
        Example(
            "gold-score",
            GoldScoreDocument(
                dataset: "oem.example/boards", name: "first", org: "oem.example", digest: "9f2b01",
                by: "author", iou: 0.5, class: "spur", items: 2, answers: 1,
                measures: [
                    .init(
                        measure: "recall", scope: "kim against gold", task: "places",
                        raters: ["kim", "gold"], class: "spur", pairs: nil, value: 0.5, low: nil,
                        high: nil, items: 2, units: 2, judgements: 3, why: nil)
                ],
                confusion: [
                    .init(a: "gold", b: "kim", class: "spur", other: nil, count: 2, task: "places")
                ], denseItems: ["img/0009.png"])),
        Example(
            "gold-score.least",
            GoldScoreDocument(
                dataset: "oem.example/boards", name: "first", org: "oem.example", digest: "9f2b01",
                by: "org", iou: 0.5, class: nil, items: 2, answers: 0, measures: [], confusion: [],
                denseItems: [])),
        Example(
            "consensus",
            ConsensusDocument(
                dataset: "oem.example/boards", release: "v1",
                heads: [.init(org: "oem.example", size: 12)],
                part: .init(group: "lot/7", since: 1_700_000_000, until: 1_700_000_060),
                digest: "9f2b01", method: "majority", by: "org", iou: 0.5, near: 2.5,
                items: [
                    .init(
                        item: "img/0003.png", class: "spur", confidence: 0.75, tied: ["spur", nil],
                        judgements: 2, task: "items", labels: ["tier1.example:12.4"],
                        selector: box)
                ],
                without: [
                    .init(
                        task: "items", why: "a reader's act")
                ], iterations: ["items": 2],
                denseItems: ["img/0009.png"], hidden: 2,
                written: .init(added: 1, retracted: 2, unchanged: 3, without: 4, changesets: 1))),
        Example(
            "consensus.least",
            ConsensusDocument(
                dataset: "oem.example/boards", release: nil, heads: nil,
                part: .init(group: nil, since: nil, until: nil), digest: "9f2b01",
                method: "majority", by: "org", iou: 0.5, near: nil, items: [], without: [],
                iterations: [:], denseItems: [],
                hidden: 0, written: nil)),
    ]

    private static let gold = GoldDocument(
        dataset: "oem.example/boards", name: "first", org: "oem.example", state: "opened",
        commitment: "9f2b01", sealed: 1_700_000_000, opened: 1_700_000_060, items: ["img/0003.png"],
        changed: true)
    private static let sealed = GoldDocument(
        dataset: "oem.example/boards", name: "first", org: "oem.example", state: "sealed",
        commitment: "9f2b01", sealed: 1_700_000_000, opened: nil, items: nil)

    /// A selector as jsonl files have it.
    static let box = JSONValue.object([
        "kind": .string("box"), "x": .integer(1), "y": .integer(2), "width": .integer(30),
        "height": .double(40.5),
    ])
}
