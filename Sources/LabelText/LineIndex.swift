/// Finds the lines of places in a text that are asked for in about the order of the text.
///
/// Each question costs the distance to the place before, so all places of a file together cost one walk through
/// it, and a place that nobody shows costs nothing.
package final class LineIndex {
    private var offset = 0
    private var line = 1
    private var lineStart = 0

    package init() {}

    /// The position of a byte.
    package func position(of offset: Int, in bytes: UnsafeRawBufferPointer) -> TextPosition {
        let target = min(max(0, offset), bytes.count)
        if target >= self.offset {
            forward(to: target, bytes)
        } else {
            back(to: target, bytes)
        }
        return TextPosition(line: line, column: target - lineStart + 1, offset: target)
    }

    private func forward(to target: Int, _ bytes: UnsafeRawBufferPointer) {
        var index = offset
        while index < target {
            if bytes[index] == UInt8(ascii: "\n") {
                line += 1
                lineStart = index + 1
            }
            index += 1
        }
        offset = target
    }

    private func back(to target: Int, _ bytes: UnsafeRawBufferPointer) {
        var index = offset
        offset = target
        while index > target {
            index -= 1
            if bytes[index] == UInt8(ascii: "\n") { line -= 1 }
        }
        guard target < lineStart else { return }
        while index > 0, bytes[index - 1] != UInt8(ascii: "\n") { index -= 1 }
        lineStart = index
    }
}
