import AnnotationModel
import CanonicalCBOR
import Testing

@Suite("Governance acts on the wire")
struct GovernanceTests {
    static let acts: [GovernanceAct] = {
        guard let acme = try? Origin("acme.example"), let borealis = try? Origin("borealis.example")
        else { return [] }
        let key = [UInt8](repeating: 5, count: 32)
        var terms = ReleaseTerms()
        (terms.companies, terms.quorum) = ([acme, borealis], 2)
        terms.stage = .init(stage: .quality, state: nil)
        (terms.isAcceptedOnly, terms.isSettledOnly, terms.holdsRetracted) = (true, true, true)
        (terms.isWithoutExcluded, terms.withdrawal) = (true, "wrong scale")
        return [
            .defineDataset(title: "Boards", schema: "{}"),
            .setMember(acme, role: .reviewer, roots: [[1, 2, 3]], logKey: key, fromIndex: 4),
            .setMember(acme, role: .reader, roots: [], logKey: nil, fromIndex: 0),
            .cutLog(acme, index: 9), .setSchema("{}"), .setPolicy("role-rank"),
            .release(
                name: "first", digest: key, heads: [TreeHead(origin: acme, size: 2, root: key)],
                terms: ReleaseTerms()),
            .release(name: "part", digest: key, heads: [], terms: terms),
            .setWitnessPolicy(threshold: 1, witnesses: [acme, borealis]),
            .setWitnessPolicy(threshold: 3, witnesses: []),
            .setReleasePolicy(threshold: 2, members: [acme, borealis]),
            .setReleasePolicy(threshold: 3, members: []),
            .succeedLog(acme, successor: borealis), .addKey(chain: [[1]], logKey: key),
            .addKey(chain: [[1], [2]], logKey: nil), .retireKey(fingerprint: key, index: 3),
            .countersign(name: "first", digest: key), .addWitness(key: key), .setAudience([]),
            .setAudience([acme, borealis]), .sealGold(name: "first", commitment: key),
            .setBlind(true), .setBlind(false),
        ] + openings
    }()

    static let openings: [GovernanceAct] = {
        let items: [GoldSet.Item] = [
            .init(
                key: "b.png",
                answers: [
                    .init(className: "short", selector: .wholeItem),
                    .init(
                        className: "open",
                        selector: .box(.init(x: 1, y: 2, width: 3.5, height: 4))),
                ]), .init(key: "a.png", answers: []),
        ]
        let set = try? GoldSet(name: "first", items: items)
        return set.map { [.openGold($0, salt: [UInt8](repeating: 7, count: 32))] } ?? []
    }()

    @Test("an act is read back as it was written")
    func roundTrip() {
        #expect(!Self.acts.isEmpty)
        for act in Self.acts { #expect(GovernanceAct(decoding: act.encoded) == act) }
    }

    @Test("every code has an act among the samples")
    func allCodes() {
        #expect(Set(Self.acts.map(\.code)) == Set(Array(16...30) + [32, 33]))
    }

    @Test(
        "an act beyond its limits is none",
        arguments: [
            // A threshold that cannot be met, a name twice, no name.
            CBORValue.array([.integer(22), .integer(2), .array([.text("a.example")])]),
            .array([.integer(22), .integer(-1), .array([])]),
            .array([.integer(32), .integer(513), .array([])]),
            .array([.integer(32), .integer(2), .array([.text("a.example")])]),
            .array([
                .integer(22), .integer(1), .array([.text("a.example"), .text("a.example")]),
            ]),
            // A log that succeeds itself.
            .array([.integer(23), .text("a.example"), .text("a.example")]),
            .array([.integer(27), .bytes([1, 2, 3])]),
            .array([.integer(28), .array([.text("Not A Name")])]),
            .array([
                .integer(28),
                .array((0...Changeset.headsMax).map { .text("m\($0).example") }),
            ]),
            .array([.integer(29), .array([])]),
            // A digest too short, a name of no byte, a salt too long, no answers, items out of order, twice, or with
            // half an answer, a place that is none.
            .array([.integer(29), .text("a"), .bytes([1])]),
            .array([.integer(29), .text(""), .bytes([UInt8](repeating: 1, count: 32))]),
            opening(.array([.array([.text("a")])]), salt: 33),
            opening(.array([])),
            opening(.array([.array([])])),
            opening(.array([.array([.text("b")]), .array([.text("a")])])),
            opening(.array([.array([.text("a")]), .array([.text("a")])])),
            opening(.array([.array([.text("a"), .text("short")])])),
            opening(.array([.array([.text("a"), .text("short"), .bytes([0xff])])])),
            opening(.array([.array([.text("a"), .text(""), .bytes(Selector.wholeItem.encoded)])])),
            // Two answers in another order than that of their encodings.
            opening(
                .array([
                    .array([
                        .text("a"), .text("b"), .bytes(Selector.wholeItem.encoded), .text("a"),
                        .bytes(Selector.wholeItem.encoded),
                    ])
                ])),
            opening(.array((0...GoldSet.itemsMax).map { .array([.text("\(1_000_000 + $0)")]) })),
            opening(
                .array(
                    (0..<100).map {
                        .array([.text("\(100 + $0)" + String(repeating: "x", count: 400))])
                    })),
            .array([.integer(33), .integer(1)]), .array([.integer(33)]),
            .array([.integer(40), .array([])]),
        ])
    func refused(value: CBORValue) {
        #expect(GovernanceAct(decoding: value.encoded) == nil)
    }

    private static func opening(_ items: CBORValue, salt: Int = 32) -> CBORValue {
        .array([.integer(30), .text("first"), .bytes([UInt8](repeating: 7, count: salt)), items])
    }

    @Test("terms of a release have one form each, within limits")
    func terms() {
        func terms(_ members: [CBORValue: CBORValue]) -> ReleaseTerms? {
            ReleaseTerms(cbor: .map(members))
        }
        let (acme, borealis) = (CBORValue.text("acme.example"), CBORValue.text("borealis.example"))
        #expect(terms([.integer(1): .array([acme, borealis])])?.companies.count == 2)
        #expect(terms([:]) == ReleaseTerms())
        let wrong: [[CBORValue: CBORValue]] = [
            [.integer(1): .array([borealis, acme])], [.integer(1): .array([acme, acme])],
            [.integer(1): .array([])], [.integer(1): .array([.text("Not A Name")])],
            [.integer(2): .array([.text("filter")])],
            [.integer(2): .array([.text("none"), .null])],
            [.integer(2): .array([.text("filter"), .text(String(repeating: "x", count: 65))])],
            [.integer(3): .bool(false)], [.integer(4): .integer(1)], [.integer(7): .integer(0)],
            [.integer(7): .integer(513)],
            [.integer(8): .text(String(repeating: "x", count: 1_025))],
            [.integer(9): .bool(true)], [.text("1"): .bool(true)],
        ]
        for members in wrong { #expect(terms(members) == nil, "\(members)") }
        #expect(ReleaseTerms(cbor: .null) == nil)
        // Empty terms are left out, so that each act has one form.
        let act: CBORValue = .array([
            .integer(21), .text("v1"), .bytes([UInt8](repeating: 0, count: 32)), .array([]),
            .map([:]),
        ])
        #expect(GovernanceAct(decoding: act.encoded) == nil)
    }
}
