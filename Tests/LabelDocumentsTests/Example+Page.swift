import LabelDocuments
import LabelText

/// Examples of what only a node's page is told.
extension Example {
    static let page: [Example] = [
        Example(
            "session",
            SessionDocument(
                org: "oem.example", person: "ann", role: "reviewer", csrf: "5a0c4f",
                expires: 1_800_000_000, version: "1")),
        Example(
            "session.least",
            SessionDocument(
                org: "oem.example", person: nil, role: "operator", csrf: "5a0c4f",
                expires: 1_800_000_000, version: "1")),
        Example(
            "problem",
            ProblemDocument(
                type: "urn:countermark:error:not-found", title: "not-found", status: 404,
                detail: "there is no such item", code: "not-found", hint: "see the list")),
        Example(
            "item-list",
            ItemListDocument(
                items: [
                    .init(
                        key: "img/0003.png", mediaType: "image/png", sha256: "e3b0c4", width: 640,
                        height: 480, labels: 2, contested: true, orgs: ["tier1.example"],
                        classes: ["spur"], group: "board 7", examined: ["oem.example"])
                ], total: 38, next: "c4Fi")),
        Example(
            "item-list.least",
            ItemListDocument(
                items: [
                    .init(
                        key: "img/0003.png", mediaType: nil, sha256: nil, width: nil, height: nil,
                        labels: 0, contested: false, orgs: [], classes: [], group: nil,
                        examined: [])
                ], total: 1, next: nil)),
        Example(
            "suggestion-list",
            SuggestionListDocument(
                suggestions: [
                    .init(
                        op: "tier1.example:7.0", org: "tier1.example",
                        annotation: "oem.example:3.1", item: "img/0003.png",
                        fields: ["class": .string("short")])
                ], more: 2)),
        Example("suggestion-list.least", SuggestionListDocument(suggestions: [], more: 0)),
    ]
}

extension Example {
    static let people: [Example] = [
        Example(
            "people",
            PeopleDocument(
                people: [.init(name: "ann", role: "reviewer", password: true)], changed: true)),
        Example("people.least", PeopleDocument(people: [])),
        Example(
            "page-link",
            PageLinkDocument(
                url: "http://127.0.0.1:8443/#token=5a0c4f", person: "ann", role: "reviewer",
                expires: 1_800_000_000)),
        Example(
            "page-link.least",
            PageLinkDocument(
                url: "http://127.0.0.1:8443/#token=5a0c4f", person: nil, role: "operator",
                expires: 1_800_000_000)),
    ]
}
