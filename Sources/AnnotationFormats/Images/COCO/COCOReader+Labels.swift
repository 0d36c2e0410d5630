import AnnotationModel
import LabelText
import Shapes

/// How the members of one annotation become a label.
extension COCOReader {
    /// Makes a label of an annotation; returns why that is not possible.
    ///
    /// What a member has wrong costs that member; the label is made of the rest, if a place is left.
    mutating func resolve(
        _ raw: inout COCOAnnotation, index: Int, into label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        guard let imageIndex = context.imageIndex(raw.imageID) else {
            if let problem = raw.lost.first(where: { $0.member == "image_id" }) { return problem }
            guard let text = Self.text(raw.imageID) else {
                return .init(member: "image_id", why: "missing; say which image it belongs to")
            }
            return .init(
                member: "image_id",
                why: Self.unknown(raw.imageID, "image", text) { context.imageIndex($0) != nil })
        }
        let image = context.images[imageIndex]
        if image.problem != nil {
            return .init(
                member: "image_id", why: "the image \(Self.text(raw.imageID) ?? "") was skipped")
        }
        context.images[imageIndex].isLabelled = true
        label.item = image.key
        if let problem = setClass(raw, &label) { return problem }
        if let problem = setSelector(&raw, image, &label) { return problem }
        if let score = raw.score {
            if (0...1).contains(score) {
                label.confidence = score
            } else {
                label.attributes[COCOAttribute.score] = .float(score)
            }
        }
        if raw.attributes != nil || !raw.others.isEmpty { setAttributes(&raw, &label) }
        if raw.isCrowd { set(.bool(true), COCOAttribute.isCrowd, &label) }
        if let problem = setIdentity(&raw, index: index, &label) { return problem }
        if let why = RecordRule.problem(label) { return .init(member: "", why: why) }
        return nil
    }

    private static func text(_ id: COCOAnnotation.Identifier) -> String? {
        id.text.map { String($0.prefix(80)) } ?? id.number.map { String($0) }
    }

    /// The number that a text writes down as numbers are written.
    private static func number(_ text: String) -> Int64? {
        Int64(text).flatMap { String($0) == text ? $0 : nil }
    }

    /// Why an id means nothing; one that differs by its quotes only from one that is there is told apart.
    private static func unknown(
        _ id: COCOAnnotation.Identifier, _ what: String, _ text: String,
        _ isKnown: (COCOAnnotation.Identifier) -> Bool
    ) -> String {
        let other = (id.text.flatMap(number), id.number.map { String($0) })
        guard isKnown(other) else { return "no \(what) has the id \(text)" }
        let (isText, quoted) = (id.number == nil, "\"\(text)\"")
        return "no \(what) has the id \(isText ? "\(quoted) (a text)" : text), one has "
            + "\(isText ? "\(text) (a number)" : quoted); write both alike"
    }

    /// Sets an attribute that stands for a member; one that the file gives the same name is kept beside it.
    private func set(_ value: FieldValue, _ name: String, _ label: inout LabelRecord) {
        let isTaken = label.attributes[name].map { $0 != value } ?? false
        label.attributes[isTaken ? COCOAttribute.prefix + name : name] = value
    }

    private func setClass(
        _ raw: COCOAnnotation, _ label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        if let index = context.classIndex(raw.categoryID) {
            label.className = context.classes[index].name
            return nil
        }
        // A caption has no class.
        if raw.others.contains(where: { $0.name == "caption" }) { return nil }
        if let problem = raw.lost.first(where: { $0.member == "category_id" }) { return problem }
        guard let text = Self.text(raw.categoryID) else {
            return .init(member: "category_id", why: "missing; say which category it is")
        }
        return .init(
            member: "category_id",
            why: Self.unknown(raw.categoryID, "category", text) { context.classIndex($0) != nil })
    }

