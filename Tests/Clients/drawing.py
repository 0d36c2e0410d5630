"""Labels of a DXF drawing against its entities as ezdxf reads them."""

from company import close, expect, same


def entities(drawing):
    """The entities by handle that a person sees: those of the layouts and of blocks, and fields of title blocks."""
    found = {}
    for holder in [*drawing.layouts, *drawing.blocks]:
        for entity in holder:
            found[entity.dxf.handle] = entity
            for field in getattr(entity, "attribs", []):
                found[field.dxf.handle] = field
    return found


def place(entity):
    """Where an entity stands, as far as it has one place."""
    for name in ("insert", "center", "start"):
        if entity.dxf.hasattr(name):
            return entity.dxf.get(name)
    return None


def check_label(label, wanted):
    (handle,) = label["selector"]["elements"]
    expect(handle in wanted, f"{label['class']} {handle} is an entity of the drawing")
    entity, said, what = wanted[handle], label["attributes"], f"{label['class']} {handle}"
    same(label["class"], entity.dxftype(), f"{what}: type")
    same(said.get("layer", "0"), entity.dxf.get("layer", "0"), f"{what}: layer")
    if entity.dxftype() in ("TEXT", "ATTRIB"):
        same(said["text"], entity.dxf.text, f"{what}: text")
    if entity.dxftype() == "ATTRIB":
        same(said["tag"], entity.dxf.tag, f"{what}: name of the field")
    if entity.dxftype() == "INSERT":
        same(said["places"], entity.dxf.name, f"{what}: the block that it places")
    if entity.dxftype() == "DIMENSION":
        close([said["measurement"]], [entity.dxf.actual_measurement], 1e-9, f"{what}: measured")
    if "position" in said and place(entity) is not None:
        close(said["position"], place(entity), 0, f"{what}: place")
