import AnnotationModel
import LabelText
import Shapes

/// The members of one annotation as the file holds them.
struct COCOAnnotation {
    /// A segmentation.
    enum Segmentation {
        case polygons([[Double]])
        case runs(height: Int64, width: Int64, runs: [Int64])
    }

    /// The members that are read by name; the number is the bit that says that it was seen.
    enum Member: Int, CaseIterable {
        case id, imageID, categoryID, bbox, segmentation, area, isCrowd, keypoints, keypointCount
        case score, attributes, countermark

        var name: String {
            switch self {
            case .id: "id"
            case .imageID: "image_id"
            case .categoryID: "category_id"
            case .bbox: "bbox"
            case .segmentation: "segmentation"
            case .area: "area"
            case .isCrowd: "iscrowd"
            case .keypoints: "keypoints"
            case .keypointCount: "num_keypoints"
            case .score: "score"
            case .attributes: "attributes"
            case .countermark: "countermark"
            }
        }
    }

    /// Why a member, or the whole annotation, is not taken.
    struct Problem {
        var member: String
        var why: String
        /// Where the member stands in the file; nil for what is said by its path alone.
        var offset: Int?

        /// True for a member that says where in the image the label is.
        var isOfPlace: Bool {
            ["bbox", "segmentation", "keypoints"].contains { member.hasPrefix($0) }
        }
    }

    /// An identifier: a number, or a text.
    typealias Identifier = (number: Int64?, text: String?)

    var id: Identifier = (nil, nil)
    var imageID: Identifier = (nil, nil)
    var categoryID: Identifier = (nil, nil)
    var bbox: Selector.Box?
    var segmentation: Segmentation?
    var keypoints: [Double] = []
    var isCrowd = false
    var area: Double?
    var keypointCount: Int64?
    var score: Double?
    var attributes: JSONValue?
    var countermark: JSONValue?
    /// Members that the format does not know.
    var others: [(name: String, value: JSONValue)] = []
    /// What is wrong with members; reading goes on, and the label is made of the rest.
    var lost: [Problem] = []
    /// The name of the member being read, for messages.
    var memberName: String { member?.name ?? otherName }
    private var member: Member?
    private var otherName = ""
    private var seen = 0

    /// Reads the object that the scanner stands before.
    ///
    /// - Parameter isCareful: True if a member of another kind than the format asks for is left out and named, which
    ///   costs a copy of the scanner a member; else it ends the reading.
    mutating func read(
        _ scanner: inout JSONScanner, isCareful: Bool = false
    ) throws(JSONError) {
        try scanner.beginObject()
        while try scanner.nextKey() {
            guard let member = Self.member(scanner) else {
                try readOther(&scanner)
                continue
            }
            self.member = member
            guard seen & (1 << member.rawValue) == 0 else {
                throw JSONError(.duplicateKey(member.name), at: scanner.keyOffset)
            }
            seen |= 1 << member.rawValue
            if try scanner.peek() == .null {
                try scanner.null()
            } else if isCareful {
                try readCarefully(member, &scanner)
            } else {
                try read(member, &scanner)
            }
        }
        (member, otherName) = (nil, "")
    }

    @inline(__always)
    private static func member(_ scanner: JSONScanner) -> Member? {
        if scanner.keyIs("id") { return .id }
        if scanner.keyIs("image_id") { return .imageID }
        if scanner.keyIs("category_id") { return .categoryID }
        if scanner.keyIs("bbox") { return .bbox }
        if scanner.keyIs("area") { return .area }
        if scanner.keyIs("iscrowd") { return .isCrowd }
        if scanner.keyIs("segmentation") { return .segmentation }
        if scanner.keyIs("attributes") { return .attributes }
        if scanner.keyIs("score") { return .score }
        if scanner.keyIs("keypoints") { return .keypoints }
        if scanner.keyIs("num_keypoints") { return .keypointCount }
        if scanner.keyIs("countermark") { return .countermark }
        return nil
    }

    private mutating func readCarefully(
        _ member: Member, _ scanner: inout JSONScanner
    ) throws(JSONError) {
        let before = scanner
        do throws(JSONError) {
            try read(member, &scanner)
        } catch {
            guard case .wrongKind = error.reason else { throw error }
            scanner = before
            try scanner.skipValue()
            lost.append(
                Problem(member: member.name, why: "\(error.reason)", offset: error.offset))
        }
    }

    @inline(__always)
    private mutating func read(_ member: Member, _ scanner: inout JSONScanner) throws(JSONError) {
        switch member {
        case .id: id = try scanner.identifier()
        case .imageID: imageID = try scanner.identifier()
        case .categoryID: categoryID = try scanner.identifier()
        case .bbox: try readBox(&scanner)
        case .area: area = try scanner.double()
        case .keypointCount: keypointCount = try scanner.integer()
        case .isCrowd: try readCrowd(&scanner)
        case .segmentation: try readSegmentation(&scanner)
        case .keypoints: keypoints = try Self.numbers(&scanner)
        case .score: score = try scanner.double()
        case .attributes: attributes = try JSONValue(reading: &scanner)
        case .countermark: countermark = try JSONValue(reading: &scanner)
        }
    }

