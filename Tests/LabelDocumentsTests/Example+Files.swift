import LabelDocuments
import LabelText

/// Examples of what goes in and out as files.
extension Example {
    static let files: [Example] = [
        Example(
            "remark",
            RemarkDocument(where: "labels.json: image 7", what: "another size than before")),
        Example("refusal", RefusalDocument(where: "labels.json: image 7", why: "a reader's act")),
        Example("unfit-class", UnfitClassDocument(name: "Spur", labels: 12, suggestion: "spur")),
        Example("unfit-class.least", UnfitClassDocument(name: "Spur", labels: 0, suggestion: nil)),
        Example(
            "mapping-proposal",
            MappingProposalDocument(
                classes: [UnfitClassDocument(name: "Spur", labels: 12, suggestion: "spur")],
                mapping: "classes.json")),
        Example(
            "mapping-proposal.least", MappingProposalDocument(classes: [], mapping: "classes.json")),
        Example(
            "same-item",
            SameItemDocument(item: "img/0003.png", sameAs: "img/0001.png", changed: true)),
        Example(
            "same-item.least", SameItemDocument(item: "img/0003.png", sameAs: nil, changed: false)),
        Example(
            "same-content",
            SameContentDocument(groups: [
                .init(
                    sha256: "e3b0c4", items: ["img/0001.png", "img/0003.png"],
                    shown: [.init(item: "img/0003.png", names: ["img/0001.png", "img/0003.png"])])
            ])),
        Example("same-content.least", SameContentDocument(groups: [])),
        Example(
            "items-added",
            ItemsAddedDocument(
                added: 2, unchanged: 2, changed: true, labelFiles: 2,
                notes: [
                    RemarkDocument(where: "labels.json: image 7", what: "another size than before")
                ], counted: true, why: "a reader's act", dataset: "oem.example/boards")),
        Example(
            "items-added.least",
            ItemsAddedDocument(
                added: 0, unchanged: 0, changed: false, labelFiles: 0, notes: [], counted: false,
                why: nil)),
        Example(
            "import",
            ImportDocument(
                added: 2, changed: 2, retracted: 2, unchanged: 2, held: 2, dryRun: true,
                changesets: 2, skippedCount: 2,
                skipped: [RefusalDocument(where: "labels.json: image 7", why: "a reader's act")],
                notes: [
                    RemarkDocument(where: "labels.json: image 7", what: "another size than before")
                ], noteCount: 2,
                refused: [RefusalDocument(where: "labels.json: image 7", why: "a reader's act")],
                items: .init(matched: 2, new: 2), renamed: 2,
                classes: [UnfitClassDocument(name: "Spur", labels: 12, suggestion: "spur")],
                moreClasses: true, counted: true, why: "a reader's act",
                dataset: "oem.example/boards")),
        Example(
            "import.least",
            ImportDocument(
                added: 0, changed: 0, retracted: 0, unchanged: 0, held: 0, dryRun: false,
                changesets: 0, skippedCount: 0, skipped: [], notes: [], noteCount: 0, refused: [],
                items: .init(matched: 0, new: 0), renamed: 0, classes: [], moreClasses: false,
                counted: false, why: nil)),
        Example(
            "export",
            ExportDocument(
                annotations: 115, items: 38, contested: 2, excludedItems: 2,
                output: "boards-labels",
                losses: [.init(why: "a reader's act", count: 2, skipped: true)],
                leftOut: [.init(item: "img/0003.png", why: "a reader's act")], notes: ["a note"],
                skippedCount: 2, poorer: 2, removed: ["labels/img/0004.txt"])),
        Example(
            "export.least",
            ExportDocument(
                annotations: 0, items: 0, contested: 0, excludedItems: 0, output: "boards-labels",
                losses: [], leftOut: [])),
    ]
}
