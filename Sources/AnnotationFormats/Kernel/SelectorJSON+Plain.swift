import AnnotationModel
import LabelText

extension SelectorJSON {
    /// Reads a box without building a tree; nil, with the scanner anywhere, for whatever needs a closer look.
    ///
    /// Most labels of large files are boxes. What is not plain is read again by ``selector(_:)``, which
    /// says what is wrong with it.
    @inline(__always)
    static func plainBox(_ scanner: inout JSONScanner) -> Selector? {
        var values = (0.0, 0.0, 0.0, 0.0)
        var seen = 0
        do throws(JSONError) {
            try scanner.beginObject()
            while try scanner.nextKey() {
                let bit: Int
                if scanner.keyIs("kind") {
                    bit = 1
                    guard try scanner.stringIs("box") else { return nil }
                } else if scanner.keyIs("x") {
                    (bit, values.0) = (2, try scanner.double())
                } else if scanner.keyIs("y") {
                    (bit, values.1) = (4, try scanner.double())
                } else if scanner.keyIs("width") {
                    (bit, values.2) = (8, try scanner.double())
                } else if scanner.keyIs("height") {
                    (bit, values.3) = (16, try scanner.double())
                } else {
                    return nil
                }
                guard seen & bit == 0 else { return nil }
                seen |= bit
            }
        } catch {
            return nil
        }
        guard seen == 31, values.2 >= 0, values.3 >= 0 else { return nil }
        return .box(.init(x: values.0, y: values.1, width: values.2, height: values.3))
    }
}