    /// The selector of an annotation; long, since each form of `segmentation` is a case.
    private mutating func setSelector(
        _ raw: inout COCOAnnotation, _ image: COCOContext.Image, _ label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        var bounds: Selector.Box?
        var area: Double?
        switch raw.segmentation {
        case .polygons(let rings)?:
            label.selector = .polygon(rings.map { [$0] })
            bounds = Geometry.bounds(rings)
            area = rings.reduce(0) { $0 + Geometry.area($1) }
        case .runs(let height, let width, let runs)?:
            do throws(RunLengths.Problem) {
                let mask = try RunLengths.mask(height: height, width: width, runs: runs)
                if let imageHeight = image.height, let imageWidth = image.width,
                    height != imageHeight || width != imageWidth
                {
                    let why =
                        "[\(height), \(width)] is not the image's [height, width] of "
                        + "[\(imageHeight), \(imageWidth)]"
                    raw.lost.append(.init(member: "segmentation.size", why: why))
                    raw.segmentation = nil
                } else {
                    label.selector = .mask(mask)
                    bounds = RunLengths.bounds(mask)
                    area = Double(RunLengths.area(mask))
                }
            } catch {
                raw.lost.append(.init(member: "segmentation.counts", why: error.why))
                raw.segmentation = nil
            }
        case nil: break
        }
        if let why = RecordRule.sizeProblem(label.selector) {
            raw.lost.append(.init(member: "segmentation", why: why))
            (label.selector, bounds, area, raw.segmentation) = (.wholeItem, nil, nil, nil)
        }
        if !raw.keypoints.isEmpty { setKeypoints(&raw, &label, &bounds) }
        if let box = raw.bbox {
            if case .wholeItem = label.selector {
                label.selector = .box(box)
                count(box, image)
                area = box.width * box.height
            } else if let bounds, !Geometry.agree(bounds, box) {
                set(
                    .array([box.x, box.y, box.width, box.height].map { .float($0) }),
                    COCOAttribute.bbox, &label)
            }
            if case .keypoints = label.selector { area = box.width * box.height }
        }
        if case .wholeItem = label.selector, let problem = raw.lost.first(where: \.isOfPlace) {
            return problem
        }
        if case .wholeItem = label.selector, raw.bbox == nil,
            !raw.others.contains(where: { $0.name == "caption" })
        {
            raw.lost.append(
                .init(
                    member: "bbox",
                    why: "neither a box nor an outline; the label speaks of the whole image"))
        }
        if let own = raw.area, let area, (own - area).magnitude > 1e-6 * max(1, area) {
            set(.float(own), COCOAttribute.area, &label)
        }
        return nil
    }

    /// Points that cannot be read cost the points, not the outline or the box beside them.
    private func setKeypoints(
        _ raw: inout COCOAnnotation, _ label: inout LabelRecord, _ bounds: inout Selector.Box?
    ) {
        let points: [Selector.Keypoint]
        do throws(Refusal) {
            points = try keypoints(raw)
        } catch {
            raw.lost.append(.init(member: "keypoints", why: error.why))
            return
        }
        let seen = points.reduce(0) { $0 + ($1.visibility == .absent ? 0 : 1) }
        if let count = raw.keypointCount, count != Int64(seen) {
            set(.integer(count), COCOAttribute.keypointCount, &label)
        }
        if raw.segmentation != nil || seen == 0 {
            // An object of which no point is seen has its points all the same: programs count them.
            set(.array(raw.keypoints.map { .float($0) }), COCOAttribute.keypoints, &label)
        } else {
            label.selector = .keypoints(points)
            bounds = Geometry.bounds(
                points.lazy.filter { $0.visibility != .absent }.map { [$0.x, $0.y] })
        }
    }

