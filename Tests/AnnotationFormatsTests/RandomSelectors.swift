import AnnotationModel

/// Random values of the model that are valid.
enum RandomSelectors {
    /// A selector of any kind; long, since each kind is a case.
    static func selector(_ generator: inout SeededGenerator, depth: Int = 0) -> Selector {
        let kinds = Selector.Kind.allCases.filter { kind in
            depth < 2 || ![.track, .relation, .targets, .all].contains(kind)
        }
        switch kinds.randomElement(using: &generator) ?? .wholeItem {
        case .wholeItem: return .wholeItem
        case .box:
            return .box(
                .init(
                    x: number(&generator), y: number(&generator), width: size(&generator),
                    height: size(&generator)))
        case .rotatedBox: return .rotatedBox(rotated(&generator))
        case .ellipse: return .ellipse(rotated(&generator))
        case .polygon: return .polygon(list(1...3, &generator) { list(1...2, &$0, ring) })
        case .polyline: return .polyline(numbers(4, &generator))
        case .keypoints:
            return .keypoints(
                list(1...4, &generator) { generator in
                    .init(
                        x: number(&generator), y: number(&generator),
                        visibility: Selector.Keypoint.Visibility.allCases.randomElement(
                            using: &generator) ?? .absent)
                })
        case .mask: return .mask(mask(&generator))
        case .blob:
            return .blob(
                sha256: (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) },
                byteCount: Int64.random(in: 0...Int64.max, using: &generator),
                mediaType: "image/png")
        case .cuboid:
            return .cuboid(
                .init(
                    center: numbers(3, &generator), size: (0..<3).map { _ in size(&generator) },
                    rotation: [0.5, -0.5, 0.5, 0.5]))
        case .pointSet:
            let indices = Set(
                (0..<9).map {
                    UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64(7 * $0)
                })
            return .pointSet(indices.sorted())
        case .interval:
            let start = number(&generator)
            return .interval(
                start: start, end: start + size(&generator), channels: list(0...2, &generator, text)
            )
        case .textSpan:
            let start = Int64.random(in: 0...99, using: &generator)
            return .textSpan(
                start: start, end: start + 5,
                quote: Bool.random(using: &generator) ? text(&generator) : nil)
        case .cells: return .cells(rowStart: 3, rowEnd: 9, columns: list(0...2, &generator, text))
        case .graph: return .graph(kind: "atom", elements: list(1...3, &generator, text))
        case .track:
            var time = number(&generator)
            return .track(
                list(1...3, &generator) { generator in
                    time += 0.25
                    return .init(
                        time: time, selector: selector(&generator, depth: depth + 1),
                        isOutside: Bool.random(using: &generator))
                })
        case .relation:
            return .relation(
                kind: text(&generator),
                from: list(1...2, &generator) { target(&$0, depth) },
                to: list(1...2, &generator) { target(&$0, depth) })
        case .preference:
            return .preference(list(1...3, &generator) { list(1...2, &$0, text) })
        case .targets: return .targets(list(1...3, &generator) { target(&$0, depth) })
        case .all: return .all(list(2...3, &generator) { selector(&$0, depth: depth + 1) })
        }
    }

    static func fields(_ generator: inout SeededGenerator) -> [String: FieldValue] {
        var fields: [String: FieldValue] = [:]
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            // A name holds no control characters.
            let name = text(&generator).unicodeScalars.filter { $0.value >= 0x20 }
            fields["f" + String(String.UnicodeScalarView(name))] = value(&generator, depth: 0)
        }
        return fields
    }

    static func text(_ generator: inout SeededGenerator) -> String {
        let pieces = [
            "a", "é", "\u{1F4A9}", "\"", ",", "\n", "\r\n", " ", "=1", "\\", "\u{7}", "$bytes",
        ]
        return (0..<Int.random(in: 1...4, using: &generator))
            .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
    }

    private static func value(_ generator: inout SeededGenerator, depth: Int) -> FieldValue {
        switch Int.random(in: 0...(depth < 3 ? 9 : 5), using: &generator) {
        case 0: .null
        case 1: .bool(Bool.random(using: &generator))
        case 2: .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3: .float(number(&generator))
        case 4: .text(text(&generator))
        case 5: .bytes([0, 1, 254, UInt8.random(in: 0...255, using: &generator)])
        case 6: .array(list(0...3, &generator) { value(&$0, depth: depth + 1) })
        case 7: .map(["$bytes": .text("00")])
        case 8: .map(["$map": .map(["$map": value(&generator, depth: depth + 2)])])
        default: .map([text(&generator): value(&generator, depth: depth + 1), "k": .null])
        }
    }

    private static func list<Element>(
        _ counts: ClosedRange<Int>, _ generator: inout SeededGenerator,
        _ element: (inout SeededGenerator) -> Element
    ) -> [Element] {
        let count = Int.random(in: counts, using: &generator)
        var elements: [Element] = []
        for _ in 0..<count { elements.append(element(&generator)) }
        return elements
    }

    private static func number(_ generator: inout SeededGenerator) -> Double {
        switch Int.random(in: 0...3, using: &generator) {
        case 0: Double(Int.random(in: -500...500, using: &generator))
        case 1: Double(Int.random(in: -50_000...50_000, using: &generator)) / 100
        case 2: Double.random(in: -1e3...1e3, using: &generator)
        default: Double.random(in: -1e-9...1e-9, using: &generator)
        }
    }

    private static func size(_ generator: inout SeededGenerator) -> Double {
        number(&generator).magnitude
    }

    private static func numbers(_ count: Int, _ generator: inout SeededGenerator) -> [Double] {
        (0..<count).map { _ in number(&generator) }
    }

    private static func ring(_ generator: inout SeededGenerator) -> [Double] {
        numbers(2 * Int.random(in: 3...6, using: &generator), &generator)
    }

    private static func rotated(_ generator: inout SeededGenerator) -> Selector.RotatedBox {
        .init(
            centerX: number(&generator), centerY: number(&generator), width: size(&generator),
            height: size(&generator), angle: number(&generator))
    }

    private static func mask(_ generator: inout SeededGenerator) -> Selector.Mask {
        var counts: [UInt32] = [UInt32.random(in: 0...3, using: &generator)]
        var left = 20 - counts[0]
        while left > 0 {
            let run = UInt32.random(in: 1...left, using: &generator)
            counts.append(run)
            left -= run
        }
        return .init(width: 5, height: 4, counts: counts)
    }

    private static func target(_ generator: inout SeededGenerator, _ depth: Int) -> Selector.Target
    {
        let reference: Selector.Target.Reference =
            Bool.random(using: &generator) ? .item("a/b.png") : .annotation("oem.example:1.2")
        return .init(
            reference, role: Bool.random(using: &generator) ? "" : text(&generator),
            selector: selector(&generator, depth: depth + 1))
    }
}
