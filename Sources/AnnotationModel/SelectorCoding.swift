import CanonicalCBOR

/// Lists of coordinates on the wire: whole numbers over a common power of ten where that is exact,
/// plain floats where it is not.
///
/// Pixel formats write two decimals, so `473.07` travels as 47307 with scale 2: three bytes instead of
/// nine, and the same double comes back, because the quotient of two exact integers rounds to the
/// double that the decimal text rounds to. The smallest scale that is exact is the only one accepted.
enum Coordinates {
    /// The scale that stands for plain floats.
    static let floatScale = 7
    /// The most decimals that are packed.
    static let decimalsMax = 6

    @inline(__always)
    static func power(_ scale: Int) -> Double {
        switch scale {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1e3
        case 4: 1e4
        case 5: 1e5
        default: 1e6
        }
    }

    /// The bound on whole numbers: exact in a double at scale 0; with decimals tighter, so that no two
    /// whole numbers over one power of ten round to the same double.
    @inline(__always)
    static func wholeMax(scale: Int) -> UInt64 { scale == 0 ? 1 << 53 : 1 << 43 }

    /// The smallest exact scale of all values.
    static func scale(_ values: some Sequence<Double>) -> Int {
        var scale = 0
        for value in values {
            while !isExact(value, scale) {
                scale += 1
                if scale > decimalsMax { return floatScale }
            }
        }
        // A value that is exact at a smaller scale may fail at a larger one; floats then.
        if scale > 0, !values.allSatisfy({ isExact($0, scale) }) { return floatScale }
        return scale
    }

    private static func isExact(_ value: Double, _ scale: Int) -> Bool {
        let whole = (value * power(scale)).rounded()
        return whole.magnitude < Double(wholeMax(scale: scale)) && whole / power(scale) == value
    }

    static func encode(_ value: Double, scale: Int, into encoder: inout CBOREncoder) {
        if scale == floatScale {
            encoder.float(value == 0 ? 0 : value)
        } else {
            encoder.integer(Int64((value * power(scale)).rounded()))
        }
    }

    /// Reads one value, noting in `tracker` what proves that the scale was the smallest.
    @inline(__always)
    static func read(
        _ reader: inout CBORReader, scale: Int, tracker: inout ScaleTracker
    ) throws(CBORError) -> Double {
        let start = reader.offset
        if scale == floatScale {
            let value = try reader.float()
            guard value.isFinite, !(value == 0 && value.sign == .minus) else {
                throw .outOfRange(offset: start, what: "a coordinate must be a finite number")
            }
            tracker.floats.append(value)
            return value
        }
        let whole = try reader.integer()
        guard whole.magnitude < wholeMax(scale: scale) else {
            throw .outOfRange(offset: start, what: "a coordinate too large for its scale")
        }
        if scale > 0, !tracker.needsScale { tracker.needsScale = whole % 10 != 0 }
        return Double(whole) / power(scale)
    }

    /// What a reader has seen of the values of one selector.
    struct ScaleTracker {
        var needsScale = false
        var floats: [Double] = []

        /// Throws unless the scale was the smallest that is exact.
        func check(scale: Int, at offset: Int) throws(CBORError) {
            if scale == 0 { return }
            let isSmallest =
                scale == floatScale
                ? Coordinates.scale(floats) == floatScale && !floats.isEmpty : needsScale
            guard isSmallest else { throw .notShortest(offset: offset) }
        }
    }
}

extension Selector {
    /// The largest encoding of one selector in bytes: what is denser goes to a blob.
    public static let bytesMax = 49_152
    /// The deepest nesting of selectors (track, targets, all).
    public static let depthMax = 3

    /// The deterministic encoding: an array whose first member is `kind << 3 | scale`.
    public var encoded: [UInt8] {
        var encoder = CBOREncoder()
        encode(into: &encoder)
        return encoder.bytes
    }

