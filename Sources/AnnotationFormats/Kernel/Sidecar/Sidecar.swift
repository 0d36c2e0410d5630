import AnnotationModel
import LabelText

/// The file beside an export that keeps what the format cannot carry.
///
/// One JSON object a line: `{"record": …}` with a class, item or label as ``JSONLinesFormat`` writes it; a
/// label that the format took has a `place` besides, the external id by which a reading of the export
/// knows it. A first line `{"base": {"dataset", "heads"}}` says how much of each log the export was made
/// of, and, where labels were left out, which `classes`, `authors` and `org` were written; beside a file
/// of a format that loses nothing that line stands alone. The last lines are `{"file": {"path", "bytes",
/// "fnv1a"}}`, one for each exported file, so that a file which was edited since is noticed. The hash
/// finds accidents, it is no proof against malice.
enum Sidecar {
    /// What a sidecar's name ends in.
    static let ending = ".countermark.jsonl"

    /// A file as it was when the sidecar was written.
    struct Fingerprint: Hashable {
        var bytes = 0
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325

        /// FNV-1a over 64 bits.
        mutating func add(_ more: some Sequence<UInt8>) {
            for byte in more {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
                bytes += 1
            }
        }

        static func of(_ bytes: some Sequence<UInt8>) -> Fingerprint {
            var fingerprint = Fingerprint()
            fingerprint.add(bytes)
            return fingerprint
        }

        var text: String { String(hash, radix: 16) }
    }
}

/// A format that looks for a sidecar when it reads, and writes one when asked to.
struct SidecarFormat: FormatAround {
    let base: any AnnotationFormat

    init(_ base: any AnnotationFormat) { self.base = base }

