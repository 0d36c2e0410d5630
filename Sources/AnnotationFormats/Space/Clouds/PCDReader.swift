import AnnotationModel
import LabelText

/// Reads the classes of one cloud.
struct PCDReader {
    let bytes: UnsafeRawBufferPointer
    let file: FormatFile
    let item: String
    let names: [UInt64: String]

    /// Reads header and points; long, since each way in which the points are stored is a case.
    func read(into sink: EventSink) throws {
        let header = try PCDHeader(bytes, file: file.file.name)
        var fields: [String: FieldValue] = ["points": .integer(Int64(header.points))]
        if header.height > 1 {
            fields["width"] = .integer(Int64(header.width))
            fields["height"] = .integer(Int64(header.height))
        }
        guard try Emit.item(item, fields, at: file.file.name, into: sink) else { return }
        let find = { (names: [String]) in
            header.columns.first { names.contains($0.name.lowercased()) && $0.count == 1 }
        }
        guard let classes = find(PCDFormat.classNames) else {
            return try sink(
                .note(
                    where: file.file.name,
                    why:
                        "the cloud has no field label, class, classification or segment, so no labels"
                ))
        }
        let instances = find(PCDFormat.instanceNames)
        let names = names
        var points = PointClasses(item: item, path: file.stem) { number in
            names[number] ?? String(number)
        }
        var unlabelled = 0
        var bad = (points: 0, first: 0, instances: 0, firstInstance: 0)
        func add(_ index: Int, _ number: Double, _ instance: Double?) throws {
            // -1 is what programs write for points that nobody has labelled.
            if number == Self.unlabelled {
                unlabelled += 1
                return
            }
            guard var key = UInt64(exactly: number).map({ PointClasses.Key(number: $0) }) else {
                if bad.points == 0 { bad.first = index }
                bad.points += 1
                return
            }
            if let instance, instance != 0, instance != Self.unlabelled {
                key.instance = UInt64(exactly: instance)
                if key.instance == nil {
                    if bad.instances == 0 { bad.firstInstance = index }
                    bad.instances += 1
                }
            }
            if key.number == 0, names[0] == nil {
                unlabelled += 1
                return
            }
            guard try points.add(UInt64(index), key, into: sink) else {
                throw FormatError.structure(
                    file: file.file.name, path: "point \(index)",
                    why: "more than \(PointClasses.keysMax) classes and instances")
            }
        }
        switch header.storage {
        case .ascii: try readText(header, classes, instances, add)
        case .binary: try readBinary(header, classes, instances, add)
        case .compressed: try readCompressed(header, classes, instances, add)
        }
        try points.finish(into: sink)
        if unlabelled > 0 {
            try sink(
                .note(
                    where: file.file.name,
                    why: "\(unlabelled) points of class -1, or of class 0 without a name, count as "
                        + "not labelled"))
        }
        if bad.points > 0 {
            try sink(
                .skipped(
                    where: "\(file.file.name), point \(bad.first)",
                    why: "its class is no whole number from 0 on; \(bad.points) such points were "
                        + "left out, the others were taken"))
        }
        if bad.instances > 0 {
            try sink(
                .note(
                    where: "\(file.file.name), point \(bad.firstInstance)",
                    why: "its instance is no whole number from 0 on; \(bad.instances) such points "
                        + "were taken by their class alone"))
        }
    }

    /// What stands for a point that nobody has labelled.
    private static let unlabelled = -1.0

    private typealias Add = (_ index: Int, _ number: Double, _ instance: Double?) throws -> Void