    /// Appends the deterministic encoding.
    ///
    /// It is long because each kind of selector is a case.
    public func encode(into encoder: inout CBOREncoder) {
        switch self {
        case .wholeItem: start(&encoder, count: 1)
        case .box(let box):
            withUnsafeTemporaryAllocation(of: Double.self, capacity: 4) { numbers in
                numbers[0] = box.x
                numbers[1] = box.y
                numbers[2] = box.width
                numbers[3] = box.height
                flat(numbers, &encoder)
            }
        case .rotatedBox(let box), .ellipse(let box):
            flat([box.centerX, box.centerY, box.width, box.height, box.angle], &encoder)
        case .cuboid(let cuboid): flat(cuboid.center + cuboid.size + cuboid.rotation, &encoder)
        case .polyline(let points):
            let scale = Coordinates.scale(points)
            start(&encoder, scale: scale, count: 2)
            Self.list(points, scale, &encoder)
        case .polygon(let parts): encodePolygon(parts, &encoder)
        case .keypoints(let points): encodeKeypoints(points, &encoder)
        case .mask(let mask):
            start(&encoder, count: 4)
            encoder.integer(mask.width)
            encoder.integer(mask.height)
            encoder.byteString(VariableLength.encode(mask.counts.lazy.map(UInt64.init)))
        case .blob(let sha256, let byteCount, let mediaType):
            start(&encoder, count: 4)
            encoder.byteString(sha256)
            encoder.integer(byteCount)
            encoder.text(mediaType)
        case .pointSet(let indices):
            start(&encoder, count: 2)
            encoder.byteString(VariableLength.encode(Self.steps(indices)))
        case .interval(let begin, let end, let channels):
            let scale = Coordinates.scale([begin, end])
            start(&encoder, scale: scale, count: 4)
            Coordinates.encode(begin, scale: scale, into: &encoder)
            Coordinates.encode(end, scale: scale, into: &encoder)
            Self.list(channels, &encoder)
        case .textSpan(let begin, let end, let quote):
            start(&encoder, count: 4)
            encoder.integer(begin)
            encoder.integer(end)
            if let quote { encoder.text(quote) } else { encoder.null() }
        case .cells(let rowStart, let rowEnd, let columns):
            start(&encoder, count: 4)
            encoder.integer(rowStart)
            encoder.integer(rowEnd)
            Self.list(columns, &encoder)
        case .graph(let kind, let elements):
            start(&encoder, count: 3)
            encoder.text(kind)
            Self.list(elements, &encoder)
        case .track(let frames): encodeTrack(frames, &encoder)
        case .relation(let kind, let from, let to):
            start(&encoder, count: 4)
            encoder.text(kind)
            Self.list(from, &encoder)
            Self.list(to, &encoder)
        case .preference(let groups):
            start(&encoder, count: 2)
            encoder.arrayHead(groups.count)
            for group in groups { Self.list(group, &encoder) }
        case .targets(let targets):
            start(&encoder, count: 2)
            Self.list(targets, &encoder)
        case .all(let selectors):
            start(&encoder, count: 2)
            encoder.arrayHead(selectors.count)
            for selector in selectors { selector.encode(into: &encoder) }
        }
    }

    private func start(_ encoder: inout CBOREncoder, scale: Int = 0, count: Int) {
        encoder.arrayHead(count)
        encoder.unsigned(UInt64(kind.code << 3 | scale))
    }

    private func flat(_ values: some Collection<Double>, _ encoder: inout CBOREncoder) {
        let scale = Coordinates.scale(values)
        start(&encoder, scale: scale, count: values.count + 1)
        for value in values { Coordinates.encode(value, scale: scale, into: &encoder) }
    }

    private func encodePolygon(_ parts: [[[Double]]], _ encoder: inout CBOREncoder) {
        let scale = Coordinates.scale(parts.joined().joined())
        start(&encoder, scale: scale, count: 2)
        encoder.arrayHead(parts.count)
        for part in parts {
            encoder.arrayHead(part.count)
            for ring in part { Self.list(ring, scale, &encoder) }
        }
    }

