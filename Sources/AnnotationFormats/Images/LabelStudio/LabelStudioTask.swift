import AnnotationModel
import LabelText

/// What a task shows, and which of it a region is drawn on.
///
/// Label Studio lets everybody choose the names of its data and of what shows them. `to_name` is the name of a
/// tag, which is often, not always, the name of the data too; where it is not, the data of the region's kind is
/// meant, if there is one alone.
struct LabelStudioTask {
    /// What a kind of region is drawn on.
    enum Kind: Hashable {
        case picture, stretch, text, anything
    }

    /// One member of the data.
    struct Shown {
        /// The items: one, but where the task shows a list of pages.
        var keys: [String]
        var offsets: TextOffsets?
        /// The text, where it stands in the task.
        var text: String?
        /// True for a text, in the task or in a file of its own.
        var isText = false
    }

    private enum Member {
        case files([String])
        case text(String)
    }

    let id: String
    /// The item of the text, as our own exports say it.
    private let textItem: String?
    private let members: ByteMap<Member>
    /// The names of tags by kind, where they are not the names of data.
    private var tags: [Kind: ByteSet] = [:]
    private var known: ByteMap<Shown> = [:]
    private let file: FormatFile
    private let finder: ItemFinder

    init(
        id: String, _ data: ByteMap<JSONValue>, _ regions: [JSONValue], in file: FormatFile,
        _ finder: ItemFinder
    ) {
        (self.id, self.file, self.finder) = (id, file, finder)
        textItem = data[LabelStudioSkeleton.member]?.string
        let shown = ByteSet(regions.compactMap { $0["to_name"]?.string })
        members = ByteMap(
            data.compactMap { name, value in
                if name == LabelStudioSkeleton.member { return nil }
                return Self.member(name, value, isShown: shown.contains(name)).map { (name, $0) }
            }, uniquingKeysWith: { first, _ in first })
        for region in regions {
            guard let tag = region["to_name"]?.string, members[tag] == nil else { continue }
            tags[Self.kind(region), default: []].insert(tag)
        }
    }

    private static func member(_ name: String, _ value: JSONValue, isShown: Bool) -> Member? {
        let isUsual = LabelStudioFormat.mediaMembers.contains(name)
        if let text = value.string {
            if isUsual || isAddress(text) { return .files([text]) }
            return isShown || LabelStudioFormat.textMembers.contains(name) ? .text(text) : nil
        }
        let list = (value.array ?? []).compactMap(\.string)
        let isList = !list.isEmpty && list.count == value.array?.count
        return isList && (isUsual || list.allSatisfy(isAddress)) ? .files(list) : nil
    }

    private static func isAddress(_ text: String) -> Bool {
        if text.utf8.count > ItemKey.bytesMax || text.contains(where: \.isNewline) { return false }
        if text.hasPrefix("/data/") { return true }
        if let mark = text.firstRange(of: "://") {
            return text[..<mark.lowerBound].allSatisfy { $0.isLetter || $0.isNumber }
        }
        return MediaItems.isMedia(FileTree.ending(ItemName.relative(text)))
    }

    /// What a region is drawn on.
    private static func kind(_ region: JSONValue) -> Kind {
        switch region["type"]?.string ?? "" {
        case "rectanglelabels", "rectangle", "polygonlabels", "polygon", "keypointlabels",
            "keypoint", "ellipselabels", "ellipse", "brushlabels", "brush":
            return .picture
        case "labels":
            guard let value = region["value"] else { return .anything }
            if LabelStudioRegion.isShape(value) { return .picture }
            return value["text"]?.string == nil ? .stretch : .text
        case "timeserieslabels", "videorectangle": return .stretch
        default: return .anything
        }
    }

    // MARK: Asking

    /// Whether a member of the data is shown, so that it may be an item.
    func shows(_ name: String) -> Bool { members[name] != nil }

