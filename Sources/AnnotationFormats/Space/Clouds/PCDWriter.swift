import AnnotationModel
import LabelText

/// Writes one cloud of classes an item.
struct PCDWriter {
    /// The most points of a cloud that is written: two words each are held.
    static let pointsMax: Int64 = 1 << 28
    let output: any FormatOutput
    let isText: Bool
    private var report = ConversionReport()
    private var numberByName: ByteMap<UInt32> = [:]
    private var taken: Set<UInt32> = [0]
    private var folders: ByteSet = []

    init(output: any FormatOutput, isText: Bool) { (self.output, self.isText) = (output, isText) }

    private struct Cloud {
        var item: ItemRecord
        var points: Int
        var hasInstances = false
        var labels = 0
    }

    mutating func write(_ source: LabelSource) throws -> ConversionReport {
        var clouds: [Cloud] = []
        var indexByItem: ByteMap<Int> = [:]
        try source.forEachItem { item in
            guard FileTree.ending(item.key) == "pcd",
                case .integer(let points)? = item.fields["points"],
                (1...Self.pointsMax).contains(points)
            else { return }
            indexByItem[item.key] = clouds.count
            clouds.append(Cloud(item: item, points: Int(points)))
        }
        var names: ByteSet = []
        try source.forEachAnnotation { label in
            guard let index = check(label, indexByItem, clouds) else { return }
            names.insert(label.className)
            clouds[index].labels += 1
            if label.attributes["instance"] != nil { clouds[index].hasInstances = true }
        }
        number(names)
        leaveOut(&clouds)
        for (index, cloud) in clouds.enumerated() where cloud.labels > 0 {
            try write(cloud, index, indexByItem, clouds, source)
        }
        let named = numberByName.filter { $0.key != String($0.value) }.sorted {
            $0.value < $1.value
        }
        for folder in folders.sortedByBytes() where !named.isEmpty {
            try output.begin(FileSystem.join(folder, PCDFormat.namesFile))
            let lines = named.map { "\($0.value) \($0.key)\n" }.joined()
            try output.write(Array(lines.utf8))
            try output.end()
        }
        return report
    }

    /// Leaves out the clouds that cannot have the file name that they ask for.
    private mutating func leaveOut(_ clouds: inout [Cloud]) {
        let wanted = clouds.indices.filter { clouds[$0].labels > 0 }
        let keys = wanted.map { clouds[$0].item.key }
        var claims = NameClaims(
            areFiles: true,
            reserved: keys.map { FileSystem.join(FileSystem.parent($0), PCDFormat.namesFile) })
        let refusals = claims.decide(keys.map { .init(key: $0, name: $0) })
        for (index, why) in zip(wanted, refusals) {
            guard let why else { continue }
            report.leaveOut(clouds[index].item.key, why, labels: clouds[index].labels)
            clouds[index].labels = 0
        }
    }

    /// Classes that are called by a number keep it, the others get the next ones.
    private mutating func number(_ names: ByteSet) {
        for name in names {
            if let number = UInt32(name), number > 0, String(number) == name {
                numberByName[name] = number
                taken.insert(number)
            }
        }
        var next: UInt32 = 1
        for name in names.sortedByBytes() where numberByName[name] == nil {
            while taken.contains(next) { next += 1 }
            taken.insert(next)
            numberByName[name] = next
        }
    }

    /// The number of the cloud that a label goes into; nil, with a line in the report, for none.
    private mutating func check(
        _ label: LabelRecord, _ indexByItem: ByteMap<Int>, _ clouds: [Cloud]
    ) -> Int? {
        func skip(_ why: String) -> Int? {
            report.skip(why, example: label.item)
            return nil
        }
        if label.isRetracted { return skip("a retracted label has no place in PCD") }
        guard case .pointSet(let indices) = label.selector else {
            return skip("PCD has the classes of points; this is a \(label.selector.kindName)")
        }
        guard let index = indexByItem[label.item] else {
            return skip("the item is no .pcd, or its number of points is not known")
        }
        guard indices.allSatisfy({ $0 < UInt64(clouds[index].points) }) else {
            return skip("a point beyond the end of the cloud")
        }
        let name = label.className
        guard !name.isEmpty, XMLTree.trim(name) == name, !name.contains(where: \.isNewline) else {
            return skip(
                "a class without a name, or one of several lines, cannot stand in labels.txt")
        }
        return index
    }

