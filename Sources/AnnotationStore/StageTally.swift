import AnnotationModel
import CanonicalCBOR
import Provenance

/// The states of one item or annotation, read from its row's bytes without building values.
struct StageScan {
    /// The place of a stage's state among ``StageTally/Place``; nil if the field is not there.
    private(set) var places: [Int?]
    /// The key of the item from which `clean` made this one.
    private(set) var source: [UInt8]?
    /// The item's group.
    private(set) var group: [UInt8] = []
    /// The places of the companies that have examined the item.
    private(set) var examined: [Int] = []

    private let companies: [Int64: Int]

    /// - Parameter companies: The place of each company by the local id of its `examined`.
    init(companies: [Int64: Int] = [:]) {
        places = Array(repeating: nil, count: StageTally.stages.count)
        self.companies = companies
    }

    /// Reads a row's fields in the place of what was read before.
    mutating func read(_ fields: UnsafeRawBufferPointer) throws(CBORError) {
        for stage in places.indices { places[stage] = nil }
        source = nil
        group.removeAll(keepingCapacity: true)
        examined.removeAll(keepingCapacity: true)
        var reader = CBORReader(fields)
        while !reader.isAtEnd {
            let field = try reader.integer()
            if let stage = StageTally.stageOfField[field] {
                try readState(stage, &reader)
            } else if field == Int64(Field.Known.group.rawValue), try reader.peek() == .text {
                group.append(contentsOf: try reader.utf8())
            } else if let company = companies[field] {
                if try reader.peek() != .bool {
                    try reader.skip()
                } else if try reader.bool() {
                    examined.append(company)
                }
            } else {
                try reader.skip()
            }
        }
    }

    /// A state's value is a map with its name, or only the name; see ``StageState``.
    private mutating func readState(_ stage: Int, _ reader: inout CBORReader) throws(CBORError) {
        switch try reader.peek() {
        case .text: places[stage] = StageTally.place(of: try reader.utf8(), stage)
        case .null: try reader.null()
        case .map:
            places[stage] = StageTally.Place.other
            for _ in 0..<(try reader.mapHead()) {
                let key = try reader.utf8()
                guard try reader.peek() == .text else {
                    try reader.skip()
                    continue
                }
                let text = try reader.utf8()
                if key.elementsEqual("state".utf8) {
                    places[stage] = StageTally.place(of: text, stage)
                } else if stage == StageTally.clean, key.elementsEqual("from".utf8) {
                    source = Array(text)
                }
            }
        default:
            places[stage] = StageTally.Place.other
            try reader.skip()
        }
    }
}

/// Counts of one group's items and annotations while the rows go by.
struct StageTally {
    static let stages = ProcessingStage.allCases
    static let clean = index(of: .clean)
    static let filter = index(of: .filter)
    static let stageOfField = [Int64: Int](
        uniqueKeysWithValues: stages.indices.map { (Int64(stages[$0].field.rawValue), $0) })
    private static let names = stages.map { stage in stage.states.map { Array($0.utf8) } }

    /// Where a row is counted in a stage: first the states, then these.
    enum Place {
        static let statesMax = 4
        static let (other, contested, sources) = (statesMax, statesMax + 1, statesMax + 2)
        static let (excluded, notStarted) = (statesMax + 3, statesMax + 4)
        static let count = statesMax + 5
    }

    /// Where an item is counted in a company's view of it.
    enum Look {
        static let (examinedWithLabels, examinedNothingFound, labelledOnly) = (0, 1, 2)
        static let (excluded, notLooked) = (3, 4)
        static let count = 5
    }

    var items = 0
    var annotations = 0
    var ofItems = [Int](repeating: 0, count: stages.count * Place.count)
    var ofAnnotations = [Int](repeating: 0, count: stages.count * Place.count)
    var looks: [Int]

    init(companies: Int) { looks = Array(repeating: 0, count: companies * Look.count) }

    static func index(of stage: ProcessingStage) -> Int { stages.firstIndex(of: stage) ?? 0 }

    static func place(of state: UnsafeRawBufferPointer, _ stage: Int) -> Int {
        names[stage].firstIndex { $0.elementsEqual(state) } ?? Place.other
    }

    private static let excludedState = ProcessingStage.filter.states.firstIndex(
        of: StageState.excluded)

    /// Whether `filter` leaves a row out.
    static func isExcluded(_ scan: StageScan) -> Bool {
        scan.places[filter] != nil && scan.places[filter] == excludedState
    }

    /// Where a row stands in a stage.
    static func place(_ scan: StageScan, _ stage: Int, contested: Set<Int>?) -> Int {
        if let contested, contested.contains(stage) { return Place.contested }
        if let place = scan.places[stage] { return place }
        return stage != filter && isExcluded(scan) ? Place.excluded : Place.notStarted
    }

    /// Counts an item.
    ///
    /// - Parameter labelled: The places of the companies that have labelled it.
    mutating func add(item scan: StageScan, contested: Set<Int>?, labelled: [Int]) {
        items += 1
        for stage in Self.stages.indices {
            ofItems[stage * Place.count + Self.place(scan, stage, contested: contested)] += 1
        }
        let none = Self.isExcluded(scan) ? Look.excluded : Look.notLooked
        for company in 0..<(looks.count / Look.count) {
            let place =
                switch (scan.examined.contains(company), labelled.contains(company)) {
                case (true, true): Look.examinedWithLabels
                case (true, false): Look.examinedNothingFound
                case (false, true): Look.labelledOnly
                case (false, false): none
                }
            looks[company * Look.count + place] += 1
        }
    }

    /// Counts an annotation.
    mutating func add(annotation scan: StageScan, contested: Set<Int>?) {
        annotations += 1
        for stage in Self.stages.indices where Self.stages[stage].isOfAnnotations {
            ofAnnotations[stage * Place.count + Self.place(scan, stage, contested: contested)] += 1
        }
    }

    /// The figures by their names.
    func summary(_ companies: [Origin]) -> StageSummary {
        var summary = StageSummary()
        (summary.items, summary.annotations) = (items, annotations)
        for (index, stage) in Self.stages.enumerated() {
            let range = index * Place.count..<(index + 1) * Place.count
            summary.ofItems[stage] = Self.progress(stage, ofItems[range])
            guard stage.isOfAnnotations else { continue }
            summary.ofAnnotations[stage] = Self.progress(stage, ofAnnotations[range])
        }
        for (index, company) in companies.enumerated() {
            let counts = looks[index * Look.count..<(index + 1) * Look.count]
            let first = counts.startIndex
            summary.looks[company] = LookProgress(
                examinedWithLabels: counts[first + Look.examinedWithLabels],
                examinedNothingFound: counts[first + Look.examinedNothingFound],
                labelledOnly: counts[first + Look.labelledOnly],
                excluded: counts[first + Look.excluded], notLooked: counts[first + Look.notLooked])
        }
        return summary
    }

    private static func progress(_ stage: ProcessingStage, _ counts: ArraySlice<Int>)
        -> StageProgress
    {
        let first = counts.startIndex
        let states = stage.states.enumerated().map { ($1, counts[first + $0]) }
        return StageProgress(
            states: [String: Int](uniqueKeysWithValues: states),
            contested: counts[first + Place.contested], other: counts[first + Place.other],
            sources: counts[first + Place.sources], excluded: counts[first + Place.excluded],
            notStarted: counts[first + Place.notStarted])
    }
}
