"""Lets most requests of schemathesis speak of what is there: names that it makes up are of nothing."""

import schemathesis


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and "owner" in path_parameters and len(str(path_parameters["name"])) % 4:
        path_parameters.update(owner="oem.example", name="boards")
        if "id" in path_parameters:
            path_parameters["id"] = "oem.example:2.0"
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    for name in ("key", "item"):
        if query and name in query and len(str(query[name])) % 4:
            query[name] = "a.png"
    return query


@schemathesis.serializer("application/cose")
def serialize_entry(context, value):
    """What a browser signs is bytes."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
