import AnnotationModel
import LabelText

/// Selectors of the Web Annotation model, to and from ours.
enum WebSelector {
    private static let type = "countermark:Selector"
    /// A member of its own: `value` of the vocabulary is a text, and JSON-LD would drop what an object under it
    /// holds.
    private static let value = "countermark:value"
    private static let mediaFragments = "http://www.w3.org/TR/media-frags/"
    private static let textFragments = "http://tools.ietf.org/rfc/rfc5147"
    private static let tableFragments = "http://tools.ietf.org/rfc/rfc7111"

    // MARK: Reading

    /// What a list of alternatives selects; nil where none of them is understood.
    static func read(
        _ alternatives: [JSONValue], fields: [String: FieldValue] = [:]
    ) throws(Refusal) -> Selector? {
        let own = alternatives.first { WebAnnotationCheck.types($0).contains(type) }
        if let json = own?[value] {
            do throws(SelectorJSON.Problem) {
                return try SelectorJSON.selector(json)
            } catch {
                throw Refusal("\(type): \(error.description)")
            }
        }
        let quote = alternatives.first { $0["exact"]?.string != nil && $0["refinedBy"] == nil }
        for json in alternatives where json["refinedBy"] == nil {
            let types = WebAnnotationCheck.types(json)
            if types.contains("TextPositionSelector"), let start = json["start"]?.integer,
                let end = json["end"]?.integer
            {
                return try span(start, end, quote?["exact"]?.string, fields["text"]?.text)
            }
            let value = json["value"]?.string ?? ""
            if types.contains("FragmentSelector"),
                let selector = fragment(value, json["conformsTo"]?.string, fields)
            {
                return selector
            }
            if types.contains("SvgSelector"), let selector = shape(value) { return selector }
        }
        if let quote, let text = fields["text"]?.text { return search(quote, text) }
        return nil
    }

    private static func span(
        _ start: Int64, _ end: Int64, _ quote: String?, _ text: String?
    ) throws(Refusal) -> Selector {
        guard let text else { return .textSpan(start: start, end: end, quote: quote) }
        return try TextDocument(text).span(start, end, quote: quote).selector
    }

    /// The one place where a quoted text stands with what is before and after it.
    private static func search(_ quote: JSONValue, _ text: String) -> Selector? {
        let parts = ["prefix", "exact", "suffix"].map {
            Array((quote[$0]?.string ?? "").unicodeScalars)
        }
        let wanted = parts.flatMap { $0 }
        let scalars = Array(text.unicodeScalars)
        guard !parts[1].isEmpty, wanted.count <= scalars.count else { return nil }
        var found: Int?
        for start in 0...(scalars.count - wanted.count)
        where scalars[start] == wanted[0]
            && scalars[start..<(start + wanted.count)].elementsEqual(wanted)
        {
            if found != nil { return nil }
            found = start + parts[0].count
        }
        guard let found else { return nil }
        return .textSpan(
            start: Int64(found), end: Int64(found + parts[1].count),
            quote: quote["exact"]?.string)
    }

    /// A fragment of media (Media Fragments 1.0), of plain text (RFC 5147) or of a table (RFC 7111).
    static func fragment(
        _ value: String, _ standard: String?, _ fields: [String: FieldValue]
    ) -> Selector? {
        let standards = [mediaFragments, textFragments, tableFragments]
        if let standard, !standards.contains(standard) { return nil }
        guard let equals = value.firstIndex(of: "="), !value.contains("&") else { return nil }
        var figures = value[value.index(after: equals)...]
        let unit = figures.firstIndex(of: ":").map { figures[..<$0] } ?? ""
        if !unit.isEmpty { figures = figures.dropFirst(unit.count + 1) }
        let name = value[..<equals]
        let parts = figures.split(
            separator: name == "row" ? "-" : ",", omittingEmptySubsequences: false)
        let v = parts.compactMap { TextNumber.double($0) }
        guard v.count == parts.count else { return nil }
        switch name {
        case "xywh":
            guard v.count == 4, v[2] >= 0, v[3] >= 0 else { return nil }
            var (x, y) = (1.0, 1.0)
            if unit == "percent" {
                guard let size = ItemRecord.pixelSize(fields) else { return nil }
                (x, y) = (size.width / 100, size.height / 100)
            } else if !unit.isEmpty, unit != "pixel" {
                return nil
            }
            return .box(.init(x: v[0] * x, y: v[1] * y, width: v[2] * x, height: v[3] * y))
        case "t" where v.count == 2 && v[0] <= v[1] && (unit.isEmpty || unit == "npt"):
            return .interval(start: v[0], end: v[1], channels: [])
        case "char" where v.count == 2 && unit.isEmpty:
            guard let start = Int64(exactly: v[0]), let end = Int64(exactly: v[1]), start >= 0,
                start <= end
            else { return nil }
            return .textSpan(start: start, end: end, quote: nil)
        case "row" where (1...2).contains(v.count) && unit.isEmpty:
            guard let first = Int64(exactly: v[0]), let last = Int64(exactly: v[v.count - 1]),
                first >= 1, first <= last, last < 1 << 53
            else { return nil }
            return .cells(rowStart: first - 1, rowEnd: last, columns: [])
        default: return nil
        }
    }

