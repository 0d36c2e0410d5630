import AnnotationModel

/// How the members of one annotation become a label.
extension COCOReader {
    /// Makes a label of an annotation; returns why that is not possible.
    mutating func resolve(
        _ raw: inout COCOAnnotation, index: Int, into label: inout LabelRecord,
        losing lost: inout [COCOAnnotation.Problem]
    ) -> COCOAnnotation.Problem? {
        if let problem = raw.problem { return problem }
        guard let imageID = raw.imageID else {
            return .init(member: "image_id", why: "missing; say which image it belongs to")
        }
        guard let imageIndex = context.imageByID[imageID] else {
            return .init(member: "image_id", why: "no image has the id \(imageID)")
        }
        let image = context.images[imageIndex]
        if image.problem != nil {
            return .init(member: "image_id", why: "the image \(imageID) was skipped")
        }
        label.item = image.key
        if let problem = setClass(raw, &label) { return problem }
        if let problem = setSelector(raw, image, &label) { return problem }
        if raw.isCrowd { label.attributes[COCOAttribute.isCrowd] = .bool(true) }
        if let score = raw.score {
            if (0...1).contains(score) {
                label.confidence = score
            } else {
                label.attributes[COCOAttribute.score] = .float(score)
            }
        }
        if raw.attributes != nil || !raw.others.isEmpty {
            setAttributes(raw, &label, losing: &lost)
        }
        if let problem = setIdentity(raw, index: index, &label) { return problem }
        if let why = RecordRule.problem(label) { return .init(member: "", why: why) }
        return nil
    }

    private func setClass(
        _ raw: COCOAnnotation, _ label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        if let categoryID = raw.categoryID, let index = context.classByID[categoryID] {
            label.className = context.classes[index].name
            return nil
        }
        // A caption has no class.
        if raw.others.contains(where: { $0.name == "caption" }) { return nil }
        guard let categoryID = raw.categoryID else {
            return .init(member: "category_id", why: "missing; say which category it is")
        }
        return .init(member: "category_id", why: "no category has the id \(categoryID)")
    }

    private mutating func setSelector(
        _ raw: COCOAnnotation, _ image: COCOContext.Image, _ label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        var bounds: Selector.Box?
        switch raw.segmentation {
        case .polygons(let rings)?:
            label.selector = .polygon(rings.map { [$0] })
            bounds = Geometry.bounds(rings)
        case .runs(let height, let width, let runs)?:
            if let imageHeight = image.height, let imageWidth = image.width,
                height != imageHeight || width != imageWidth
            {
                return .init(
                    member: "segmentation.size",
                    why: "[\(height), \(width)] is not the image's [height, width] of "
                        + "[\(imageHeight), \(imageWidth)]")
            }
            do throws(RunLengths.Problem) {
                let mask = try RunLengths.mask(height: height, width: width, runs: runs)
                label.selector = .mask(mask)
                bounds = RunLengths.bounds(mask)
            } catch {
                return .init(member: "segmentation.counts", why: error.why)
            }
        case nil: break
        }
        if !raw.keypoints.isEmpty {
            if let problem = setKeypoints(raw, &label, &bounds) { return problem }
        }
        guard let box = raw.bbox else { return sizeProblem(label) }
        if case .wholeItem = label.selector {
            label.selector = .box(box)
            count(box, image)
        } else if let bounds, !Geometry.agree(bounds, box) {
            label.attributes[COCOAttribute.bbox] = .array(
                [box.x, box.y, box.width, box.height].map { .float($0) })
        }
        return sizeProblem(label)
    }

    private func sizeProblem(_ label: LabelRecord) -> COCOAnnotation.Problem? {
        RecordRule.sizeProblem(label.selector).map { .init(member: "segmentation", why: $0) }
    }

    private func setKeypoints(
        _ raw: COCOAnnotation, _ label: inout LabelRecord, _ bounds: inout Selector.Box?
    ) -> COCOAnnotation.Problem? {
        let numbers = raw.keypoints
        guard numbers.count % 3 == 0 else {
            return .init(
                member: "keypoints",
                why: "holds \(numbers.count) numbers; each point has an x, a y and a flag")
        }
        if let id = raw.categoryID, let index = context.classByID[id],
            case let names = context.classes[index].keypoints, !names.isEmpty,
            names.count != numbers.count / 3
        {
            return .init(
                member: "keypoints",
                why: "holds \(numbers.count / 3) points, the category has \(names.count) names")
        }
        var points: [Selector.Keypoint] = []
        for start in stride(from: 0, to: numbers.count, by: 3) {
            guard let flag = UInt8(exactly: numbers[start + 2]),
                let visibility = Selector.Keypoint.Visibility(rawValue: flag)
            else {
                return .init(
                    member: "keypoints[\(start + 2)]", why: "a point's flag must be 0, 1 or 2")
            }
            points.append(.init(x: numbers[start], y: numbers[start + 1], visibility: visibility))
        }
        if raw.segmentation != nil {
            label.attributes[COCOAttribute.keypoints] = .array(numbers.map { .float($0) })
        } else if points.contains(where: { $0.visibility != .absent }) {
            label.selector = .keypoints(points)
            bounds = Geometry.bounds(
                points.lazy.filter { $0.visibility != .absent }.map { [$0.x, $0.y] })
        }
        return nil
    }

    private func setAttributes(
        _ raw: COCOAnnotation, _ label: inout LabelRecord,
        losing lost: inout [COCOAnnotation.Problem]
    ) {
        var values: [(place: String, name: String, json: JSONValue)] = []
        if case .object(let members)? = raw.attributes {
            for (name, json) in members { values.append(("attributes.\(name)", name, json)) }
        } else if raw.attributes != nil {
            lost.append(.init(member: "attributes", why: "no object; left out"))
        }
        for (name, json) in raw.others where json != .null {
            values.append((name, COCOAttribute.prefix + name, json))
        }
        for (place, name, json) in values {
            if let value = FieldValueJSON.value(json),
                RecordRule.problem(fields: [name: value]) == nil
            {
                label.attributes[name] = value
            } else {
                lost.append(
                    .init(
                        member: String(place.prefix(80)),
                        why: "too large or nested too deeply for an attribute; left out"))
            }
        }
    }

    private mutating func setIdentity(
        _ raw: COCOAnnotation, index: Int, _ label: inout LabelRecord
    ) -> COCOAnnotation.Problem? {
        if let id = raw.id, !ids.insert(id) {
            return .init(member: "id", why: "\(id) is used by an earlier annotation too")
        }
        let plain = raw.id.map { String($0) } ?? "#\(index)"
        guard let noted = raw.countermark else {
            label.externalID = plain
            if notedIDs.contains(plain) {
                return .init(member: "id", why: "\(plain) is an earlier annotation's external id")
            }
            return nil
        }
        label.author = noted["author"]?.string
        label.source = noted["source"]?.string
        label.externalID = noted["externalID"]?.string ?? plain
        if let id = noted["id"]?.string, let org = noted["org"]?.string {
            label.provenance = .init(
                id: id, org: org, isContested: noted["contested"] == .bool(true))
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