    func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let files = try FileRepeats.once(
            files, areItemsInside: base.profile.isLossless, into: sink)
        for file in files { try Self.refuseArchive(file) }
        let (labels, sidecars) = parted(files)
        guard !sidecars.isEmpty else {
            return try base.read(files, context: context, into: sink)
        }
        try open(sidecars[...], []) { opened in
            var restoration = try Restoration(opened, files: labels, context: context)
            try restoration.begin(into: sink)
            try base.read(labels, context: restoration.readContext) { event in
                try restoration.pass(event, into: sink)
            }
            try restoration.finish(into: sink)
        }
    }

    /// Throws for a file that other programs hand out packed: what is wrong inside is no help.
    private static func refuseArchive(_ file: InputFile) throws {
        guard file.isOnDisk, FileStatus(followed: file.name)?.isFile == true else { return }
        let kind: String? = try file.withBytes { bytes in
            if bytes.starts(with: Array("PK\u{3}\u{4}".utf8)) { return "a zip archive" }
            return bytes.starts(with: [0x1f, 0x8b]) ? "a file that gzip compressed" : nil
        }
        guard let kind else { return }
        throw FormatError.structure(
            file: file.name, path: "", why: "is \(kind); unpack it, and give what is in it")
    }

    func mayNameEntries(_ files: [InputFile]) throws -> Bool {
        try !parted(files).sidecars.isEmpty || base.mayNameEntries(files)
    }

    /// The files, and the sidecars among and beside them, each with the path of the file beside which it lies.
    private func parted(
        _ files: [InputFile]
    ) -> (labels: [InputFile], sidecars: [(sidecar: InputFile, root: String?)]) {
        let isSidecar = { (file: InputFile) in file.name.hasSuffix(Sidecar.ending) }
        let labels = files.filter { !isSidecar($0) }
        var sidecars = files.filter(isSidecar).map { (sidecar: $0, root: String?.none) }
        for file in labels where file.isOnDisk {
            var name = file.name
            while name.count > 1, name.hasSuffix("/") { name.removeLast() }
            let beside = name + Sidecar.ending
            if FileSystem.exists(beside),
                !sidecars.contains(where: { $0.sidecar.name.hasSameBytes(as: beside) })
            {
                sidecars.append((InputFile(path: beside), name))
            }
        }
        return (labels, sidecars)
    }

    private func open(
        _ rest: ArraySlice<(sidecar: InputFile, root: String?)>, _ opened: [Restoration.Source],
        _ body: ([Restoration.Source]) throws -> Void
    ) throws {
        guard let (file, root) = rest.first else { return try body(opened) }
        try file.withBytes { bytes in
            let source = Restoration.Source(bytes: bytes, name: file.name, root: root)
            try open(rest.dropFirst(), opened + [source], body)
        }
    }

    func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        // Formats of our own carry everything but what was left out, so there is nothing to keep beside them but that.
        guard options.writesSidecar,
            !base.profile.isLossless || options.base?.isPart == true,
            let side = output.sidecar()
        else {
            var report = try base.write(source, to: output, options: options)
            if let removed = try output.removeSidecar() {
                report.note("\(removed) was removed: it spoke of the export that was here before")
            }
            return report
        }
        if base.profile.isLossless {
            let report = try base.write(source, to: output, options: options)
            var buffer = BufferedJSON(side)
            try side.begin("sidecar" + Sidecar.ending)
            if let base = options.base { write(base, to: &buffer.writer) }
            try buffer.flush()
            try side.end()
            return report
        }
        let recorder = RecordingOutput(output)
        let counted = LabelSource(
            classes: source.classes, forEachItem: source.forEachItem,
            forEachAnnotation: { body in
                recorder.ordinal = -1
                try source.forEachAnnotation { label in
                    recorder.ordinal += 1
                    try body(label)
                }
            }, forEachBrief: source.forEachBrief)
        let report = try base.write(counted, to: recorder, options: options)
        try writeSidecar(source, recorder, to: side, options)
        return report
    }

    private func write(_ base: ExportBase, to writer: inout JSONWriter) {
        let heads = ByteMap<JSONValue>(
            base.heads.map { ($0.key, .integer(Int64(clamping: $0.value))) },
            uniquingKeysWith: { old, _ in old })
        var members: ByteMap<JSONValue> = [
            "dataset": .string(base.dataset), "heads": .object(heads),
        ]
        for (name, part) in [("classes", base.classes), ("authors", base.authors)]
        where !part.isEmpty {
            members[name] = .array(part.sortedByBytes().map { .string($0) })
        }
        members["org"] = base.org.map { .string($0) }
        writer.value(.object(["base": .object(members)]))
        writer.newline()
    }

    private func writeSidecar(
        _ source: LabelSource, _ recorder: RecordingOutput, to side: any FormatOutput,
        _ options: WriteOptions
    ) throws {
        var buffer = BufferedJSON(side)
        try side.begin("sidecar" + Sidecar.ending)
        func line(_ place: String?, _ record: (inout JSONWriter) -> Void) throws {
            // The record ends its own line, so it is taken apart from the object around it.
            var inner = JSONWriter()
            record(&inner)
            buffer.writer.beginObject()
            if let place {
                buffer.writer.key("place")
                buffer.writer.string(place)
            }
            buffer.writer.key("record")
            buffer.writer.value(try JSONValue(parsing: inner.bytes))
            buffer.writer.endObject()
            buffer.writer.newline()
            try buffer.flushIfLarge()
        }
        if let base = options.base { write(base, to: &buffer.writer) }
        for record in source.classes { try line(nil) { JSONLinesFormat.write(record, to: &$0) } }
        try source.forEachItem { item in
            try line(nil) { JSONLinesFormat.write(item, to: &$0) }
        }
        var ordinal = -1
        try source.forEachAnnotation { label in
            ordinal += 1
            try line(recorder.places[ordinal]) {
                JSONLinesFormat.write(label, options: WriteOptions(), to: &$0)
            }
        }
        for (path, fingerprint) in recorder.files.sortedByKey() {
            buffer.writer.value(
                .object([
                    "file": .object([
                        "path": .string(path), "bytes": .integer(Int64(fingerprint.bytes)),
                        "fnv1a": .string(fingerprint.text),
                    ])
                ]))
            buffer.writer.newline()
        }
        try buffer.flush()
        try side.end()
    }
}

/// Passes an export through, and notes which label went where.
///
/// It holds one external id a label, because a format may ask for the labels more than once.
private final class RecordingOutput: FormatOutput {
    private let base: any FormatOutput
    /// The number of the label that the source handed over last.
    var ordinal = -1
    private(set) var places: [Int: String] = [:]
    private(set) var files: ByteMap<Sidecar.Fingerprint> = [:]
    private var current = ""

    init(_ base: any FormatOutput) { self.base = base }

    func begin(_ path: String) throws {
        current = path
        files[path] = Sidecar.Fingerprint()
        try base.begin(path)
    }

    func write(_ bytes: [UInt8]) throws {
        files[current, default: .init()].add(bytes)
        try base.write(bytes)
    }

    func end() throws { try base.end() }
    /// Of an object that is written in parts the first stands for all: a reader joins them there.
    func labelWritten(as externalID: String) {
        if places[ordinal] == nil { places[ordinal] = externalID }
    }
}
