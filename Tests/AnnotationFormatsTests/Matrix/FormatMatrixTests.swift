import AnnotationFormats
import AnnotationModel
import FormatFixtures
import LabelText
import Testing

/// Takes each format's dataset through its files, and notes what came back for `Docs/Formats.md`.
@Suite("The matrix of formats")
struct FormatMatrixTests {
    /// Formats that are read and not written.
    static let readOnly: Set<String> = ["las", "dxf"]

    private static func files(
        _ format: String, _ fixture: FormatFixture, sidecar: Bool
    ) throws -> (files: [InputFile], report: ConversionReport) {
        let output = MemoryOutput()
        let report = try FormatRegistry.format(named: format).write(
            LabelSource(items: fixture.items, annotations: fixture.labels), to: output,
            options: WriteOptions(writesSidecar: sidecar))
        var files = output.files.sorted { $0.key < $1.key }
            .map { InputFile(name: $0.key, bytes: $0.value) }
        if let bytes = output.sidecarBytes {
            files.append(InputFile(name: "out.countermark.jsonl", bytes: bytes))
        }
        return (files, report)
    }

    /// One format's line of the matrix.
    private static func row(_ format: any AnnotationFormat) throws -> JSONValue {
        let fixture = try #require(
            FormatFixture.of(format.name),
            "\(format.name) has no dataset; give it one in Tests/FormatFixtures")
        var row: ByteMap<JSONValue> = [
            "format": .string(format.name), "summary": .string(format.summary),
        ]
        if readOnly.contains(format.name) {
            let reading = try Reading(format.name, fixture.files)
            #expect(!reading.labels.isEmpty, "\(format.name) reads nothing")
            row["write"] = .bool(false)
            row["items"] = .integer(Int64(reading.items.count))
            row["labels"] = .integer(Int64(reading.labels.count))
            return .object(row)
        }
        let context = ReadContext(items: fixture.items)
        let (beside, _) = try files(format.name, fixture, sidecar: true)
        let whole = try Reading(format.name, beside, context: context)
        #expect(whole.skips.isEmpty, "\(format.name): \(whole.firstSkip)")
        let (plain, report) = try files(format.name, fixture, sidecar: false)
        let reading = try Reading(format.name, plain, context: context)
        #expect(reading.skips.isEmpty, "\(format.name): \(reading.firstSkip)")
        #expect(report.annotations > 0, "\(format.name) writes nothing of its dataset")
        #expect(reading.labels.count >= report.annotations, "\(format.name) reads fewer")
        let lossy = RoundTrip(fixture, whole).losses
        #expect(lossy == [], "\(format.name) with its sidecar")
        row["write"] = .bool(true)
        row["items"] = .integer(Int64(fixture.items.count))
        row["labels"] = .integer(Int64(fixture.labels.count))
        row["written"] = .integer(Int64(report.annotations))
        row["lossesWithSidecar"] = .array(lossy.map { .string($0) })
        row["losses"] = .array(RoundTrip(fixture, reading).losses.map { .string($0) })
        row["notes"] = .array(
            report.losses.map { loss in
                .object([
                    "why": .string(loss.why), "count": .integer(Int64(loss.count)),
                    "isSkipped": .bool(loss.isSkipped),
                ])
            })
        return .object(row)
    }

    @Test("every format of the registry comes back whole with its sidecar, and says what it loses")
    func matrix() throws {
        let parts = "\(#filePath)".components(before: "Tests")
        let output = DiskOutput(file: "/" + parts.joined(separator: "/") + "/.build/formats.jsonl")
        try output.begin("")
        for format in FormatRegistry.all {
            var writer = JSONWriter()
            writer.value(try Self.row(format))
            writer.newline()
            try output.write(writer.bytes)
        }
        try output.end()
    }
}

extension String {
    /// The components of a path before the last one of that name.
    fileprivate func components(before name: String) -> [String] {
        var parts = split(separator: "/").map(String.init)
        while let last = parts.popLast(), last != name {}
        return parts
    }
}