    private func keypoints(_ raw: COCOAnnotation) throws(Refusal) -> [Selector.Keypoint] {
        let numbers = raw.keypoints
        guard numbers.count % 3 == 0 else {
            throw Refusal("holds \(numbers.count) numbers; each point has an x, a y and a flag")
        }
        if let index = context.classIndex(raw.categoryID),
            case let names = context.classes[index].keypoints, !names.isEmpty,
            names.count != numbers.count / 3
        {
            throw Refusal(
                "holds \(numbers.count / 3) points, the category has \(names.count) names")
        }
        var points: [Selector.Keypoint] = []
        for start in stride(from: 0, to: numbers.count, by: 3) {
            guard let flag = UInt8(exactly: numbers[start + 2]),
                let visibility = Selector.Keypoint.Visibility(rawValue: flag)
            else { throw Refusal("[\(start + 2)]: a point's flag must be 0, 1 or 2") }
            points.append(.init(x: numbers[start], y: numbers[start + 1], visibility: visibility))
        }
        return points
    }

    private func setAttributes(_ raw: inout COCOAnnotation, _ label: inout LabelRecord) {
        var values: [(place: String, name: String, json: JSONValue)] = []
        if case .object(let members)? = raw.attributes {
            for (name, json) in members { values.append(("attributes.\(name)", name, json)) }
        } else if raw.attributes != nil {
            raw.lost.append(.init(member: "attributes", why: "no object"))
        }
        for (name, json) in raw.others where json != .null {
            values.append((name, COCOAttribute.prefix + name, json))
        }
        for (place, name, json) in values {
            switch KeptMember.value(json, named: name) {
            case .kept(let value): set(value, name, &label)
            case .lost(let why):
                raw.lost.append(.init(member: String(place.prefix(80)), why: why))
            }
        }
    }

    private mutating func setIdentity(
        _ raw: inout COCOAnnotation, index: Int, _ label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        // A label's id is a text: the number 1 and the text "1" are one.
        let number = raw.id.number ?? raw.id.text.flatMap(Self.number)
        let isNew = number.map { ids.insert($0) } ?? raw.id.text.map { textIDs.insert($0).inserted }
        var plain = raw.id.text ?? raw.id.number.map { String($0) } ?? "#\(index)"
        if isNew == false {
            raw.lost.append(
                .init(
                    member: "id", why: "\(plain.prefix(80)) is used by an earlier annotation too"))
            plain = "#\(index)"
        }
        guard let noted = raw.countermark else {
            if notedIDs.contains(plain) {
                raw.lost.append(
                    .init(
                        member: "id",
                        why: "\(plain.prefix(80)) is an earlier annotation's external id"))
                plain = "#\(index)"
            }
            // Two labels with one id would replace each other at the next import.
            label.externalID = notedIDs.contains(plain) ? nil : plain
            return nil
        }
        label.author = noted["author"]?.string
        label.source = noted["source"]?.string
        label.externalID = noted["externalID"]?.string ?? plain
        if let id = noted["id"]?.string, let org = noted["org"]?.string {
            var provenance = LabelRecord.Provenance(
                id: id, org: org, dataset: noted["dataset"]?.string,
                isContested: noted["contested"] == .bool(true))
            provenance.isNumbered = noted["externalID"] == nil
            label.provenance = provenance
        }
        if let external = noted["externalID"]?.string, !notedIDs.insert(external).inserted {
            return .init(
                member: "countermark.externalID", why: "\"\(external.prefix(40))\" occurs twice")
        }
        return nil
    }

    /// Counts boxes that look wrong.
    private mutating func count(_ box: Selector.Box, _ image: COCOContext.Image) {
        guard let width = image.width, let height = image.height else { return }
        let (imageWidth, imageHeight) = (Double(width), Double(height))
        boxes.known += 1
        let right = box.x + box.width
        let bottom = box.y + box.height
        if box.x < 0 || box.y < 0 || right > imageWidth || bottom > imageHeight {
            boxes.outside += 1
        }
        // Two corners taken for corner and size: the "size" lies inside the image, the sum does not.
        if right > imageWidth || bottom > imageHeight, box.width <= imageWidth,
            box.height <= imageHeight, box.width > box.x, box.height > box.y
        {
            boxes.corners += 1
        }
    }
}
