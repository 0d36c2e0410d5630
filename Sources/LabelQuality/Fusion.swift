import AnnotationModel

/// One place made of those that several raters gave one thing.
public enum Fusion {
    /// One rater's place, and how far to trust it.
    public struct Member: Sendable {
        /// Where.
        public let selector: Selector
        /// Above 0, and finite.
        public let weight: Double

        /// A place with a weight; one that is no positive number counts next to nothing.
        public init(_ selector: Selector, weight: Double) {
            self.selector = selector
            self.weight = weight.isFinite && weight > Self.least ? weight : Self.least
        }

        private static let least = 1e-6
    }

    /// The place that stands for all of them; nil for none.
    ///
    /// Boxes and intervals have the weighted mean of their edges (weighted boxes fusion: Solovyev, Wang, Gabruseva
    /// 2021), masks of one size the pixels that more than half of the weight has marked, spans and rows the weighted
    /// medians of their ends. Of all others, and where kinds are mixed, it is the one that overlaps most with the rest.
    public static func place(of members: [Member]) -> Selector? {
        guard let first = members.first, members.count > 1 else { return members.first?.selector }
        let fused =
            switch first.selector {
            case .box: box(members)
            case .mask: mask(members)
            case .interval(_, _, let channels): interval(members, channels)
            case .textSpan: textSpan(members)
            case .cells(_, _, let columns): cells(members, columns)
            default: nil as Selector?
            }
        return fused ?? medoid(members)
    }

    private static func box(_ members: [Member]) -> Selector? {
        var (left, top, right, bottom) = (Mean(), Mean(), Mean(), Mean())
        for member in members {
            guard case .box(let box) = member.selector else { return nil }
            left.add(box.x, member.weight)
            top.add(box.y, member.weight)
            right.add(box.x + box.width, member.weight)
            bottom.add(box.y + box.height, member.weight)
        }
        let (x, y) = (rounded(left.value), rounded(top.value))
        let (width, height) = (rounded(right.value - x), rounded(bottom.value - y))
        guard [x, y, width, height].allSatisfy(\.isFinite) else { return nil }
        return .box(.init(x: x, y: y, width: max(0, width), height: max(0, height)))
    }

    private static func interval(_ members: [Member], _ channels: [String]) -> Selector? {
        var (start, end) = (Mean(), Mean())
        for member in members {
            guard case .interval(let from, let to, channels) = member.selector else { return nil }
            start.add(from, member.weight)
            end.add(to, member.weight)
        }
        let (from, to) = (rounded(start.value), rounded(end.value))
        guard from.isFinite, to.isFinite else { return nil }
        return .interval(start: from, end: max(from, to), channels: channels)
    }

    private static func textSpan(_ members: [Member]) -> Selector? {
        var spans: [(start: Int64, end: Int64, weight: Double)] = []
        for member in members {
            guard case .textSpan(let start, let end, _) = member.selector else { return nil }
            spans.append((start, end, member.weight))
        }
        let (start, end) = ends(spans)
        // The text that stands there is known where one of them says it.
        let quote = members.lazy.compactMap { member -> String? in
            guard case .textSpan(start, end, let quote) = member.selector else { return nil }
            return quote
        }.first
        return .textSpan(start: start, end: end, quote: quote)
    }

    private static func cells(_ members: [Member], _ columns: [String]) -> Selector? {
        var spans: [(start: Int64, end: Int64, weight: Double)] = []
        for member in members {
            guard case .cells(let start, let end, columns) = member.selector else { return nil }
            spans.append((start, end, member.weight))
        }
        let (start, end) = ends(spans)
        return .cells(rowStart: start, rowEnd: end, columns: columns)
    }

    private static func ends(
        _ spans: [(start: Int64, end: Int64, weight: Double)]
    ) -> (Int64, Int64) {
        let start = median(spans.map { ($0.start, $0.weight) })
        return (start, max(start, median(spans.map { ($0.end, $0.weight) })))
    }

    /// The smallest value up to which half of the weight lies.
    private static func median(_ values: [(value: Int64, weight: Double)]) -> Int64 {
        let half = values.reduce(0) { $0 + $1.weight } / 2
        var sum = 0.0
        for (value, weight) in values.sorted(by: { $0.value < $1.value }) {
            sum += weight
            if sum >= half { return value }
        }
        return values.last?.value ?? 0
    }

    /// Where more than half of the weight has marked pixels, in one pass over the ends of all runs.
    private static func mask(_ members: [Member]) -> Selector? {
        guard case .mask(let first) = members[0].selector else { return nil }
        var toggles: [(place: Int, weight: Double)] = []
        for member in members {
            guard case .mask(let mask) = member.selector, mask.width == first.width,
                mask.height == first.height
            else { return nil }
            var place = 0
            for (index, count) in mask.counts.enumerated().dropLast() {
                place += Int(count)
                toggles.append((place, index % 2 == 0 ? member.weight : -member.weight))
            }
        }
        toggles.sort { $0.place < $1.place }
        let half = members.reduce(0) { $0 + $1.weight } / 2
        let area = first.width * first.height
        var (counts, sum, start, isOn): ([UInt32], Double, Int, Bool) = ([], 0, 0, false)
        var next = 0
        while next < toggles.count {
            let place = toggles[next].place
            while next < toggles.count, toggles[next].place == place {
                sum += toggles[next].weight
                next += 1
            }
            // Sums of doubles that went up and down again end next to where they began.
            let isMarked = sum > half * (1 + 1e-9)
            if isMarked == isOn || place >= area { continue }
            counts.append(UInt32(clamping: place - start))
            (start, isOn) = (place, isMarked)
        }
        counts.append(UInt32(clamping: area - start))
        // Nothing that more than half have marked is no place.
        guard counts.count > 1 else { return nil }
        return .mask(.init(width: first.width, height: first.height, counts: counts))
    }

    private static func medoid(_ members: [Member]) -> Selector {
        let shapes = members.map { Shape($0.selector) }
        var best = (place: 0, sum: -1.0)
        for one in members.indices {
            var sum = 0.0
            for other in members.indices where other != one {
                guard let a = shapes[one], let b = shapes[other] else { continue }
                sum += members[other].weight * a.overlap(b)
            }
            if sum > best.sum + 1e-12 { best = (one, sum) }
        }
        return members[best.place].selector
    }

    /// Means have more digits than anybody measures: six stay, the finest that selectors keep as decimals.
    private static func rounded(_ value: Double) -> Double {
        let scaled = (value * 1_000_000).rounded()
        return scaled.magnitude < 9e15 ? scaled / 1_000_000 : value
    }

    private struct Mean {
        private var sum = 0.0
        private var weight = 0.0
        var value: Double { sum / weight }

        mutating func add(_ value: Double, _ weight: Double) {
            sum += value * weight
            self.weight += weight
        }
    }
}
