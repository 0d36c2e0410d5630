/// What many labels have in common, which stands once for all of them.
package struct LabelWords: Sendable {
    package var className, classAsWritten, selectorKind, status: String
    package var isContested = false
    package var stageClassify, stageMark, stageQuality: String?
    package var org: String
    package var signer, source, author: String?

    package init(
        className: String, classAsWritten: String, selectorKind: String, status: String,
        org: String
    ) {
        (self.className, self.classAsWritten) = (className, classAsWritten)
        (self.selectorKind, self.status, self.org) = (selectorKind, status, org)
    }

    /// The columns that are texts, in the order of the statement that puts them.
    var columns: [String?] {
        [
            className, classAsWritten, selectorKind, status, stageClassify, stageMark,
            stageQuality, org, signer, source, author,
        ].map { $0.map(Self.clean) }
    }

    /// How many of them there are.
    static let textColumns = 11

    /// PostgreSQL's text holds no U+0000.
    private static func clean(_ text: String) -> String {
        text.utf8.contains(0) ? text.replacing("\0", with: "\u{fffd}") : text
    }

    /// What labels call them by: the first eight bytes of a SHA-256 of the rows' number and of all columns.
    ///
    /// The number is random and known to nobody outside of the company, so nobody can look for words that have the
    /// same; that some of *n* have it by chance is as likely as *n*² in 2⁶⁵.
    package func id(in rows: Int64) -> Int64 {
        var bytes: [UInt8] = []
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        append(rows)
        bytes.append(isContested ? 1 : 0)
        for column in columns {
            append(Int32(column?.utf8.count ?? -1))
            bytes.append(contentsOf: (column ?? "").utf8)
        }
        return CopyRows.hash(bytes)
    }

    /// What they take in memory, about.
    package var byteCount: Int { columns.reduce(100) { $0 + ($1?.utf8.count ?? 0) } }
}
