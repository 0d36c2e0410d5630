import CanonicalCBOR

extension Selector {
    /// Reads one selector from where the reader stands.
    ///
    /// - Throws: ``AnnotationModelError`` for another encoding or a geometry that describes nothing.
    public init(reading reader: inout CBORReader) throws(AnnotationModelError) {
        self = try SelectorReader.read(&reader, depth: 0)
    }

    /// Decodes exactly one selector.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(AnnotationModelError) {
        var reader = CBORReader(bytes)
        self = try Selector(reading: &reader)
        do { try reader.finish() } catch { throw .encoding(error) }
    }

    /// Decodes exactly one selector.
    public init(decoding bytes: [UInt8]) throws(AnnotationModelError) {
        let result: Result<Selector, AnnotationModelError> = bytes.withUnsafeBytes { buffer in
            do throws(AnnotationModelError) {
                return .success(try Selector(decoding: buffer))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// Checks one selector and returns its bytes; builds nothing for the commonest kind, the box.
    public static func check(
        _ reader: inout CBORReader
    ) throws(AnnotationModelError) -> UnsafeRawBufferPointer {
        let start = reader.offset
        if try !SelectorReader.checkBox(&reader) {
            _ = try SelectorReader.read(&reader, depth: 0)
        }
        let count = reader.offset - start
        guard count <= bytesMax else {
            throw .limit(what: "the size of a selector in bytes", value: count, max: bytesMax)
        }
        return UnsafeRawBufferPointer(rebasing: reader.base[start..<reader.offset])
    }

    /// Throws unless the numbers describe something; for selectors made in memory.
    public func validate() throws(AnnotationModelError) {
        // Any four finite numbers can be written; the size alone can be wrong.
        if case .box(let box) = self, box.x.isFinite, box.y.isFinite, box.width.isFinite,
            box.height.isFinite, box.width >= 0, box.height >= 0
        {
            return
        }
        do throws(AnnotationModelError) {
            _ = try Selector(decoding: encoded)
        } catch {
            // Whoever made it in memory knows of no bytes.
            guard case .encoding(.outOfRange(_, let why)) = error else { throw error }
            throw .badGeometry(kind: kindName, why: why)
        }
    }
}

/// Decodes selectors; each kind has its own rule of what a usable geometry is.
enum SelectorReader {
    /// Checks a box in decimals without allocating; false (and unmoved) for anything else.
    static func checkBox(_ reader: inout CBORReader) throws(AnnotationModelError) -> Bool {
        var probe = reader
        do throws(CBORError) {
            guard try probe.arrayHead() == 5 else { return false }
            let code = try probe.unsigned()
            guard code >> 3 == 1, code & 7 <= 6 else { return false }
            var needsScale = code & 7 == 0
            for index in 0..<4 {
                let start = probe.offset
                let whole = try probe.integer()
                guard whole.magnitude < Coordinates.wholeMax(scale: Int(code & 7)) else {
                    throw .outOfRange(offset: start, what: "a coordinate too large for its scale")
                }
                if index >= 2, whole < 0 {
                    throw .outOfRange(offset: start, what: "a box needs a size of 0 or more")
                }
                if !needsScale { needsScale = whole % 10 != 0 }
            }
            if !needsScale { throw .notShortest(offset: reader.offset) }
            reader = probe
            return true
        } catch {
            throw .encoding(error)
        }
    }

    static func read(
        _ reader: inout CBORReader, depth: Int
    ) throws(AnnotationModelError) -> Selector {
        let start = reader.offset
        do throws(CBORError) {
            guard depth <= Selector.depthMax else {
                throw .tooDeep(offset: start, limit: Selector.depthMax)
            }
            let count = try reader.arrayHead()
            let code = try reader.unsigned(max: 255, "an unknown kind of selector")
            guard let kind = Selector.Kind(code: code >> 3) else {
                throw .outOfRange(offset: start, what: "an unknown kind of selector")
            }
            let scale = code & 7
            var body = Body(reader: reader, scale: scale, depth: depth, start: start)
            let selector = try body.selector(kind, count: count)
            try body.tracker.check(scale: scale, at: start)
            reader = body.reader
            return selector
        } catch {
            throw .encoding(error)
        }
    }

    /// The reading of one selector's members.
    struct Body {
        var reader: CBORReader
        let scale: Int
        let depth: Int
        let start: Int
        var tracker = Coordinates.ScaleTracker()

        mutating func selector(
            _ kind: Selector.Kind, count: Int
        ) throws(CBORError) -> Selector {
            guard count == Self.memberCount(kind) else {
                throw .outOfRange(
                    offset: start, what: "a \(kind.rawValue) has \(Self.memberCount(kind)) members")
            }
            switch kind {
            case .wholeItem: return .wholeItem
            case .box: return try box()
            case .rotatedBox: return .rotatedBox(try rotatedBox())
            case .ellipse: return .ellipse(try rotatedBox())
            case .polygon: return try polygon()
            case .polyline: return .polyline(try ring(pairsMin: 2))
            case .keypoints: return try keypoints()
            case .mask: return try mask()
            case .blob: return try blob()
            case .cuboid: return try cuboid()
            case .pointSet: return try pointSet()
            case .interval: return try interval()
            case .textSpan: return try textSpan()
            case .cells: return try cells()
            case .graph:
                return .graph(kind: try reader.text(), elements: try texts(min: 1))
            case .track: return try track()
            case .relation:
                return .relation(
                    kind: try reader.text(), from: try targets(min: 1), to: try targets(min: 1))
            case .preference: return try preference()
            case .targets: return .targets(try targets(min: 1))
            case .all: return try all()
            }
        }

        private static func memberCount(_ kind: Selector.Kind) -> Int {
            switch kind {
            case .wholeItem: 1
            case .polygon, .polyline, .pointSet, .preference, .targets, .all: 2
            case .keypoints, .graph: 3
            case .mask, .blob, .interval, .textSpan, .cells, .track, .relation: 4
            case .box: 5
            case .rotatedBox, .ellipse: 6
            case .cuboid: 11
            }
        }

        private func fail(_ what: String) -> CBORError { .outOfRange(offset: start, what: what) }

        private mutating func coordinate() throws(CBORError) -> Double {
            try Coordinates.read(&reader, scale: scale, tracker: &tracker)
        }

        private mutating func size() throws(CBORError) -> Double {
            let value = try coordinate()
            guard value >= 0 else { throw fail("a size must be 0 or more") }
            return value
        }

        private mutating func box() throws(CBORError) -> Selector {
            .box(
                .init(
                    x: try coordinate(), y: try coordinate(), width: try size(), height: try size())
            )
        }

        private mutating func rotatedBox() throws(CBORError) -> Selector.RotatedBox {
            .init(
                centerX: try coordinate(), centerY: try coordinate(), width: try size(),
                height: try size(), angle: try coordinate())
        }

        private mutating func ring(pairsMin: Int) throws(CBORError) -> [Double] {
            let count = try reader.arrayHead()
            guard count % 2 == 0, count >= 2 * pairsMin else {
                throw fail("\(count) numbers are no list of \(pairsMin) or more points")
            }
            var values: [Double] = []
            values.reserveCapacity(count)
            for _ in 0..<count { values.append(try coordinate()) }
            return values
        }

        private mutating func polygon() throws(CBORError) -> Selector {
            var parts: [[[Double]]] = []
            for _ in 0..<(try reader.arrayHead()) {
                var rings: [[Double]] = []
                for _ in 0..<(try reader.arrayHead()) { rings.append(try ring(pairsMin: 3)) }
                if rings.isEmpty { throw fail("a part of a polygon has no ring") }
                parts.append(rings)
            }
            if parts.isEmpty { throw fail("a polygon has no part") }
            return .polygon(parts)
        }

        private mutating func keypoints() throws(CBORError) -> Selector {
            let flat = try ring(pairsMin: 1)
            let flags = try reader.byteString()
            guard flags.count * 2 == flat.count else {
                throw fail("the keypoints' flags do not match the points")
            }
            var points: [Selector.Keypoint] = []
            for (index, flag) in flags.enumerated() {
                guard let visibility = Selector.Keypoint.Visibility(rawValue: flag) else {
                    throw fail("a keypoint's visibility is 0, 1 or 2")
                }
                points.append(
                    .init(x: flat[2 * index], y: flat[2 * index + 1], visibility: visibility))
            }
            return .keypoints(points)
        }

        private mutating func mask() throws(CBORError) -> Selector {
            let width = try reader.unsigned(max: 1 << 20, "a mask wider than 2^20 pixels")
            let height = try reader.unsigned(max: 1 << 20, "a mask higher than 2^20 pixels")
            guard let runs = VariableLength.decode(try reader.byteString()) else {
                throw fail("the mask's runs are malformed")
            }
            var total: UInt64 = 0
            for (index, run) in runs.enumerated() {
                guard run <= UInt64(UInt32.max), run > 0 || index == 0 else {
                    throw fail("a run of a mask is empty or too long")
                }
                total += run
            }
            guard total == UInt64(width) * UInt64(height) else {
                throw fail("the mask's runs cover \(total) pixels of \(width) x \(height)")
            }
            return .mask(
                .init(width: width, height: height, counts: runs.map { UInt32($0) }))
        }

        private mutating func blob() throws(CBORError) -> Selector {
            let sha256 = Array(try reader.byteString(count: 32))
            let byteCount = try nonNegative("a blob's size")
            return .blob(sha256: sha256, byteCount: byteCount, mediaType: try reader.text())
        }

        private mutating func cuboid() throws(CBORError) -> Selector {
            let center = [try coordinate(), try coordinate(), try coordinate()]
            let dimensions = [try size(), try size(), try size()]
            let rotation = [
                try coordinate(), try coordinate(), try coordinate(), try coordinate(),
            ]
            let norm = rotation.reduce(0) { $0 + $1 * $1 }
            guard (norm - 1).magnitude < 1e-3 else {
                throw fail("a cuboid's rotation must be a unit quaternion")
            }
            return .cuboid(.init(center: center, size: dimensions, rotation: rotation))
        }

        private mutating func pointSet() throws(CBORError) -> Selector {
            guard let steps = VariableLength.decode(try reader.byteString()), !steps.isEmpty else {
                throw fail("the point indices are malformed or none")
            }
            var indices: [UInt64] = []
            indices.reserveCapacity(steps.count)
            var last: UInt64 = 0
            for (position, step) in steps.enumerated() {
                guard position == 0 || step > 0 else { throw fail("a point index repeats") }
                let (next, overflow) = last.addingReportingOverflow(step)
                if overflow { throw fail("a point index beyond 64 bits") }
                indices.append(next)
                last = next
            }
            return .pointSet(indices)
        }

        private mutating func interval() throws(CBORError) -> Selector {
            let begin = try coordinate()
            let end = try coordinate()
            guard end >= begin else { throw fail("an interval ends before it begins") }
            return .interval(start: begin, end: end, channels: try texts(min: 0))
        }

        private mutating func textSpan() throws(CBORError) -> Selector {
            let begin = try nonNegative("a text offset")
            let end = try nonNegative("a text offset")
            guard end >= begin else { throw fail("a text span ends before it begins") }
            var quote: String?
            if try reader.peek() == .null { try reader.null() } else { quote = try reader.text() }
            return .textSpan(start: begin, end: end, quote: quote)
        }

        private mutating func cells() throws(CBORError) -> Selector {
            let begin = try nonNegative("a row number")
            let end = try nonNegative("a row number")
            guard end >= begin else { throw fail("the rows end before they begin") }
            return .cells(rowStart: begin, rowEnd: end, columns: try texts(min: 0))
        }

        private mutating func track() throws(CBORError) -> Selector {
            var times: [Double] = []
            for _ in 0..<(try reader.arrayHead()) {
                let time = try coordinate()
                if let last = times.last, time <= last {
                    throw fail("keyframes must ascend in time")
                }
                times.append(time)
            }
            let selectors = try nested()
            let flags = try reader.byteString()
            guard !times.isEmpty, selectors.count == times.count, flags.count == times.count,
                flags.allSatisfy({ $0 <= 1 })
            else { throw fail("a track's times, selectors and flags do not match") }
            return .track(
                times.indices.map {
                    .init(time: times[$0], selector: selectors[$0], isOutside: flags[$0] == 1)
                })
        }

        private mutating func preference() throws(CBORError) -> Selector {
            var groups: [[String]] = []
            for _ in 0..<(try reader.arrayHead()) { groups.append(try texts(min: 1)) }
            guard !groups.isEmpty else { throw fail("a preference ranks nothing") }
            return .preference(groups)
        }

        private mutating func all() throws(CBORError) -> Selector {
            let selectors = try nested()
            guard selectors.count >= 2 else { throw fail("an intersection needs two selectors") }
            return .all(selectors)
        }

        private mutating func nested() throws(CBORError) -> [Selector] {
            var selectors: [Selector] = []
            for _ in 0..<(try reader.arrayHead()) { selectors.append(try oneNested()) }
            return selectors
        }

        private mutating func oneNested() throws(CBORError) -> Selector {
            do throws(AnnotationModelError) {
                return try SelectorReader.read(&reader, depth: depth + 1)
            } catch {
                guard case .encoding(let cause) = error else { throw fail(error.description) }
                throw cause
            }
        }

        private mutating func targets(min: Int) throws(CBORError) -> [Selector.Target] {
            var targets: [Selector.Target] = []
            for _ in 0..<(try reader.arrayHead()) {
                try reader.arrayHead(count: 4)
                let tag = try reader.unsigned(max: 1, "a target is an item (0) or annotation (1)")
                let name = try reader.text()
                let role = try reader.text()
                targets.append(
                    .init(
                        tag == 0 ? .item(name) : .annotation(name), role: role,
                        selector: try oneNested()))
            }
            guard targets.count >= min else { throw fail("a target is missing") }
            return targets
        }

        private mutating func texts(min: Int) throws(CBORError) -> [String] {
            let count = try reader.arrayHead()
            guard count >= min else { throw fail("a list of names is empty") }
            var texts: [String] = []
            for _ in 0..<count { texts.append(try reader.text()) }
            return texts
        }

        private mutating func nonNegative(_ what: String) throws(CBORError) -> Int64 {
            let value = try reader.integer()
            guard value >= 0 else { throw fail("\(what) is negative") }
            return value
        }
    }
}
