import AnnotationFormats
import AnnotationModel
import LabelText
import Provenance
import Signing

/// Provenance in the words of W3C PROV, as PROV-JSON (W3C Member Submission): for those whose tools know no logs.
///
/// It says what a verified proof says and proves nothing by itself: each activity names the log's entry that does.
public struct ProvDocument {
    private var parts: [String: ByteMap<JSONValue>] = [:]
    private var count = 0

    /// The document.
    public var text: String {
        var members: ByteMap<JSONValue> = [
            "prefix": ["cm": "urn:countermark:", "xsd": "http://www.w3.org/2001/XMLSchema#"]
        ]
        for (kind, records) in parts { members[kind] = .object(records) }
        return JSONValue.object(members).text + "\n"
    }

    /// What a proof shows of a label, and of the release that it speaks of.
    public init(_ proof: LabelProof, _ report: LabelProofReport) {
        let dataset = proof.dataset
        let label = Self.name("label", "\(dataset):\(proof.annotation)")
        let item = Self.name("item", "\(dataset):\(report.item)")
        let owner = organisation(proof.annotation.origin)
        add("entity", item, [("prov:label", .string(report.item))])
        add("entity", label, [("prov:label", .string(proof.annotation.description))])
        relate("wasAttributedTo", ["prov:entity": label, "prov:agent": owner])
        relate(
            "wasDerivedFrom", ["prov:generatedEntity": label, "prov:usedEntity": item],
            [("prov:type", Self.typed("prov:PrimarySource"))])
        for write in report.writes { add(write, of: label, dataset) }
        if let release = report.release { add(release, label, proof) }
    }

    /// What the proof of a release shows.
    public init(_ file: ReleaseFile, _ shown: LabelProofReport.NamedRelease) {
        add(shown, file.commitment)
    }

    private mutating func add(
        _ write: LabelProofReport.Write, of label: String, _ dataset: DatasetID
    ) {
        let id = write.operation
        let value = Self.name("value", "\(dataset):\(id):\(write.field)")
        let activity = entry(id.origin, id.slot.entry, dataset, time: write.time)
        add(
            "entity", value,
            [
                ("prov:label", .string(write.field)),
                ("prov:value", .string(Self.words(write.value))),
                ("cm:replaced", .bool(write.isReplaced)),
            ])
        relate("specializationOf", ["prov:specificEntity": value, "prov:generalEntity": label])
        relate(
            "wasGeneratedBy", ["prov:entity": value, "prov:activity": activity],
            [("prov:time", .string(CroissantFolder.instant(write.time)))])
        if id.slot.position >= 0, write.field == "class", !isGenerated.contains(label) {
            isGenerated.insert(label)
            relate("wasGeneratedBy", ["prov:entity": label, "prov:activity": activity])
        }
        let agent = person(write.author, of: id.origin)
        relate("wasAttributedTo", ["prov:entity": value, "prov:agent": agent])
        let isRetraction = write.field == "status" && write.value == .plain(.integer(1))
        if isRetraction, !write.isReplaced {
            relate("wasInvalidatedBy", ["prov:entity": label, "prov:activity": activity])
        }
    }

    private var isGenerated: Set<String> = []

    private mutating func add(
        _ release: LabelProofReport.InRelease, _ label: String, _ proof: LabelProof
    ) {
        guard let commitment = proof.release?.commitment else { return }
        let entity = add(release.release, commitment)
        guard let said = release.said else { return }
        let frozen = Self.name(
            "labelInRelease", "\(proof.dataset):\(release.release.name):\(proof.annotation)")
        add(
            "entity", frozen,
            [("prov:label", .string(said.className)), ("prov:value", .string(said.className))])
        relate("specializationOf", ["prov:specificEntity": frozen, "prov:generalEntity": label])
        relate("hadMember", ["prov:collection": entity, "prov:entity": frozen])
    }

