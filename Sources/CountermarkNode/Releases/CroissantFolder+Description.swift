import AnnotationModel
import DatasetQuality
import LabelText
import Provenance
import Signing

/// The JSON-LD of a release's folder (Croissant 1.1, Croissant RAI 1.0).
extension CroissantFolder {
    func description(_ files: [HashedOutput.File]) -> JSONValue {
        let release = facts.view.release
        let dataset = facts.check.commitment.dataset
        let digest = Digest(release.digest)?.hex ?? ""
        let day = String(ReadableTime.text(release.time).prefix(10))
        let steward = Self.organisation(dataset.owner.description)
        return JSONValue.object([
            "@context": Self.context, "@type": "sc:Dataset",
            "conformsTo": [
                "http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0",
            ],
            "name": .string("\(dataset.name)-\(release.name)"),
            "alternateName": .string("\(dataset) release \(release.name)"),
            "description": .string(
                "\(facts.title): release \(release.name) of \(dataset), \(facts.check.commitment.labels) "
                    + "labels of \(facts.check.commitment.items) items by \(facts.companies.count) companies"
            ),
            // Releases have names; readers want three numbers.
            "version": .string("\(facts.ordinal).0.0"),
            "datePublished": .string(day), "creator": steward, "publisher": steward,
            "identifier": .string("sha-256:\(digest)"),
            "url": .string(url ?? "urn:countermark:release:\(digest)"),
            "license": .string(license ?? "not stated; ask \(dataset.owner)"),
            "citeAs": .string("\(dataset), release \(release.name), SHA-256 \(digest)"),
            "keywords": .array(facts.classes.prefix(20).map { .string($0.name) }),
            "distribution": .array(files.map(Self.file)), "recordSet": [items, labels],
            "prov:wasGeneratedBy": generation(digest),
            "prov:wasAttributedTo": .array(
                facts.companies.map { Self.organisation($0.name) }),
        ]).with(responsibility)
    }

    private static func organisation(_ name: String) -> JSONValue {
        [
            "@type": "sc:Organization", "name": .string(name),
            "url": .string("urn:countermark:org:\(name)"),
        ]
    }

    private static func file(_ file: HashedOutput.File) -> JSONValue {
        let isTable = file.name.hasSuffix(".json")
        let isLeaves = file.name.hasSuffix(Node.leavesEnding)
        return [
            "@type": "cr:FileObject", "@id": .string(file.name), "name": .string(file.name),
            "contentUrl": .string(file.name), "contentSize": .string("\(file.bytes) B"),
            "encodingFormat": .string(
                isTable
                    ? "application/json" : isLeaves ? "application/cbor-seq" : "application/cbor"),
            "sha256": .string(file.digest.hex),
        ]
    }

    /// The steward's act, with what it signed.
    private func generation(_ digest: String) -> JSONValue {
        let (release, commitment) = (facts.view.release, facts.check.commitment)
        return [
            "@type": "prov:Activity", "prov:label": .string("release \(release.name)"),
            "prov:endedAtTime": .string(Self.instant(release.time)),
            "prov:wasAssociatedWith": Self.organisation(commitment.dataset.owner.description),
            "prov:qualifiedInfluence": [
                "@type": "prov:Influence", "prov:label": "digest, root and heads that were signed",
                "prov:value": .string(
                    "digest \(digest); root \(Digest(commitment.root)?.hex ?? ""); heads "
                        + commitment.heads.map { "\($0.origin) \($0.size)" }.joined(separator: ", ")
                ),
            ],
        ]
    }

