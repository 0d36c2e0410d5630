import AnnotationFormats
import AnnotationModel
import Testing

/// Small molecules.
enum Molecules {
    static let ethanol = """
        1
          test

          3  2  0  0  0  0            999 V2000
            0.0000    0.0000    0.0000 C   0  0  0  0  0  0
            1.5000    0.0000    0.0000 C   0  0  0  0  0  0
            2.1000    1.3000    0.0000 O   0  0  0  0  0  0
          1  2  1  0  0  0
          2  3  1  0  0  0
        M  CHG  1   3  -1
        M  END
        """

    static let labelled =
        ethanol + """

            > <atom.dprop.PartialCharge>
            0.1 n/a
            -0.5

            >  <bond.iprop.Order>  (1)
            1 2

            > <group.hydroxyl>
            3
            2 3

            > <Target Name>
            TYK2

            > <Ki (uM)>
            0.096
            >10

            > <Ki error (uM)>
            0.029
            n/a

            > <source>
            two
            lines

            $$$$

            """
}

@Suite("Molecules")
struct MoleculeFormatTests {
    @Test("atoms, charges, bonds, groups and activities are labels, and come back the same")
    func labels() throws {
        let reading = try expectOwnExport("sdf", [textFile("set/a.sdf", Molecules.labelled)])
        #expect(reading.items.map(\.key) == ["set/a/1"])
        #expect(reading.items.first?.fields["sdf.source"] == .text("two\nlines"))
        #expect(reading.items.first?.fields["atoms"] == .integer(3))
        #expect(reading.items.first?.fields["charges"] == .map(["3": .integer(-1)]))
        let byID = Dictionary(
            uniqueKeysWithValues: reading.labels.map { ($0.externalID ?? "", $0) })
        #expect(
            byID.keys.sorted() == [
                "set/a/1#activity/Ki (uM)/1", "set/a/1#activity/Ki (uM)/2", "set/a/1#atom/1",
                "set/a/1#atom/3", "set/a/1#bond/1-2", "set/a/1#bond/2-3",
                "set/a/1#group/hydroxyl/1", "set/a/1#group/hydroxyl/2",
            ])
        #expect(
            byID["set/a/1#atom/3"]?.attributes == [
                "element": .text("O"), "PartialCharge": .float(-0.5),
            ])
        #expect(
            byID["set/a/1#group/hydroxyl/2"]?.selector
                == .graph(kind: "atom", elements: ["2", "3"]))
        #expect(
            byID["set/a/1#activity/Ki (uM)/1"]?.attributes == [
                "type": .text("Ki"), "unit": .text("uM"), "value": .float(0.096),
                "relation": .text("="), "target": .text("TYK2"), "error": .float(0.029),
            ])
        #expect(
            byID["set/a/1#activity/Ki (uM)/2"]?.attributes["relation"] == .text(">"))
    }

    @Test("wrong lists, groups and values are skipped where they stand, the rest is taken")
    func skips() throws {
        let text =
            Molecules.ethanol + """

                > <atom.dprop.x>
                1 2

                > <group.g>
                1 4
                0
                2

                > <IC50 (nM)>
                none

                > <atom.dprop.y>
                1 2 nan

                $$$$

                """
        let reading = try Reading("sdf", [textFile("a.sdf", text)])
        #expect(reading.labels.map(\.externalID) == ["a/1#group/g/3"])
        #expect(
            reading.skips.map(\.place) == [12, 23, 16, 17, 21].map { "a.sdf, line \($0)" })
    }

    @Test("a damaged molecule is skipped, and those around it are taken")
    func damaged() throws {
        let good = Molecules.ethanol + "\n$$$$\n"
        let bad = [
            "x\n\n\n  3  2  0     V3000\nM  END\n$$$$\n", "x\n\n\n999999  V2000\nM  END\n$$$$\n",
            "x\n\n\n  9  2           V2000\nM  END\n$$$$\n", "x\n$$$$\n",
            "x\n\n\n  1  1  0 V2000\n    0.0000    0.0000    0.0000 C   0  0\n  1  9  1\nM  END\n$$$$\n",
            "x\n\n\n  1  0  0 V2000\n    0.0000       inf    0.0000 C   0  0\nM  END\n$$$$\n",
            "x\n\n\n  0  0  0 V2000\nM  CHG  9   1   1\nM  END\n$$$$\n",
        ]
        for text in bad {
            let reading = try Reading("sdf", [textFile("a.sdf", good + text + good)])
            #expect(reading.skips.map(\.place) == ["a.sdf, line 13"], "\(text)")
            // Two of one title stay two items.
            #expect(reading.items.map(\.key) == ["a/1", "a/3"])
        }
        #expect(formatError("sdf", "", name: "a.sdf") != nil)
        let climbing = try Reading(
            "sdf", [textFile("a.sdf", "../../etc" + Molecules.ethanol.dropFirst())])
        #expect(climbing.items.map(\.key) == ["a/1"])
    }

    @Test("a molecule too large for one field is kept in several, and written")
    func large() throws {
        let atom = "\n    0.0000    0.0000    0.0000 C   0  0"
        let text =
            "big\n\n\n999  0  0 V2000" + String(repeating: atom, count: 999)
            + "\nM  END\n> <group.x>\n1 999\n"
        let reading = try Reading("sdf", [textFile("a.mol", text)])
        #expect(reading.notes.isEmpty)
        #expect(reading.labels.count == 1)
        let (files, report) = try written("sdf", items: reading.items, labels: reading.labels)
        let sdf = try #require(files["a.sdf"])
        #expect(String(decoding: sdf, as: UTF8.self).hasPrefix("big\n\n\n999  0  0 V2000" + atom))
        #expect(report.skipped == 0)
    }

    @Test("public sample: ligands of two targets")
    func sample() throws {
        guard let file = sharedData("molecules-plb/tyk2/ligands.sdf"),
            let charged = sharedData("molecules-plb/cdk2/ligands.sdf")
        else { return }
        let one = try expectOwnExport("sdf", [file])
        let two = try expectOwnExport("sdf", [charged])
        #expect(one.items.count + two.items.count == 23)
        #expect(one.items.first?.key == "ligands/lig_ejm_54")
        #expect(one.items.first?.fields["atoms"] == .integer(37))
        #expect(one.skips.isEmpty, "\(one.firstSkip)")
    }
}