    @discardableResult
    private mutating func add(
        _ release: LabelProofReport.NamedRelease, _ commitment: Release.Commitment
    ) -> String {
        let dataset = commitment.dataset
        let entity = Self.name("release", "\(dataset):\(release.name)")
        let steward = organisation(dataset.owner)
        add(
            "entity", entity,
            [
                ("prov:type", Self.typed("prov:Collection")), ("prov:label", .string(release.name)),
                ("cm:digest", .string(Digest(release.digest)?.hex ?? "")),
                ("cm:root", .string(Digest(commitment.root)?.hex ?? "")),
                ("cm:labels", .integer(Int64(commitment.labels))),
                ("cm:items", .integer(Int64(commitment.items))), ("cm:holds", .bool(release.holds)),
            ])
        let act = Self.name("act", "release:\(dataset):\(release.name)")
        let time = JSONValue.string(CroissantFolder.instant(release.time))
        add("activity", act, [("prov:label", .string("release")), ("prov:endTime", time)])
        relate("wasAssociatedWith", ["prov:activity": act, "prov:agent": steward])
        relate(
            "wasGeneratedBy", ["prov:entity": entity, "prov:activity": act], [("prov:time", time)])
        relate("wasAttributedTo", ["prov:entity": entity, "prov:agent": steward])
        for head in commitment.heads {
            let log = Self.name("log", "\(head.origin)/\(dataset)@\(head.size)")
            add(
                "entity", log,
                [
                    ("prov:label", .string("\(head.origin), \(head.size) entries")),
                    ("cm:root", .string(Digest(head.root)?.hex ?? "")),
                ])
            relate(
                "wasAttributedTo", ["prov:entity": log, "prov:agent": organisation(head.origin)])
            relate("used", ["prov:activity": act, "prov:entity": log])
        }
        for member in release.countersigned {
            let word = Self.name("act", "countersign:\(dataset):\(release.name):\(member)")
            add("activity", word, [("prov:label", "countersign")])
            relate("used", ["prov:activity": word, "prov:entity": entity])
            relate(
                "wasAssociatedWith", ["prov:activity": word, "prov:agent": organisation(member)])
        }
        if let reason = release.withdrawal {
            let end = Self.name("act", "withdraw:\(dataset):\(release.name)")
            add("activity", end, [("prov:label", .string("withdraw: \(reason)"))])
            relate("wasAssociatedWith", ["prov:activity": end, "prov:agent": steward])
            relate("wasInvalidatedBy", ["prov:entity": entity, "prov:activity": end])
        }
        return entity
    }

    // MARK: Who and what

    private mutating func organisation(_ origin: Origin) -> String {
        let name = Self.name("org", origin.description)
        add(
            "agent", name,
            [
                ("prov:type", Self.typed("prov:Organization")),
                ("prov:label", .string(origin.description)),
            ])
        return name
    }

    /// The person that a company names as the author; the company where it names none.
    private mutating func person(_ author: String?, of origin: Origin) -> String {
        let company = organisation(origin)
        guard let author else { return company }
        let name = Self.name("person", "\(origin):\(author)")
        if parts["agent"]?[name] == nil {
            relate("actedOnBehalfOf", ["prov:delegate": name, "prov:responsible": company])
        }
        add(
            "agent", name,
            [("prov:type", Self.typed("prov:Person")), ("prov:label", .string(author))])
        return name
    }

    private mutating func entry(
        _ origin: Origin, _ index: UInt64, _ dataset: DatasetID, time: Int64
    ) -> String {
        let name = Self.name("entry", "\(origin)/\(dataset):\(index)")
        if parts["activity"]?[name] == nil {
            add(
                "activity", name,
                [
                    ("prov:label", .string("entry \(index) of \(origin)/\(dataset)")),
                    ("prov:endTime", .string(CroissantFolder.instant(time))),
                ])
            relate(
                "wasAssociatedWith", ["prov:activity": name, "prov:agent": organisation(origin)])
        }
        return name
    }

    private mutating func add(_ kind: String, _ name: String, _ members: [(String, JSONValue)]) {
        parts[kind, default: [:]][name] = JSONValue.object([:]).with(members)
    }

    private mutating func relate(
        _ kind: String, _ ends: [String: String], _ more: [(String, JSONValue)] = []
    ) {
        count += 1
        let members = ends.map { ($0.key, JSONValue.string($0.value)) } + more
        parts[kind, default: [:]]["_:r\(count)"] = JSONValue.object([:]).with(members)
    }

    private static func typed(_ name: String) -> JSONValue {
        ["$": .string(name), "type": "prov:QUALIFIED_NAME"]
    }

    private static func words(_ value: LabelProofReport.Value) -> String {
        switch value {
        case .plain(let value): value.textValue ?? value.json
        case .selector(let selector): SelectorJSON.text(selector)
        }
    }

    /// A name below the prefix, with all but what a URN takes as it is escaped.
    private static func name(_ kind: String, _ rest: String) -> String {
        var text = "cm:\(kind):"
        for byte in rest.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }
}
