import AnnotationModel
import LabelText

/// Runs a format: what is the same for all of them is done here, and a format knows no more than its own syntax.
///
/// Reading: polygons that a format says belong together become one label. Writing: the classes get one
/// order, what a polygon loses is decided by the profile, and an item without labels is written where the format
/// has a place for it, or reported.
struct FormatEngine: FormatAround {
    let base: any AnnotationFormat

    init(_ base: any AnnotationFormat) { self.base = base }

    func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let profile = profile
        var unclassed = 0
        if profile.isLossless {
            try base.read(files, context: context) { event in
                if case .annotation(let label) = event, label.className.isEmpty { unclassed += 1 }
                try sink(event)
            }
            return try note(unclassed: unclassed, into: sink)
        }
        var names = PlainNames()
        let (isClassed, areTexts) = (profile.isClassed, profile.attributesAreTexts)
        func own(_ event: FormatEvent) throws {
            guard case .annotation(var label) = event else { return try sink(event) }
            names.clean(&label)
            if isClassed {
                if label.className.isEmpty { unclassed += 1 }
                if areTexts, !label.attributes.isEmpty {
                    ObjectAttribute.restore(&label.attributes)
                }
            }
            try sink(.annotation(label))
        }
        if case .grouped(let attribute) = profile.parts {
            var joiner = PartJoiner(attribute: attribute)
            try base.read(files, context: context) { try joiner.pass($0, into: own) }
            try joiner.finish(into: own)
        } else {
            try base.read(files, context: context, into: own)
        }
        if let why = names.note { try sink(.note(where: "names", why: why)) }
        try note(unclassed: unclassed, into: sink)
    }

    private func note(unclassed: Int, into sink: (FormatEvent) throws -> Void) throws {
        guard unclassed > 0 else { return }
        try sink(
            .note(
                where: "classes",
                why: "\(unclassed) labels have no class in the files; \"-\" stands for it"))
    }

    func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        let profile = profile
        if profile.isLossless {
            return try base.write(source, to: output, options: options)
        }
        let survey = try WriteSurvey(source, profile)
        var own = ConversionReport()
        var origins = UnsaidOrigins(profile)
        var group = survey.lastGroup
        let prepared = LabelSource(
            classes: survey.classes.records,
            forEachItem: { body in
                try source.forEachItem { item in
                    guard survey.isWanted(item) else { return }
                    var item = item
                    if item.fields[ClassTable.field] != nil {
                        item.fields = item.fields.filter { !ClassTable.isField($0.key) }
                    }
                    try body(item)
                }
            },
            forEachAnnotation: { body in
                // A format may ask for the labels several times; the losses are those of one pass.
                (own, group) = (ConversionReport(), survey.lastGroup)
                origins = UnsaidOrigins(profile)
                try source.forEachAnnotation { label in
                    origins.count(label)
                    try PartSplitter.split(
                        label, profile.parts, keepsHoles: profile.keepsHoles, survey, &group, &own,
                        body)
                }
            })
        let named = NamedOutput(output)
        var report = try base.write(prepared, to: named, options: options)
        report.add(own)
        named.add(to: &report)
        origins.add(to: &report, format: base.name)
        survey.add(to: &report, format: base.name)
        return report
    }
}

/// Who made labels, where a format has no place for it.
private struct UnsaidOrigins {
    private let profile: FormatProfile
    private var authors: (count: Int, example: String) = (0, "")
    private var models: (count: Int, example: String) = (0, "")

    init(_ profile: FormatProfile) { self.profile = profile }

    mutating func count(_ label: LabelRecord) {
        if label.isRetracted { return }
        if !profile.keepsAuthor, label.author != nil {
            authors = (authors.count + 1, authors.count == 0 ? label.item : authors.example)
        }
        if !profile.keepsModel, label.source?.hasPrefix("model:") == true {
            models = (models.count + 1, models.count == 0 ? label.item : models.example)
        }
    }

    /// Adds what the format has not said itself.
    func add(to report: inout ConversionReport, format: String) {
        if authors.count > 0, !report.losses.contains(where: { $0.why.contains("author") }) {
            report.lose(
                "the author has no place in \(format)", example: authors.example,
                count: authors.count)
        }
        if models.count > 0 {
            report.lose(
                "that a model made a label has no place in \(format)", example: models.example,
                count: models.count)
        }
    }
}