    private func readText(
        _ header: PCDHeader, _ classes: PCDHeader.Column, _ instances: PCDHeader.Column?, _ add: Add
    ) throws {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[header.dataOffset...])
        var lines = try TextLines(rest, file: file.file.name)
        var index = 0
        while index < header.points {
            guard let line = try lines.next() else {
                throw FormatError.structure(
                    file: file.file.name, path: "",
                    why: "the header promises \(header.points) points, the file ends after \(index)"
                )
            }
            let words = line.split { $0 == " " || $0 == "\t" }
            if words.isEmpty { continue }
            let number = { (column: PCDHeader.Column) -> Double? in
                column.place < words.count ? TextNumber.double(words[column.place]) : nil
            }
            guard words.count == header.values, let label = number(classes) else {
                throw FormatError.text(
                    file: file.file.name, line: header.dataLine - 1 + lines.line,
                    why:
                        "a point has \(header.values) numbers; this line does not, or its class is none"
                )
            }
            var instance: Double?
            if let instances {
                guard let value = number(instances) else {
                    throw FormatError.text(
                        file: file.file.name, line: header.dataLine - 1 + lines.line,
                        why: "the instance is no number")
                }
                instance = value
            }
            try add(index, label, instance)
            index += 1
        }
    }

    private func readBinary(
        _ header: PCDHeader, _ classes: PCDHeader.Column, _ instances: PCDHeader.Column?, _ add: Add
    ) throws {
        let held = bytes.count - header.dataOffset
        // Bytes behind the last point, often zeros, occur and mean nothing.
        guard header.stride > 0, header.points <= held / header.stride else {
            throw FormatError.structure(
                file: file.file.name, path: "",
                why:
                    "\(header.points) points of \(header.stride) bytes do not fit into the "
                    + "\(held) bytes after the header; the file is cut, or the header is wrong"
            )
        }
        for index in 0..<header.points {
            let start = header.dataOffset + index * header.stride
            try add(
                index, Self.value(bytes, start + classes.offset, classes),
                instances.map { Self.value(bytes, start + $0.offset, $0) })
        }
    }

    private func readCompressed(
        _ header: PCDHeader, _ classes: PCDHeader.Column, _ instances: PCDHeader.Column?, _ add: Add
    ) throws {
        func fail(_ why: String) -> FormatError {
            .structure(file: file.file.name, path: "", why: why)
        }
        guard bytes.count - header.dataOffset >= 8 else {
            throw fail("the compressed block's sizes are missing; the file is cut")
        }
        let word = { (at: Int) in
            Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
        }
        let (packed, raw) = (word(header.dataOffset), word(header.dataOffset + 4))
        let start = header.dataOffset + 8
        guard packed <= bytes.count - start else {
            throw fail("the compressed block has \(packed) bytes, the file \(bytes.count - start)")
        }
        guard header.stride > 0, header.points == raw / header.stride, raw % header.stride == 0
        else {
            throw fail("\(raw) bytes are not \(header.points) points of \(header.stride) bytes")
        }
        let block = UnsafeRawBufferPointer(rebasing: bytes[start..<start + packed])
        guard let cloud = LZF.decompress(block, count: raw) else {
            throw fail("the compressed block is damaged; fetch the file again")
        }
        // Column after column, not point after point.
        try cloud.withUnsafeBytes { cloud in
            for index in 0..<header.points {
                let at = { (column: PCDHeader.Column) in
                    column.offset * header.points + index * column.size
                }
                try add(
                    index, Self.value(cloud, at(classes), classes),
                    instances.map { Self.value(cloud, at($0), $0) })
            }
        }
    }

    private static func value(
        _ bytes: UnsafeRawBufferPointer, _ at: Int, _ column: PCDHeader.Column
    ) -> Double {
        func load<Value: FixedWidthInteger>(_ type: Value.Type) -> Value {
            Value(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Value.self))
        }
        switch (column.type, column.size) {
        case (UInt8(ascii: "F"), 4): return Double(Float(bitPattern: load(UInt32.self)))
        case (UInt8(ascii: "F"), _): return Double(bitPattern: load(UInt64.self))
        case (UInt8(ascii: "I"), 1): return Double(load(Int8.self))
        case (UInt8(ascii: "I"), 2): return Double(load(Int16.self))
        case (UInt8(ascii: "I"), 4): return Double(load(Int32.self))
        case (UInt8(ascii: "I"), _): return Double(load(Int64.self))
        case (_, 1): return Double(load(UInt8.self))
        case (_, 2): return Double(load(UInt16.self))
        case (_, 4): return Double(load(UInt32.self))
        default: return Double(load(UInt64.self))
        }
    }
}