    /// The one simple shape of an SVG text without transformations.
    private static func shape(_ svg: String) -> Selector? {
        guard svg.utf8.count <= XMLScanner.textBytesMax else { return nil }
        let elements = Array(svg.utf8).withUnsafeBytes { bytes in
            (try? Self.elements(bytes)) ?? []
        }
        guard elements.count == 1, let (name, attributes) = elements.first,
            attributes["transform"] == nil
        else { return nil }
        let figure = { (key: String) in attributes[key].flatMap { TextNumber.double($0) } }
        switch name {
        case "rect":
            guard attributes["rx"] == nil, let x = figure("x"), let y = figure("y"),
                let width = figure("width"), let height = figure("height"), width >= 0, height >= 0
            else { return nil }
            return .box(.init(x: x, y: y, width: width, height: height))
        case "circle", "ellipse":
            guard let x = figure("cx"), let y = figure("cy"),
                let radiusX = figure(name == "circle" ? "r" : "rx"),
                let radiusY = figure(name == "circle" ? "r" : "ry"), radiusX >= 0, radiusY >= 0
            else { return nil }
            return .ellipse(
                .init(centerX: x, centerY: y, width: 2 * radiusX, height: 2 * radiusY, angle: 0))
        case "polygon", "polyline":
            let words = (attributes["points"] ?? "").split { $0 == "," || $0.isWhitespace }
            let points = words.compactMap { TextNumber.double($0) }
            let least = name == "polygon" ? 6 : 4
            guard points.count == words.count, points.count % 2 == 0, points.count >= least
            else { return nil }
            return name == "polygon" ? .polygon([[points]]) : .polyline(points)
        default: return nil
        }
    }

    /// The elements that draw, below `svg` and groups without attributes.
    private static func elements(
        _ bytes: UnsafeRawBufferPointer
    ) throws -> [(String, ByteMap<String>)] {
        var scanner = try XMLScanner(bytes, file: "svg")
        var elements: [(String, ByteMap<String>)] = []
        while let event = try scanner.next() {
            guard case .start(let name, let attributes) = event, name != "svg" else { continue }
            if name == "g", attributes["transform"] == nil { continue }
            elements.append((name, attributes))
        }
        return elements
    }

    // MARK: Writing

    /// The alternatives that say what a selector says; our own is added where theirs would say less.
    static func write(_ selector: Selector) -> [JSONValue] {
        var alternatives = standard(selector)
        let isExact = (try? read(alternatives)) == selector
        if !isExact {
            let value = (try? JSONValue(parsing: SelectorJSON.text(selector))) ?? .null
            alternatives.append(.object(["type": .string(type), Self.value: value]))
        }
        return alternatives
    }

    private static func standard(_ selector: Selector) -> [JSONValue] {
        let number = TextNumber.text
        func fragment(_ value: String, _ standard: String) -> [JSONValue] {
            [
                .object([
                    "type": .string("FragmentSelector"), "conformsTo": .string(standard),
                    "value": .string(value),
                ])
            ]
        }
        func svg(_ shape: String) -> [JSONValue] {
            let text = "<svg xmlns=\"http://www.w3.org/2000/svg\">\(shape)</svg>"
            return [.object(["type": .string("SvgSelector"), "value": .string(text)])]
        }
        func points(_ flat: [Double]) -> String {
            stride(from: 0, to: flat.count - 1, by: 2)
                .map { "\(number(flat[$0])),\(number(flat[$0 + 1]))" }.joined(separator: " ")
        }
        switch selector {
        case .box(let box):
            let figures = [box.x, box.y, box.width, box.height]
            if figures.allSatisfy({ Int64(exactly: $0) != nil }) {
                return fragment(
                    "xywh=pixel:" + figures.map(number).joined(separator: ","), mediaFragments)
            }
            return svg(
                "<rect x=\"\(number(box.x))\" y=\"\(number(box.y))\" width=\"\(number(box.width))\""
                    + " height=\"\(number(box.height))\"/>")
        case .interval(let start, let end, _) where start >= 0:
            return fragment("t=npt:\(number(start)),\(number(end))", mediaFragments)
        case .textSpan(let start, let end, let quote):
            let position = JSONValue.object([
                "type": .string("TextPositionSelector"), "start": .integer(start),
                "end": .integer(end),
            ])
            guard let quote else { return [position] }
            return [
                position,
                .object(["type": .string("TextQuoteSelector"), "exact": .string(quote)]),
            ]
        case .cells(let start, let end, _) where start < end:
            return fragment("row=\(start + 1)-\(end)", tableFragments)
        case .polygon(let parts) where parts.count == 1 && parts[0].count == 1:
            return svg("<polygon points=\"\(points(parts[0][0]))\"/>")
        case .polyline(let flat): return svg("<polyline points=\"\(points(flat))\"/>")
        case .ellipse(let box) where box.angle == 0:
            return svg(
                "<ellipse cx=\"\(number(box.centerX))\" cy=\"\(number(box.centerY))\""
                    + " rx=\"\(number(box.width / 2))\" ry=\"\(number(box.height / 2))\"/>")
        default: return []
        }
    }
}
