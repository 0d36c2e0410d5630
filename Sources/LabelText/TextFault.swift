/// Why a text is malformed, or no text, and on which line of which file.
package struct TextFault: Error, Equatable {
    package var file: String
    package var line: Int
    package var why: String
    /// True for text in another encoding than UTF-8, or none.
    package var isEncoding: Bool

    package init(file: String, line: Int, why: String, isEncoding: Bool = false) {
        (self.file, self.line, self.why, self.isEncoding) = (file, line, why, isEncoding)
    }

    /// Refuses UTF-16 and UTF-32, which would otherwise look like garbage in some line.
    package static func refuseWideText(
        _ bytes: UnsafeRawBufferPointer, file: String
    ) throws(TextFault) {
        let isWide =
            bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff])
            || bytes.prefix(4).contains(0)
        if isWide {
            throw TextFault(
                file: file, line: 1, why: "the file is UTF-16 or binary; save it as UTF-8 text",
                isEncoding: true)
        }
    }
}
