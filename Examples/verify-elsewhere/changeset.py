"""Changesets (Protocol.md, section 4): one entry's payload as Python values.

What a selector means is not looked at: only that it is an array with a known kind.
"""

from formats import canonical, need, whole

FIELDS = {0: "class", 1: "selector", 2: "confidence", 3: "status", 4: "source", 5: "externalID",
          6: "author", 8: "mediaType", 9: "sha256", 10: "bytes", 11: "width", 12: "height",
          13: "duration", 14: "channels", 15: "frameRate", 16: "unit", 17: "group", 18: "split",
          19: "stage.filter", 20: "stage.clean", 21: "stage.quality", 22: "examined",
          23: "stage.classify", 24: "stage.annotate", 25: "stage.mark"}
# The numbers of members after the code.
ACTS = {16: [2], 17: [5], 18: [2], 19: [1], 20: [1], 21: [3, 4], 22: [2], 23: [2], 24: [2], 25: [2], 26: [2],
        27: [1], 28: [1], 32: [2]}
ADD_ANNOTATION, SET, REVIEW = 1, 2, 4
SET_MEMBER, CUT_LOG, RELEASE, SUCCEED_LOG, ADD_KEY, RETIRE_KEY, COUNTERSIGN, ADD_WITNESS = 17, 18, 21, 23, 24, 25, 26, 27
SET_RELEASE_POLICY = 32


def text(value, limit=16_384):
    return type(value) is str and len(value.encode()) <= limit


class Changeset:
    def __init__(self, payload):
        need(len(payload) <= 64_511, "a payload is too large")
        value = canonical(payload, "a payload")
        need(type(value) is list and len(value) == 5 and value[0] == 2, "not a changeset")
        _, self.strings, heads, meta, operations = value
        need(type(self.strings) is list and len(self.strings) <= 8_192, "too many strings")
        for string in self.strings:
            need(text(string, 1_024) and string, "a string is empty, too long or no text")
            need(all(c >= " " and c != "\x7f" for c in string), "a string has control characters")
        need(len(set(self.strings)) == len(self.strings), "a string stands twice")
        need(type(heads) is list and len(heads) <= 512, "too many heads")
        self.heads = []  # (origin, merged, size, root, signature)
        for index, merged, size, root, signature in heads:
            need(whole(size, (1 << 36) + 1) and whole(merged, size + 1) and merged, "not a head")
            need(len(root) == 32 and len(signature) == 64, "not a head")
            self.heads.append((self.string(index), merged, size, root, signature))
        origins = [head[0] for head in self.heads]
        need(origins == sorted(set(origins)), "heads out of order")
        need(type(meta) is dict and set(meta) <= {0, 1, 2}, "unknown meta data")
        need(text(meta.get(1, "")), "a message is too long or no text")
        self.author = self.string(meta[0]) if 0 in meta else None
        if 2 in meta:
            self.string(meta[2])
        need(type(operations) is list and 1 <= len(operations) <= 4_096, "no operations or too many")
        self.operations = [self.operation(o) for o in operations]
        acts = [o[0] >= 16 for o in self.operations]
        need(acts == sorted(acts, reverse=True), "an act after another operation")

    def string(self, index):
        need(whole(index, len(self.strings)), "a string index beyond the table")
        return self.strings[index]

    def acts(self, code):
        return [o for o in self.operations if o[0] == code]

    def fields(self, pairs, in_set=False):
        need(len(pairs) % 2 == 0 and len(pairs) <= 512, "fields are pairs, at most 256")
        numbers, found = pairs[::2], {}
        need(all(whole(n) for n in numbers) and numbers == sorted(set(numbers)), "fields out of order")
        for field, value in zip(numbers, pairs[1::2]):
            if field >= 32:
                name = self.string(field - 32)
                if name in FIELDS.values() or name.startswith("attr."):
                    name = f"attr.{name}"
            else:
                need(field in FIELDS and (in_set or field > 1), f"field {field}")
                name = FIELDS[field]
            if field == 0:
                value = self.string(value)
            elif field == 1:
                self.selector(value)
            elif field == 3:
                need(value in (0, 1) and type(value) is int, "not a status")
            found[name] = value
        return found

    def selector(self, value):
        need(type(value) is list and value and whole(value[0], 20 << 3), "not a selector")

    def operation(self, o):
        need(type(o) is list and o and whole(o[0]), "not an operation")
        code, rest = o[0], o[1:]
        if code in ACTS:
            need(len(rest) in ACTS[code], f"act {code} has other members")
        elif code in (0, 3):
            return [code, self.string(rest[0]), self.fields(rest[1:])]
        elif code == ADD_ANNOTATION:
            self.selector(rest[2])
            return [code, self.string(rest[0]), self.string(rest[1]), rest[2], self.fields(rest[3:])]
        elif code == SET:
            need(whole(rest[1], 1 << 48) and len(rest) >= 4, "not a set")
            return [code, self.target(*rest[:2]), self.fields(rest[2:], in_set=True)]
        elif code == REVIEW:
            need(len(rest) in (3, 4) and rest[2] in (0, 1, 2) and all(map(text, rest[3:])),
                 "not a review")
            return [code, self.target(*rest[:2]), rest[2]]
        elif code == 5:
            need(len(rest) == 3 and text(rest[2]), "not a comment")
            return [code, self.target(*rest[:2])]
        else:
            need(code == 6 and len(rest) == 2 and text(rest[1]), f"operation {code}")
            self.string(rest[0])
        return o

    def target(self, origin, slot):
        need(whole(slot, 1 << 48), "not a slot")
        return (self.string(origin), slot >> 12, slot & 4_095)