    private func encodeKeypoints(_ points: [Keypoint], _ encoder: inout CBOREncoder) {
        let flat = points.flatMap { [$0.x, $0.y] }
        let scale = Coordinates.scale(flat)
        start(&encoder, scale: scale, count: 3)
        Self.list(flat, scale, &encoder)
        encoder.byteString(points.map(\.visibility.rawValue))
    }

    private func encodeTrack(_ frames: [Keyframe], _ encoder: inout CBOREncoder) {
        let times = frames.map(\.time)
        let scale = Coordinates.scale(times)
        start(&encoder, scale: scale, count: 4)
        Self.list(times, scale, &encoder)
        encoder.arrayHead(frames.count)
        for frame in frames { frame.selector.encode(into: &encoder) }
        encoder.byteString(frames.map { $0.isOutside ? 1 : 0 })
    }

    private static func list(_ values: [Double], _ scale: Int, _ encoder: inout CBOREncoder) {
        encoder.arrayHead(values.count)
        for value in values { Coordinates.encode(value, scale: scale, into: &encoder) }
    }

    private static func list(_ texts: [String], _ encoder: inout CBOREncoder) {
        encoder.arrayHead(texts.count)
        for text in texts { encoder.text(text) }
    }

    private static func list(_ targets: [Target], _ encoder: inout CBOREncoder) {
        encoder.arrayHead(targets.count)
        for target in targets {
            encoder.arrayHead(4)
            switch target.reference {
            case .item(let key):
                encoder.unsigned(0)
                encoder.text(key)
            case .annotation(let id):
                encoder.unsigned(1)
                encoder.text(id)
            }
            encoder.text(target.role)
            target.selector.encode(into: &encoder)
        }
    }

    /// The first index, then the distance of each from the one before.
    private static func steps(_ indices: [UInt64]) -> [UInt64] {
        zip(indices, [0] + indices.dropLast()).map { $0 &- $1 }
    }
}

extension Selector.Box {
    /// The box that an encoding which was checked before stands for, without allocating; nil for any other kind, and
    /// for a box whose numbers are no decimals.
    public init?(ofEncoded bytes: UnsafeRawBufferPointer) {
        var reader = CBORReader(bytes)
        guard let count = try? reader.arrayHead(), count == 5, let code = try? reader.unsigned(),
            code >> 3 == UInt64(Selector.Kind.box.code), code & 7 <= Coordinates.decimalsMax,
            let x = try? reader.integer(), let y = try? reader.integer(),
            let width = try? reader.integer(), let height = try? reader.integer()
        else { return nil }
        let power = Coordinates.power(Int(code & 7))
        self.init(
            x: Double(x) / power, y: Double(y) / power, width: Double(width) / power,
            height: Double(height) / power)
    }
}

/// Unsigned integers in groups of seven bits, low group first, the high bit meaning "more follows".
enum VariableLength {
    static func encode(_ values: some Sequence<UInt64>) -> [UInt8] {
        var bytes: [UInt8] = []
        for value in values {
            var rest = value
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        return bytes
    }

    /// Decodes all values, or returns nil for a cut, an overlong or a too large one.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> [UInt64]? {
        var values: [UInt64] = []
        values.reserveCapacity(bytes.count)
        var value: UInt64 = 0
        var shift: UInt64 = 0
        for byte in bytes {
            let group = UInt64(byte & 0x7f)
            guard shift < 63 || (shift == 63 && group <= 1) else { return nil }
            value |= group << shift
            if byte & 0x80 != 0 {
                shift += 7
                continue
            }
            if group == 0, shift > 0 { return nil }
            values.append(value)
            (value, shift) = (0, 0)
        }
        return shift == 0 ? values : nil
    }
}