    /// A time as RDF writes it.
    static func instant(_ seconds: Int64) -> String {
        let day = ReadableTime.text(seconds).prefix(10)
        let rest = ((seconds % 86_400) + 86_400) % 86_400
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(day)T\(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    // MARK: Who is responsible for what

    /// Croissant RAI: what the node knows, and nothing else.
    private var responsibility: [(String, JSONValue)] {
        let (view, check) = (facts.view, facts.check)
        let schema = SHA256Hasher.hash(Array(check.contents.schema.utf8)).hex
        let signed = view.countersigned.map(\.description).joined(separator: ", ")
        let people =
            facts.authors.isEmpty ? "no author is named" : "\(facts.authors.count) named authors"
        return [
            (
                "rai:dataAnnotationProtocol",
                .string(
                    "label schema SHA-256 \(schema); of a contested field the value by "
                        + "\(check.contents.policy.rawValue) "
                        + "is shown, \(facts.contested) labels are contested; each label is signed by its company "
                        + "in an "
                        + "append-only log")
            ),
            ("rai:dataAnnotationPlatform", ["Countermark"]),
            (
                "rai:dataAnnotationAnalysis",
                .array(
                    facts.agreement.rows.filter { $0.raters.isEmpty && $0.className == nil }
                        .map { .string("between companies, " + ReleaseFacts.words($0)) })
            ), ("rai:annotationsPerItem", .string(facts.labelsPerItem)),
            (
                "rai:annotatorDemographics",
                .array(
                    facts.companies.map { .string("\($0.name): \($0.count) labels") }
                        + [.string(people)])
            ),
            (
                "rai:machineAnnotationTools",
                .array(
                    facts.sources.filter {
                        $0.name.hasPrefix("model:") || $0.name.hasPrefix("rule:")
                    }
                    .map { .string("\($0.name): \($0.count) labels") })
            ),
            (
                "rai:dataReleaseMaintenancePlan",
                [
                    .string(
                        "a release never changes; countersigned by \(signed.isEmpty ? "nobody" : signed) "
                            + "(\(view.release.quorum) have to)"
                            + (view.release.withdrawal.map { "; withdrawn: \($0)" } ?? ""))
                ]
            ),
        ]
    }

    // MARK: Record sets

    private var items: JSONValue {
        Self.records(
            "items", key: "item", "The items that were labelled.",
            [
                Self.field("items", "item", "sc:Text", "The item's key."),
                Self.field("items", "mediaType", "sc:Text", "Its media type."),
                Self.field(
                    "items", "sha256", "sc:Text",
                    "The SHA-256 of its bytes, where it is registered."),
                Self.field("items", "group", "sc:Text", "The thing that it shows."),
                Self.field("items", "split", "sc:Text", "The part of the data that it belongs to."),
                Self.field("items", "fields", "sc:Text", "All of its fields, a JSON object."),
            ])
    }

    private var labels: JSONValue {
        let attribution = Self.field(
            "labels", "org", "sc:Text", "The company whose log holds the label.",
            id: "labels/class/org"
        ).with([("equivalentProperty", "prov:wasAttributedTo")])
        let activity = Self.field(
            "labels", "entry", "sc:Text", "The signed entry of a log that added the label.",
            id: "labels/class/entry"
        ).with([("equivalentProperty", "prov:wasGeneratedBy")])
        let label = Self.field("labels", "class", "sc:Text", "The class, as the schema calls it.")
            .with([
                ("dataType", ["sc:Text", "cr:Label"]), ("annotation", [attribution, activity]),
            ])
        return Self.records(
            "labels", key: "id", "The labels, each with whose it is.",
            [
                Self.field("labels", "id", "sc:Text", "The label's id."),
                Self.field("labels", "item", "sc:Text", "The key of its item.").with([
                    ("references", ["field": ["@id": "items/item"]])
                ]), label,
                Self.field("labels", "classAsWritten", "sc:Text", "The class as it was signed."),
                Self.field("labels", "org", "sc:Text", "The company whose log holds the label."),
                Self.field("labels", "author", "sc:Text", "Who labelled, as the company says."),
                Self.field("labels", "signer", "sc:Text", "Whose certificate signed it."),
                Self.field("labels", "source", "sc:Text", "By what it was made."),
                Self.field(
                    "labels", "time", "sc:Integer",
                    "When it was signed, Unix seconds, as the signer claims."),
                Self.field("labels", "entry", "sc:Text", "The entry of a log that added it."),
                Self.field(
                    "labels", "confidence", "sc:Float", "How sure whoever labelled was, 0 to 1."),
                Self.field("labels", "contested", "sc:Boolean", "Something of it is contested."),
                Self.field("labels", "retracted", "sc:Boolean", "It was retracted."),
                Self.field("labels", "selectorKind", "sc:Text", "The kind of place in the item."),
                Self.field(
                    "labels", "selector", "sc:Text", "The place in the item, a JSON object."),
                Self.field("labels", "attributes", "sc:Text", "Its attributes, a JSON object."),
            ])
    }

    private static func records(
        _ name: String, key: String, _ description: String, _ fields: [JSONValue]
    ) -> JSONValue {
        [
            "@type": "cr:RecordSet", "@id": .string(name), "name": .string(name),
            "description": .string(description), "key": ["@id": .string("\(name)/\(key)")],
            "field": .array(fields),
        ]
    }

    private static func field(
        _ set: String, _ name: String, _ type: String, _ description: String, id: String? = nil
    ) -> JSONValue {
        [
            "@type": "cr:Field", "@id": .string(id ?? "\(set)/\(name)"), "name": .string(name),
            "description": .string(description), "dataType": .string(type),
            "source": [
                "fileObject": ["@id": .string("\(set).json")],
                "extract": ["jsonPath": .string("$[*].\(name)")],
            ],
        ]
    }

    /// The terms of Croissant 1.1 as its specification gives them, and those of PROV and RAI.
    private static let context: JSONValue = JSONValue.object([
        "@language": "en", "@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/", "dct": "http://purl.org/dc/terms/",
        "prov": "http://www.w3.org/ns/prov#", "sc": "https://schema.org/",
        "conformsTo": "dct:conformsTo", "data": ["@id": "cr:data", "@type": "@json"],
        "dataType": ["@id": "cr:dataType", "@type": "@vocab"],
        "examples": ["@id": "cr:examples", "@type": "@json"],
    ]).with(
        [
            "annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty",
            "extract", "field", "fileObject", "fileProperty", "fileSet", "format", "includes",
            "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path",
            "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
            "source", "subField", "transform", "unArray", "value",
        ].map { ($0, .string("cr:\($0)")) })
}
