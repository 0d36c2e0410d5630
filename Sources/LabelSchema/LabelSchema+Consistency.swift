import AnnotationModel

extension LabelSchema {
    package typealias Inconsistency = (reason: SchemaError.Reason, path: String)

    /// The first thing in which the schema contradicts itself, with its path; nil if it does not.
    package func inconsistency() -> Inconsistency? {
        let names = Set((classes ?? []).map(\.name))
        let attributeCount =
            (attributes ?? []).count
            + (classes ?? []).reduce(0) { $0 + ($1.attributes ?? []).count }
        if attributeCount > Self.entriesMax {
            let what = "the number of attributes"
            return (.limit(what: what, found: attributeCount, max: Self.entriesMax), "")
        }
        return classProblem(names) ?? cycle() ?? synonymProblem(names)
            ?? Self.problem(of: attributes ?? [], "attributes") { unknownClass($0, names) }
            ?? ruleProblem() ?? mappingProblem(names)
    }

    private func unknownClass(_ name: String, _ names: Set<String>) -> SchemaError.Reason? {
        if names.contains(name) { return nil }
        return .unknownClass(name, nearest: NearestName.nearest(to: name, in: names))
    }

    // MARK: Classes

    private func classProblem(_ names: Set<String>) -> Inconsistency? {
        var met: Set<String> = []
        for (index, entry) in (classes ?? []).enumerated() {
            let path = "classes[\(index)]"
            if !met.insert(entry.name).inserted {
                return (.duplicate(what: "class", name: entry.name), path + ".name")
            }
            if !entry.parent.isEmpty, let reason = unknownClass(entry.parent, names) {
                return (reason, path + ".parent")
            }
            if let found = Self.duplicate(entry.keypoints, "keypoint", path + ".keypoints")
                ?? Self.problem(ofSkeleton: entry, path)
                ?? Self.problem(ofKinds: entry.selectors, path + ".selectors")
                ?? Self.problem(
                    of: entry.attributes ?? [], path + ".attributes", unknownClass: { _ in nil })
            {
                return found
            }
        }
        return nil
    }

    private static func duplicate(
        _ names: [String], _ what: String, _ path: String
    ) -> Inconsistency? {
        var met: Set<String> = []
        for (index, name) in names.enumerated() where !met.insert(name).inserted {
            return (.duplicate(what: what, name: name), "\(path)[\(index)]")
        }
        return nil
    }

    private static func problem(
        ofSkeleton entry: LabelClass, _ path: String
    ) -> Inconsistency? {
        let ends = 1...Int64(max(1, entry.keypoints.count))
        for (index, joint) in entry.skeleton.enumerated()
        where joint.count != 2 || entry.keypoints.isEmpty || !joint.allSatisfy(ends.contains) {
            return (.badJoint(keypoints: entry.keypoints.count), "\(path).skeleton[\(index)]")
        }
        return nil
    }

    private static func problem(
        ofKinds kinds: [Selector.Kind]?, _ path: String
    ) -> Inconsistency? {
        guard let kinds else { return nil }
        if kinds.isEmpty { return (.badValue("[]", why: "permits nothing; leave it out"), path) }
        return duplicate(kinds.map(\.rawValue), "kind of selector", path)
    }

    /// Classes that are their own ancestors.
    private func cycle() -> Inconsistency? {
        let parents = [String: String](
            (classes ?? []).map { ($0.name, $0.parent) }, uniquingKeysWith: { first, _ in first })
        var good: Set<String> = [""]
        for (index, entry) in (classes ?? []).enumerated() {
            var walk = [entry.name]
            while let parent = walk.last.flatMap({ parents[$0] }), !good.contains(parent) {
                if walk.contains(parent) {
                    return (
                        .cycle(what: "parents", names: walk + [parent]), "classes[\(index)].parent"
                    )
                }
                walk.append(parent)
            }
            good.formUnion(walk)
        }
        return nil
    }