    /// The member of the data that a region is drawn on; empty where the task shows none.
    func name(of region: JSONValue) throws(Refusal) -> String {
        if let tag = region["to_name"]?.string, members[tag] != nil { return tag }
        let kind = Self.kind(region)
        guard kind != .anything else { return primary }
        let fitting = candidates(kind)
        if fitting.count < 2 { return fitting.first ?? primary }
        let usual = fitting.filter(Self.isUsual)
        if (tags[kind]?.count ?? 0) < 2, usual.count == 1 { return usual[0] }
        throw Refusal(
            "to_name \"\((region["to_name"]?.string ?? "").prefix(40))\" is no member of the task's data, "
                + "which shows several (\(fitting.prefix(4).joined(separator: ", "))); call the data "
                + "and the tags alike")
    }

    /// What a task without regions shows.
    var primary: String {
        let names = members.keys.sortedByBytes()
        return LabelStudioFormat.mediaMembers.first { members[$0] != nil }
            ?? LabelStudioFormat.textMembers.first { members[$0] != nil } ?? names.first ?? ""
    }

    private func candidates(_ kind: Kind) -> [String] {
        let names = members.keys.sortedByBytes()
        return names.filter { name in
            switch members[name] {
            case .text?: kind == .text || kind == .stretch && !hasSound
            case .files(let list)?:
                switch (kind, Self.medium(name, list[0])) {
                case (.picture, .sound), (.picture, .text), (.stretch, .picture), (.text, .picture),
                    (.text, .sound):
                    false
                default: true
                }
            case nil: false
            }
        }
    }

    private var hasSound: Bool {
        members.contains { name, member in
            if case .files(let list) = member { return Self.medium(name, list[0]) == .sound }
            return false
        }
    }

    private static func isUsual(_ name: String) -> Bool {
        LabelStudioFormat.mediaMembers.contains(name)
            || LabelStudioFormat.textMembers.contains(name)
    }

    private enum Medium {
        case picture, sound, text, unknown
    }

    private static func medium(_ name: String, _ address: String) -> Medium {
        switch FileTree.ending(ItemName.relative(address)) {
        case "wav", "mp3", "flac", "ogg", "m4a", "aac", "mp4", "avi", "mkv", "webm", "mov", "csv",
            "tsv":
            return .sound
        case "txt", "md", "html", "htm", "xml": return .text
        case let ending where ImageHead.endings.contains(ending): return .picture
        default: break
        }
        switch name {
        case "audio", "video", "csv", "timeseries": return .sound
        case "image", "pdf", "ocr", "pcd": return .picture
        default: return LabelStudioFormat.textMembers.contains(name) ? .text : .unknown
        }
    }

    /// The items of a member of the data.
    mutating func shown(_ name: String) throws -> Shown {
        if let known = known[name] { return known }
        var made = Shown(keys: ["task/\(id)"])
        switch members[name] {
        case .text(let text)?:
            // The text that the task is about has the task's name; a second one says which it is.
            if !name.hasSameBytes(as: textName) {
                made.keys = ["task/\(id)/\(name)"]
            } else if let textItem {
                made.keys = [try finder.key(named: textItem, in: file)]
            }
            (made.text, made.offsets, made.isText) = (text, TextOffsets(text), true)
        case .files(let addresses)?:
            made.keys = try addresses.map {
                try finder.key(
                    named: LabelStudioReader.key($0), in: file, endings: ImageHead.endings)
            }
            made.isText = Self.medium(name, addresses[0]) == .text
            if made.isText, let text = try finder.fields(made.keys[0])["text"]?.text {
                made.offsets = TextOffsets(text)
            }
        case nil: break
        }
        known[name] = made
        return made
    }

    private var textName: String {
        let texts = members.filter { if case .text = $0.value { true } else { false } }.map(\.key)
        return LabelStudioFormat.textMembers.first { name in texts.contains { $0 == name } }
            ?? texts.sortedByBytes().first ?? ""
    }
}