    private mutating func readOther(_ scanner: inout JSONScanner) throws(JSONError) {
        let name = scanner.key
        (member, otherName) = (nil, name)
        if others.contains(where: { $0.name == name }) {
            throw JSONError(.duplicateKey(name), at: scanner.keyOffset)
        }
        others.append((name, try JSONValue(reading: &scanner)))
    }

    private mutating func fail(_ member: String, _ why: String) {
        lost.append(Problem(member: member, why: why))
    }

    /// Reads the flag, which programs write as a number, a truth value, or either as text.
    private mutating func readCrowd(_ scanner: inout JSONScanner) throws(JSONError) {
        if try scanner.peek() == .number {
            // As nearly all programs write it.
            switch try scanner.double() {
            case 0: isCrowd = false
            case 1: isCrowd = true
            default: fail("iscrowd", "must be 0 or 1")
            }
            return
        }
        switch try JSONValue(reading: &scanner) {
        case .integer(0), .bool(false), .string("0"), .string("false"): isCrowd = false
        case .integer(1), .bool(true), .string("1"), .string("true"): isCrowd = true
        default: fail("iscrowd", "must be 0 or 1")
        }
    }

    @inline(__always)
    private mutating func readBox(_ scanner: inout JSONScanner) throws(JSONError) {
        var values = (0.0, 0.0, 0.0, 0.0)
        var count = 0
        try scanner.beginArray()
        while try scanner.nextElement() {
            let value = try scanner.double()
            switch count {
            case 0: values.0 = value
            case 1: values.1 = value
            case 2: values.2 = value
            case 3: values.3 = value
            default: break
            }
            count += 1
        }
        if count == 0 { return }
        guard count == 4 else {
            return fail("bbox", "holds \(count) numbers instead of x, y, width, height")
        }
        guard values.2 >= 0, values.3 >= 0 else {
            return fail(
                "bbox",
                "has the size \(values.2) x \(values.3); write the corner and a size of 0 or more")
        }
        bbox = Selector.Box(x: values.0, y: values.1, width: values.2, height: values.3)
    }

    private mutating func readSegmentation(_ scanner: inout JSONScanner) throws(JSONError) {
        guard try scanner.peek() == .array else { return try readRuns(&scanner) }
        var polygons: [[Double]] = []
        var number = -1
        try scanner.beginArray()
        while try scanner.nextElement() {
            number += 1
            var ring = try Self.numbers(&scanner)
            let place = "segmentation[\(number)]"
            if ring.count % 2 != 0 {
                fail(place, "holds \(ring.count) numbers; each point has an x and a y")
                continue
            }
            guard ring.count >= 6 else {
                fail(place, "holds \(ring.count) numbers; a polygon has three points, six numbers")
                continue
            }
            Geometry.open(&ring)
            guard ring.count >= 6 else {
                fail(place, "has fewer than three different points")
                continue
            }
            polygons.append(ring)
        }
        if !polygons.isEmpty { segmentation = .polygons(polygons) }
    }

    /// Reads `{"size": [height, width], "counts": runs}`.
    private mutating func readRuns(_ scanner: inout JSONScanner) throws(JSONError) {
        var size: [Double]?
        var runs: [Int64]?
        var why: String?
        try scanner.beginObject()
        while try scanner.nextKey() {
            if scanner.keyIs("size"), size == nil {
                size = try Self.numbers(&scanner)
            } else if scanner.keyIs("counts"), runs == nil {
                (runs, why) = try Self.counts(&scanner)
            } else {
                if scanner.keyIs("size") || scanner.keyIs("counts") {
                    throw JSONError(.duplicateKey(scanner.key), at: scanner.keyOffset)
                }
                try scanner.skipValue()
            }
        }
        if let why { return fail("segmentation.counts", why) }
        guard let runs else { return fail("segmentation.counts", "missing") }
        guard let size, size.count == 2, let height = Int64(exactly: size[0]),
            let width = Int64(exactly: size[1])
        else { return fail("segmentation.size", "must be [height, width] in whole pixels") }
        segmentation = .runs(height: height, width: width, runs: runs)
    }

    private static func counts(
        _ scanner: inout JSONScanner
    ) throws(JSONError) -> ([Int64], why: String?) {
        guard try scanner.peek() == .string else {
            var runs: [Int64] = []
            try scanner.beginArray()
            while try scanner.nextElement() { runs.append(try scanner.integer()) }
            return (runs, nil)
        }
        let text = try scanner.string()
        let result: Result<[Int64], RunLengths.Problem> = Array(text.utf8).withUnsafeBytes {
            bytes in
            do throws(RunLengths.Problem) {
                return .success(try RunLengths.decompress(bytes))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let runs): return (runs, nil)
        case .failure(let problem): return ([], problem.why)
        }
    }

    private static func numbers(_ scanner: inout JSONScanner) throws(JSONError) -> [Double] {
        var numbers: [Double] = []
        try scanner.beginArray()
        while try scanner.nextElement() { numbers.append(try scanner.double()) }
        return numbers
    }
}
