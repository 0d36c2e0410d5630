/// Counts the files of an export that other systems cannot keep under their names.
///
/// Windows and macOS take two names for one that differ in case alone, and Windows reserves some. One company's file
/// would there take the place of another's.
final class NamedOutput: FormatOutput {
    private let output: any FormatOutput
    /// Hashes of names without their case: there may be millions.
    private var folded: Set<Int> = []
    private var alike = (count: 0, first: "")
    private var unfit = (count: 0, first: "")

    init(_ output: any FormatOutput) { self.output = output }

    func begin(_ path: String) throws {
        // Upper case first: two small letters may have one capital.
        if !folded.insert(path.uppercased().lowercased().hashValue).inserted {
            if alike.count == 0 { alike.first = path }
            alike.count += 1
        }
        if path.split(separator: "/").contains(where: Self.isUnfit) {
            if unfit.count == 0 { unfit.first = path }
            unfit.count += 1
        }
        try output.begin(path)
    }

    func write(_ bytes: [UInt8]) throws { try output.write(bytes) }

    func end() throws { try output.end() }

    func labelWritten(as externalID: String) { output.labelWritten(as: externalID) }

    func sidecar() -> (any FormatOutput)? { output.sidecar() }

    func removeSidecar() throws -> String? { try output.removeSidecar() }

    private static let reserved: Set<String> = Set(
        ["CON", "PRN", "AUX", "NUL"] + (1...9).flatMap { ["COM\($0)", "LPT\($0)"] })

    /// True for a part of a path that Windows takes for a device or cannot write.
    private static func isUnfit(_ name: Substring) -> Bool {
        if name.hasSuffix(" ") || name.hasSuffix(".") { return true }
        if name.utf8.contains(where: { "<>:\"|?*\\".utf8.contains($0) }) { return true }
        // Most names are longer than a device's.
        guard let stem = name.split(separator: ".").first, stem.utf8.count <= 4 else {
            return false
        }
        return reserved.contains(stem.uppercased())
    }

    /// Says what was met.
    func add(to report: inout ConversionReport) {
        if alike.count > 0 {
            report.note(
                "\(alike.count) files have a name that another one has in another case, the first "
                    + "\"\(alike.first)\": unpack them on Linux, Windows and macOS keep one of the two"
            )
        }
        if unfit.count > 0 {
            report.note(
                "\(unfit.count) files have a name that Windows cannot keep, the first \"\(unfit.first)\""
            )
        }
    }
}
