import AnnotationModel
import LabelText

/// Writes one task an item, with an annotation for each author and a prediction for each model.
final class LabelStudioWriter {
    /// Members of a region that come back to their places.
    static let attributeMembers = ["origin", "image_rotation"]

    /// Who said the regions of one annotation or prediction.
    private struct Voice: Hashable {
        var author: String?
        /// The version of the model; nil for people.
        var model: String?
    }

    private struct Part {
        var voice: Voice
        var id: Int
        /// The regions' numbers among those of the item.
        var regions: [Int] = []
    }

    private let source: LabelSource
    private let output: any FormatOutput
    private var report = ConversionReport()
    private var numbers: ByteMap<Int> = [:]
    private var parts: ByteMap<[Part]> = [:]
    /// The last number of a task or annotation.
    private var last = 0
    private var choices = LabelStudioChoices()

    init(_ source: LabelSource, to output: any FormatOutput) {
        (self.source, self.output) = (source, output)
    }

    func write() throws -> ConversionReport {
        try output.begin("label-studio.json")
        try output.write(Array("[".utf8))
        let files = ItemFiles(format: "Label Studio", place: .element) { item, _ in
            // An address and what stands behind it are one name.
            LabelStudioReader.key(item.key)
        }
        try numberTasks()
        try choices.collect(source)
        var isFirst = true
        try files.write(source, to: ElementOutput(output), report: &report) {
            [self] label, item, number, report in
            let shared = choices.place(of: label, number)
            let id = "r\(shared?.number ?? number)"
            guard let bytes = region(label, item, id, shared?.names, &report) else { return nil }
            // All that is chosen goes into one result, with the last of it.
            let isWhole = shared?.isLast ?? true
            let part = part(of: label, item.key, isWhole ? number : nil)
            let kind = part.voice.model == nil ? "" : "prediction-"
            output.labelWritten(
                as: "\(numbers[item.key] ?? 0)/\(kind)\(part.id)/\(id)"
                    + (shared.map { "/\($0.position)" } ?? ""))
            return isWhole ? bytes : []
        } wrap: { [self] item, labels in
            if labels.isEmpty, item.fields["examined"] != .bool(true) { return nil }
            defer { (isFirst, parts[item.key]) = (false, nil) }
            return Array((isFirst ? "\n" : ",\n").utf8)
                + file(item, labels, numbers[item.key] ?? 0)
        }
        try output.write(Array("\n]\n".utf8))
        try output.end()
        return report
    }

    private func numberTasks() throws {
        // A text has no other name than its task's number, so such an item keeps it.
        try source.forEachItem { [self] item in
            guard let number = Self.number(item.key) else { return }
            numbers[item.key] = number
            last = max(last, number)
        }
        try source.forEachItem { [self] item in
            guard numbers[item.key] == nil else { return }
            last += 1
            numbers[item.key] = last
        }
    }

    /// Notes to which annotation a region belongs; nil for one that is written with a later label.
    private func part(of label: LabelRecord, _ key: String, _ number: Int?) -> Part {
        let prefix = "model:"
        let model = label.source.flatMap {
            $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil
        }
        let voice = Voice(author: label.author, model: model)
        var own = parts[key] ?? []
        defer { parts[key] = own }
        if let index = own.firstIndex(where: { $0.voice == voice }) {
            if let number { own[index].regions.append(number) }
            return own[index]
        }
        if !own.isEmpty { last += 1 }
        own.append(
            Part(
                voice: voice, id: own.isEmpty ? numbers[key] ?? 0 : last,
                regions: number.map { [$0] } ?? []))
        return own[own.count - 1]
    }

    private static func number(_ key: String) -> Int? {
        guard key.hasPrefix("task/"), let number = Int(key.dropFirst(5)), number > 0,
            number < 1 << 31, key.hasSameBytes(as: "task/\(number)")
        else { return nil }
        return number
    }