    private mutating func write(
        _ cloud: Cloud, _ index: Int, _ indexByItem: ByteMap<Int>, _ clouds: [Cloud],
        _ source: LabelSource
    ) throws {
        var classes = [UInt32](repeating: 0, count: cloud.points)
        var instances = [UInt32](repeating: 0, count: cloud.hasInstances ? cloud.points : 0)
        let stem = FileTree.stem(cloud.item.key)
        var parts: [PointClasses.Key: Int] = [:]
        // What was refused in the first round was counted there.
        let kept = report
        try source.forEachAnnotation { label in
            guard label.item.hasSameBytes(as: cloud.item.key),
                check(label, indexByItem, clouds) == index,
                case .pointSet(let indices) = label.selector,
                let number = numberByName[label.className]
            else { return }
            let instance = label.attributes["instance"]?.number.flatMap { UInt32(exactly: $0) }
            var overlaps = false
            for point in indices {
                let place = Int(point)
                if classes[place] != 0 {
                    overlaps = true
                } else {
                    classes[place] = number
                    if let instance { instances[place] = instance }
                }
            }
            losses.append((overlaps, label))
            let key = PointClasses.Key(
                number: UInt64(number), instance: instance.map { UInt64($0) })
            parts[key, default: 0] += 1
            output.labelWritten(
                as: PointClasses.externalID(
                    stem, label.className, key.instance, part: parts[key] ?? 1))
        }
        report = kept
        for (overlaps, label) in losses {
            if overlaps {
                report.lose(
                    "a point has one class in PCD; the label that came first has it",
                    example: label.item)
            }
            let known = label.attributes.keys.allSatisfy { $0 == "instance" }
            if !known || label.confidence != nil {
                report.lose("attributes and confidence have no place in PCD", example: label.item)
            }
        }
        report.annotations += losses.count
        report.items += 1
        losses = []
        folders.insert(FileSystem.parent(cloud.item.key))
        try output.begin(cloud.item.key)
        try write(cloud, classes, instances)
        try output.end()
    }

    private var losses: [(Bool, LabelRecord)] = []

    private func write(_ cloud: Cloud, _ classes: [UInt32], _ instances: [UInt32]) throws {
        let hasInstances = cloud.hasInstances
        let repeated = { (word: String) in hasInstances ? "\(word) \(word)" : word }
        var (width, height) = (cloud.points, 1)
        if let size = cloud.item.pixelSize, size.width * size.height == Double(cloud.points) {
            (width, height) = (Int(size.width), Int(size.height))
        }
        var buffer = BufferedText(output)
        try buffer.append(
            """
            # .PCD v0.7 - Point Cloud Data file format
            VERSION 0.7
            FIELDS label\(hasInstances ? " instance" : "")
            SIZE \(repeated("4"))
            TYPE \(repeated("U"))
            COUNT \(repeated("1"))
            WIDTH \(width)
            HEIGHT \(height)
            VIEWPOINT 0 0 0 1 0 0 0
            POINTS \(cloud.points)
            DATA \(isText ? "ascii" : "binary")

            """)
        for index in classes.indices {
            if isText {
                try buffer.append(
                    hasInstances
                        ? "\(classes[index]) \(instances[index])\n" : "\(classes[index])\n")
            } else {
                try buffer.append(Self.word(classes[index]))
                if hasInstances { try buffer.append(Self.word(instances[index])) }
            }
        }
        try buffer.flush()
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }
}