    private func synonymProblem(_ names: Set<String>) -> Inconsistency? {
        var owners: [String: String] = [:]
        for (index, entry) in (classes ?? []).enumerated() {
            for (position, synonym) in entry.synonyms.enumerated() {
                let path = "classes[\(index)].synonyms[\(position)]"
                if names.contains(synonym) {
                    return (.nameTaken(what: "synonym", name: synonym, by: "a class"), path)
                }
                if let owner = owners.updateValue(entry.name, forKey: synonym) {
                    return (
                        .nameTaken(
                            what: "synonym", name: synonym, by: "a synonym of \"\(owner)\""), path
                    )
                }
                if mappings[synonym] != nil, resolved(synonym) != entry.name {
                    return (
                        .nameTaken(
                            what: "synonym", name: synonym,
                            by: "mapped to \"\(resolved(synonym))\""), path
                    )
                }
            }
        }
        return nil
    }

    // MARK: Attributes

    private static func problem(
        of attributes: [AttributeDefinition], _ path: String,
        unknownClass: (String) -> SchemaError.Reason?
    ) -> Inconsistency? {
        var met: Set<String> = []
        for (index, attribute) in attributes.enumerated() {
            let path = "\(path)[\(index)]"
            if !met.insert(attribute.name).inserted {
                return (.duplicate(what: "attribute", name: attribute.name), path + ".name")
            }
            for (position, name) in (attribute.classes ?? []).enumerated() {
                if let reason = unknownClass(name) {
                    return (reason, "\(path).classes[\(position)]")
                }
            }
            if let found = attribute.inconsistency(path) { return found }
        }
        return nil
    }

    // MARK: Selectors and mappings

    private func ruleProblem() -> Inconsistency? {
        for (index, rule) in selectors.enumerated() {
            let path = "selectors.\(rule.mediaType)"
            if index > 0, selectors[index - 1].mediaType == rule.mediaType {
                return (.duplicate(what: "media type", name: rule.mediaType), path)
            }
            if let found = Self.problem(ofKinds: rule.selectors, path) { return found }
        }
        return nil
    }

    private func mappingProblem(_ names: Set<String>) -> Inconsistency? {
        for (old, new) in mappings.sorted(by: { $0.key < $1.key }) {
            let path = "mappings.\(old)"
            if names.contains(old) {
                return (.nameTaken(what: "mapped name", name: old, by: "a class"), path)
            }
            if classes != nil, mappings[new] == nil, let reason = unknownClass(new, names) {
                return (reason, path)
            }
        }
        var good: Set<String> = []
        for old in mappings.keys.sorted() {
            var (walk, onWalk) = ([old], Set([old]))
            while let next = walk.last.flatMap({ mappings[$0] }), !good.contains(next) {
                walk.append(next)
                if !onWalk.insert(next).inserted {
                    return (.cycle(what: "mappings", names: walk), "mappings.\(old)")
                }
            }
            good.formUnion(walk)
        }
        return nil
    }

    // MARK: Words

    /// True for a text that can name a class, an attribute, a keypoint or a unit.
    package static func isName(_ text: String) -> Bool {
        (1...nameBytesMax).contains(text.utf8.count)
            && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
            && text.first?.isWhitespace == false && text.last?.isWhitespace == false
    }

    /// True for `#rrggbb`.
    package static func isColor(_ text: String) -> Bool {
        text.utf8.count == 7 && text.hasPrefix("#")
            && text.utf8.dropFirst().allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x46).contains($0)
                    || (0x61...0x66).contains($0)
            }
    }

    /// True for a media type (RFC 6838 §4.2) or `type/*`, or `*/*`.
    package static func isMediaType(_ text: String) -> Bool {
        if text == "*/*" { return true }
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count == 2 && text.utf8.count <= nameBytesMax && isToken(parts[0])
            && (parts[1].elementsEqual("*".utf8) || isToken(parts[1]))
    }

    private static func isToken(_ text: Substring.UTF8View) -> Bool {
        !text.isEmpty
            && text.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5a).contains($0)
                    || (0x61...0x7a).contains($0) || "!#$&-^_.+".utf8.contains($0)
            }
    }
}