    private func file(_ item: ItemRecord, _ regions: [[UInt8]], _ id: Int) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.integer(id)
        writer.key("data")
        writer.beginObject()
        let member = Self.member(item)
        writer.key(name: member)
        let text = item.fields["text"]?.text
        writer.string(member == Self.textMember ? text ?? "" : item.key)
        if let text, member != Self.textMember {
            writer.key(name: Self.textMember)
            writer.string(text)
        }
        if text != nil, Self.number(item.key) == nil {
            writer.key(name: LabelStudioSkeleton.member)
            writer.string(item.key)
        }
        let texts = text == nil ? [] : [Self.textMember]
        let own = ByteSet([member, LabelStudioSkeleton.member] + texts)
        Self.write(
            KeptMember.members(of: item.fields, prefix: LabelStudioFormat.dataPrefix, except: own),
            to: &writer)
        writer.endObject()
        let meta = KeptMember.members(
            of: item.fields, prefix: LabelStudioFormat.metaPrefix, except: [])
        if !meta.isEmpty {
            writer.key("meta")
            writer.beginObject()
            Self.write(meta, to: &writer)
            writer.endObject()
        }
        let all = parts[item.key] ?? []
        var bytes = writer.bytes + Array(",\"annotations\":[".utf8)
        var people = all.filter { $0.voice.model == nil }
        if people.isEmpty, item.fields["examined"] == .bool(true) {
            people = [Part(voice: Voice(), id: id)]
        }
        for (index, part) in people.enumerated() {
            bytes += (index > 0 ? Array(",".utf8) : []) + Self.part(part, regions)
        }
        bytes += Array("]".utf8)
        let models = all.filter { $0.voice.model != nil }
        if !models.isEmpty { bytes += Array(",\"predictions\":[".utf8) }
        for (index, part) in models.enumerated() {
            bytes += (index > 0 ? Array(",".utf8) : []) + Self.part(part, regions)
        }
        return bytes + Array(models.isEmpty ? "}".utf8 : "]}".utf8)
    }

    private static func write(
        _ members: [(name: String, field: String, value: FieldValue)], to writer: inout JSONWriter
    ) {
        for member in members {
            writer.key(name: member.name)
            FieldValueJSON.write(member.value, to: &writer)
        }
    }

    /// An annotation or a prediction.
    private static func part(_ part: Part, _ regions: [[UInt8]]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.integer(part.id)
        let author = part.voice.author
        let number = author.flatMap { Int64($0) }.flatMap { String($0) == author ? $0 : nil }
        if let model = part.voice.model {
            writer.key("model_version")
            writer.string(model)
        } else if let number {
            writer.key("completed_by")
            writer.integer(number)
        } else if let author, author.contains("@") {
            writer.key("completed_by")
            writer.value(.object(["email": .string(author)]))
        }
        if let author, part.voice.model != nil || number == nil && !author.contains("@") {
            // Label Studio knows people by their numbers and addresses only.
            writer.key(name: LabelStudioSkeleton.member)
            writer.value(.object(["author": .string(author)]))
        }
        let own = part.regions.map { regions[$0 - 1] }
        return writer.bytes + Array(",\"result\":[".utf8) + own.joined(separator: Array(",".utf8))
            + Array("]}".utf8)
    }

    static let textMember = "text"

    static func member(_ item: ItemRecord) -> String {
        let isText = item.fields["mediaType"]?.text?.hasPrefix("text/") == true
        if item.fields["text"]?.text != nil, isText || item.key.hasPrefix("task/") {
            return textMember
        }
        return switch FileTree.ending(item.key) {
        case "wav", "mp3", "flac", "ogg", "m4a": "audio"
        case "mp4", "avi", "mkv", "webm", "mov": "video"
        case "csv", "tsv": "csv"
        default: isText ? "ocr" : "image"
        }
    }

    private func region(
        _ label: LabelRecord, _ item: ItemRecord, _ id: String, _ names: [String]?,
        _ report: inout ConversionReport
    ) -> [UInt8]? {
        var attributes = label.attributes
        guard !label.className.isEmpty else {
            report.skip("a label without class has no place in Label Studio", example: item.key)
            return nil
        }
        guard var shape = Self.shape(label, item, &attributes, &report) else { return nil }
        shape.names = names
        var writer = JSONWriter()
        write(shape, id, label, item, attributes, to: &writer)
        let names = source.classes.first { $0.name.hasSameBytes(as: label.className) }?.keypoints
        for (index, point) in shape.points.enumerated() where point.visibility != .absent {
            var child = Shape(
                type: "keypointlabels", value: Self.value(point, shape.size), list: "keypointlabels"
            )
            child.parent = .init(
                id: id, index: index, isHidden: point.visibility == .hidden)
            var record = label
            (record.className, record.confidence) = ("\(index + 1)", nil)
            if let names, names.indices.contains(index) { record.className = names[index] }
            write(child, "\(id)-\(index + 1)", record, item, [:], to: &writer)
        }
        guard !writer.hasNotFinite else {
            report.skip("a number that is not finite; correct the label", example: item.key)
            return nil
        }
        return writer.bytes
    }
}
