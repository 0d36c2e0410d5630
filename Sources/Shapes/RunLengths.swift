import AnnotationModel

/// Bitmaps as runs down the columns, zeros first, in COCO's two spellings, and what is computed from them.
package enum RunLengths {
    /// The widest and highest bitmap in pixels.
    package static let sideMax: Int64 = 1 << 20

    /// Why runs describe no bitmap.
    package struct Problem: Error, Equatable {
        package let why: String
    }

    /// A bitmap from runs as a file holds them; runs of no length inside are merged away.
    package static func mask(height: Int64, width: Int64, runs: [Int64]) throws(Problem)
        -> Selector.Mask
    {
        guard (0...sideMax).contains(height), (0...sideMax).contains(width),
            height * width <= Int64(UInt32.max)
        else {
            throw Problem(
                why: "a size of \(height) x \(width) pixels; at most \(sideMax) a side and "
                    + "\(UInt32.max) in all")
        }
        let area = height * width
        var counts: [UInt32] = []
        counts.reserveCapacity(runs.count)
        var total: Int64 = 0
        var isOnes = false
        for run in runs {
            guard run >= 0, run <= area else {
                throw Problem(why: "a run of \(run) pixels in a bitmap of \(area)")
            }
            total += run
            guard total <= area else { break }
            append(run, isOnes: isOnes, to: &counts)
            isOnes.toggle()
        }
        guard total == area else {
            throw Problem(
                why: "the runs add up to \(total) pixels, the size \(height) x \(width) to \(area)")
        }
        return Selector.Mask(width: Int(width), height: Int(height), counts: counts)
    }

    /// Calls `body` with each stretch of ones, column by column.
    package static func forEachStretch(
        of mask: Selector.Mask, _ body: (_ column: Int, _ rows: Range<Int>) -> Void
    ) {
        var position = 0
        for (index, count) in mask.counts.enumerated() {
            let end = position + Int(count)
            if index % 2 == 1 {
                var (column, row) = position.quotientAndRemainder(dividingBy: max(1, mask.height))
                while position < end {
                    let rows = min(mask.height - row, end - position)
                    body(column, row..<row + rows)
                    position += rows
                    (column, row) = (column + 1, 0)
                }
            }
            position = end
        }
    }

    /// Appends a run; a run of no length joins its neighbours, but the first may have none.
    private static func append(_ run: Int64, isOnes: Bool, to counts: inout [UInt32]) {
        if counts.isEmpty {
            if isOnes { counts.append(0) }
            if isOnes || run > 0 { counts.append(UInt32(run)) }
            return
        }
        if run == 0 { return }
        let lastIsOnes = counts.count % 2 == 0
        if lastIsOnes == isOnes {
            counts[counts.count - 1] += UInt32(run)
        } else {
            counts.append(UInt32(run))
        }
    }

    /// The runs of the compressed spelling in a text.
    package static func decompress(text: String) throws(Problem) -> [Int64] {
        let result: Result<[Int64], Problem> = Array(text.utf8).withUnsafeBytes { bytes in
            do throws(Problem) {
                return .success(try decompress(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The runs of the compressed spelling: groups of five bits, low group first, a sixth bit for "more
    /// follows", plus 48; from the fourth run on, the difference to the run two places before.
    package static func decompress(_ text: UnsafeRawBufferPointer) throws(Problem) -> [Int64] {
        var runs: [Int64] = []
        var value: Int64 = 0
        var shift: Int64 = 0
        for byte in text {
            guard (48..<112).contains(byte) else {
                throw Problem(why: "the compressed runs hold a character that stands for nothing")
            }
            // Seven groups reach 35 bits, more than any run needs.
            guard shift <= 30 else { throw Problem(why: "a compressed run is too long") }
            let group = Int64(byte - 48)
            value |= (group & 0x1f) << shift
            shift += 5
            if group & 0x20 != 0 { continue }
            if group & 0x10 != 0 { value |= -1 << shift }
            if runs.count > 2 { value += runs[runs.count - 2] }
            runs.append(value)
            (value, shift) = (0, 0)
        }
        guard shift == 0 else { throw Problem(why: "the compressed runs end inside a number") }
        return runs
    }

    /// The compressed spelling.
    package static func compress(_ counts: [UInt32]) -> String {
        var text: [UInt8] = []
        for (index, count) in counts.enumerated() {
            var value = Int64(count) - (index > 2 ? Int64(counts[index - 2]) : 0)
            while true {
                var group = value & 0x1f
                value >>= 5
                let isLast = group & 0x10 != 0 ? value == -1 : value == 0
                if !isLast { group |= 0x20 }
                text.append(UInt8(group + 48))
                if isLast { break }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The number of ones.
    package static func area(_ mask: Selector.Mask) -> Int {
        var area = 0
        for index in stride(from: 1, to: mask.counts.count, by: 2) {
            area += Int(mask.counts[index])
        }
        return area
    }

    /// The smallest box around the ones; an empty one at the origin where there are none.
    package static func bounds(_ mask: Selector.Mask) -> Selector.Box {
        guard mask.height > 0 else { return .init(x: 0, y: 0, width: 0, height: 0) }
        var (left, right, top, bottom) = (Int.max, -1, Int.max, -1)
        var position = 0
        for (index, count) in mask.counts.enumerated() {
            let (start, end) = (position, position + Int(count))
            position = end
            if index % 2 == 0 || start == end { continue }
            let (firstColumn, lastColumn) = (start / mask.height, (end - 1) / mask.height)
            left = min(left, firstColumn)
            right = max(right, lastColumn)
            if firstColumn == lastColumn {
                top = min(top, start % mask.height)
                bottom = max(bottom, (end - 1) % mask.height)
            } else {
                (top, bottom) = (0, mask.height - 1)
            }
        }
        guard right >= 0 else { return .init(x: 0, y: 0, width: 0, height: 0) }
        return .init(
            x: Double(left), y: Double(top), width: Double(right - left + 1),
            height: Double(bottom - top + 1))
    }

    /// The pixels of an image whose centres lie inside a polygon with holes.
    package static func raster(_ parts: [[[Double]]], width: Int, height: Int) -> Selector.Mask {
        var runs: [Int64] = []
        var position: Int64 = 0
        for column in 0..<width {
            var spans: [(start: Int, end: Int)] = []
            for part in parts {
                spans += Self.spans(part, at: Double(column) + 0.5, height: height)
            }
            spans.sort { $0.start < $1.start }
            let base = Int64(column) * Int64(height)
            for span in spans {
                let end = base + Int64(span.end)
                let start = max(base + Int64(span.start), position)
                if start >= end { continue }
                runs.append(start - position)
                runs.append(end - start)
                position = end
            }
        }
        runs.append(Int64(width) * Int64(height) - position)
        var counts: [UInt32] = []
        for (index, run) in runs.enumerated() { append(run, isOnes: index % 2 == 1, to: &counts) }
        return .init(width: width, height: height, counts: counts)
    }

    /// Where a vertical line through pixel centres is inside one part, as half-open rows.
    private static func spans(
        _ rings: [[Double]], at x: Double, height: Int
    ) -> [(start: Int, end: Int)] {
        var crossings: [Double] = []
        for ring in rings {
            for index in stride(from: 0, to: ring.count, by: 2) {
                let next = index + 2 == ring.count ? 0 : index + 2
                let (x1, y1, x2, y2) = (ring[index], ring[index + 1], ring[next], ring[next + 1])
                guard (x1 <= x) != (x2 <= x) else { continue }
                crossings.append(y1 + (x - x1) * (y2 - y1) / (x2 - x1))
            }
        }
        crossings.sort()
        func row(_ y: Double) -> Int {
            // Edges of astronomic length may cross nowhere that a double can name.
            y.isNaN ? 0 : Int(min(max((y - 0.5).rounded(.up), 0), Double(height)))
        }
        return stride(from: 0, to: crossings.count - 1, by: 2).compactMap { index in
            let (start, end) = (row(crossings[index]), row(crossings[index + 1]))
            return start < end ? (start, end) : nil
        }
    }
}
