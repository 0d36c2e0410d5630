/// Turns the files of single items into the elements of one file.
final class ElementOutput: FormatOutput {
    private let base: any FormatOutput
    init(_ base: any FormatOutput) { self.base = base }
    func begin(_ path: String) {}
    func write(_ bytes: [UInt8]) throws { try base.write(bytes) }
    func end() {}
}