/// What has to be known of a label set before it is written.
struct WriteSurvey {
    private(set) var classes: ClassTable
    /// The last number of a group that a label has.
    private(set) var lastGroup: Int64 = 0
    private let profile: FormatProfile
    private var labelled: ByteSet = []
    /// The sizes of items with polygons of several parts or with holes.
    private(set) var sizes: ByteMap<(width: Double, height: Double)> = [:]
    /// True if the format has bitmaps, which can say what polygons of one ring cannot.
    var hasBitmaps: Bool { profile.shapes[.mask] == .kept }
    private var unlisted = 0
    private var unsaid: [String] = []
    private var unsaidCount = 0
    private var omitted = 0

    init(_ source: LabelSource, _ profile: FormatProfile) throws {
        self.profile = profile
        classes = ClassTable(source.classes)
        var examined = 0
        try source.forEachItem { item in
            classes.add(listIn: item.fields)
            if item.fields["examined"] == .bool(true) { examined += 1 }
        }
        let needsItems =
            profile.emptyItems == .listed || profile.emptyItems == .unsaid && examined > 0
        try readLabels(source, needsItems: needsItems)
        if !needsItems, sizes.isEmpty { return }
        var (unsaid, unsaidCount, omitted) = ([String](), 0, 0)
        try source.forEachItem { item in
            if sizes[item.key] != nil { sizes[item.key] = item.pixelSize ?? (0, 0) }
            guard needsItems, !labelled.contains(item.key) else { return }
            if item.fields["examined"] != .bool(true) {
                if profile.emptyItems == .listed { omitted += 1 }
            } else if profile.emptyItems == .unsaid {
                unsaidCount += 1
                if unsaid.count < ConversionReport.examplesMax { unsaid.append(item.key) }
            }
        }
        (self.unsaid, self.unsaidCount, self.omitted) = (unsaid, unsaidCount, omitted)
    }

    private mutating func readLabels(_ source: LabelSource, needsItems: Bool) throws {
        var group: String?
        if case .grouped(let attribute) = profile.parts { group = attribute }
        guard needsItems || profile.classes != .none || profile.parts != .kept else { return }
        var names: ByteSet = []
        var (labelled, lastGroup) = (labelled, lastGroup)
        var sizes = sizes
        let known = classes
        let needsSizes = profile.parts != .kept
        var last = ""
        try source.forEachBrief { label, whole in
            if label.isRetracted { return }
            // Labels of one item mostly follow each other.
            if needsItems, !last.hasSameBytes(as: label.item) {
                labelled.insert(label.item)
                last = label.item
            }
            if !known.contains(label.className), !names.contains(label.className),
                try label.className != "-" || !Self.isCaption(whole())
            {
                names.insert(label.className)
            }
            if let group, case .integer(let number)? = try whole().attributes[group] {
                lastGroup = max(lastGroup, number)
            }
            if needsSizes, label.kind == .polygon, case .polygon(let parts) = try whole().selector,
                parts.count > 1 || parts.contains(where: { $0.count > 1 })
            {
                sizes[label.item] = (0, 0)
            }
        }
        (self.labelled, self.lastGroup, self.sizes) = (labelled, lastGroup, sizes)
        guard profile.classes != .none else { return }
        for name in names.sortedByBytes() where !name.isEmpty {
            classes.add(ClassRecord(name: name))
            unlisted += 1
        }
    }

    /// A caption has no class.
    static func isCaption(_ label: LabelRecord) -> Bool {
        guard label.className == "-" else { return false }
        if case .wholeItem = label.selector, label.attributes["caption"] != nil { return true }
        return label.attributes["coco.caption"] != nil
    }

    /// Whether an item has a place in the files.
    func isWanted(_ item: ItemRecord) -> Bool {
        profile.emptyItems != .listed || item.fields["examined"] == .bool(true)
            || labelled.contains(item.key)
    }

    /// Adds what the survey found.
    func add(to report: inout ConversionReport, format: String) {
        if unsaidCount > 0 {
            report.skip(
                "an examined item without labels has no place in \(format); jsonl and a sidecar keep it",
                example: unsaid.first ?? "", count: unsaidCount)
            for key in unsaid.dropFirst() {
                report.skip(
                    "an examined item without labels has no place in \(format); jsonl and a sidecar keep it",
                    example: key, count: 0)
            }
        }
        if omitted > 0 {
            report.note(
                "\(omitted) items that nobody has labelled or examined are not listed: a reader would "
                    + "take them for empty")
        }
        if profile.classes != .none,
            let note = classes.numbersNote(areWritten: profile.classes == .numbers)
        {
            report.note(note)
        }
        if unlisted > 0 {
            report.note(
                "\(unlisted) classes stand in no list; they follow the listed ones by their names, on "
                    + "every node alike")
        }
    }
}
