"""DXF, compared with ezdxf: each label stands on an entity that is there, and saving moves none."""

import math

import ezdxf
from ezdxf.enums import InsertUnits

from company import expect, home, record, same
from drawing import check_label, entities

LAYERS = {"outline": 1, "title": 7}


def drawn(path):
    """A plate with two holes, a dimension and a title block with fields, in millimetres."""
    drawing = ezdxf.new("R2013", setup=True)
    drawing.units = InsertUnits.Millimeters
    for name, color in LAYERS.items():
        drawing.layers.add(name, color=color)
    title = drawing.blocks.new("TITLE")
    title.add_lwpolyline([(0, 0), (50, 0), (50, 20), (0, 20)], close=True)
    title.add_attdef("PART", (2, 12))
    title.add_attdef("SCALE", (2, 4))
    space = drawing.modelspace()
    outline = {"layer": "outline"}
    space.add_line((0, 0), (80.5, 0), dxfattribs=outline)
    space.add_lwpolyline([(0, 0), (80.5, 0), (80.5, 40), (0, 40)], close=True, dxfattribs=outline)
    for x in (20, 60):
        space.add_circle((x, 20), 4.25, dxfattribs=outline)
    space.add_text("Lochplatte Ø8,5 – 2×", dxfattribs={"layer": "title"}).set_placement((10, -8))
    space.add_mtext("all edges\nbroken", dxfattribs={"layer": "title"})
    space.add_blockref("TITLE", (100, 0), dxfattribs={"layer": "title"}).add_auto_attribs(
        {"PART": "Plate 7", "SCALE": "1:2"})
    dimension = space.add_linear_dim(base=(0, 50), p1=(20, 20), p2=(60, 20)).render().dimension
    # Drawing programs note what they measured; ezdxf leaves it out.
    dimension.dxf.actual_measurement = dimension.get_measurement()
    drawing.saveas(path)
    return drawing


def main():
    with home() as (company, folder):
        drawn(folder / "plate.dxf")
        drawing = ezdxf.readfile(folder / "plate.dxf")
        company.bring("labels", folder / "plate.dxf", "dxf")
        wanted, labels = entities(drawing), company.labels("labels")
        for label in labels:
            check_label(label, wanted)
        same({label["selector"]["elements"][0] for label in labels}, set(wanted), "the handles of all entities")
        (fields,) = company.items("labels").values()
        same(fields["dxf.version"], drawing.dxfversion, "version")
        same(fields["unit"], "mm", "unit")
        expect(set(LAYERS) <= set(fields["layers"]), f"layers: {fields['layers']}")
        fields = {r["attributes"]["tag"]: r["attributes"]["text"] for r in labels if r["class"] == "ATTRIB"}
        same(fields, {"PART": "Plate 7", "SCALE": "1:2"}, "the title block")
        # A drawing program saves it anew, with the other part moved.
        hole = next(e for e in drawing.modelspace() if e.dxftype() == "CIRCLE")
        hole.translate(0, 2.5, 0)
        drawing.saveas(folder / "plate.dxf")
        report = company.bring("labels", folder / "plate.dxf", "dxf")
        same((report["added"], report["changed"], report["unchanged"]), (0, 1, len(labels) - 1), "after saving again")
        moved = next(r for r in company.labels("labels") if r["selector"]["elements"] == [hole.dxf.handle])
        expect(math.isclose(moved["attributes"]["position"][1], 22.5), "the label of the moved hole")
        record("dxf", "ezdxf", items=1, labels=len(labels), tolerance=0)


main()
