import AnnotationFormats
import AnnotationModel
import LabelQuality

/// The judgements of one task: a table, what its numbers stand for, and which labels mean the same thing.
package struct JudgedThings {
    package let task: QualityTask
    package let table: JudgementTable
    /// By category: the class or the value; nil for nothing.
    package let names: [String?]
    /// The item of each unit.
    package let itemOfUnit: [Int32]
    /// The labels of each unit, one unit after another; empty for whole items.
    package let members: [Int32]
    let memberStarts: [Int32]
    /// Pairs of labels that mean the same thing, of every two raters; by item.
    let matched: [Match]
    /// By label: its category; -1 for one of another task, or one without a value.
    let categoryOfLabel: [Int32]
    /// The raters that have looked at each item, ascending, one item after another.
    fileprivate let looked: [Int32]
    fileprivate let lookedStarts: [Int32]
    /// Items whose labels lie too dense to be compared.
    package let dense: [Int32]
    /// How far apart the values are, if they are numbers.
    package let level: Level
    /// Items of which a rater gave the field several values.
    package let ambiguous: Int

    struct Match {
        package let item, one, other: Int32
    }

    /// The raters that have looked at an item, ascending; none of one that is left out.
    func looked(at item: Int32) -> ArraySlice<Int32> {
        looked[Int(lookedStarts[Int(item)])..<Int(lookedStarts[Int(item) + 1])]
    }

    /// The labels of a unit.
    package func members(of unit: Int) -> ArraySlice<Int32> {
        memberStarts.isEmpty
            ? [] : members[Int(memberStarts[unit])..<Int(memberStarts[unit + 1])]
    }
}

/// What raters say: classes or values, numbered in an order that follows from what they are.
struct Categories {
    /// The category of "nothing of this kind here".
    static let nothing = 0

    private let question: QualityQuestion
    private let labels: QualityLabels
    /// The chosen class; nil for each by its own.
    private let chosen: Int32?
    private var sets = Numbers()
    /// By class: its number, once it was said alone.
    private var numberOfClass: [Int32]
    private var values: [FieldValue: Int32] = [:]
    private var list: [FieldValue] = []

    init(_ labels: QualityLabels, _ question: QualityQuestion) {
        (self.labels, self.question) = (labels, question)
        numberOfClass = Array(repeating: -1, count: labels.classes.count)
        chosen = question.className.map { name in
            Int32(labels.classes.firstIndex { $0.hasSameBytes(as: name) } ?? -1)
        }
    }

    var isOfField: Bool { question.field != nil }

    /// The number, for now, of what one rater said in one or several labels; nil where it said nothing of it.
    mutating func number(_ said: some Collection<Int32>, isAmbiguous: inout Bool) -> Int32? {
        if said.count == 1, !isOfField, let label = said.first {
            let className = labels.labels[Int(label)].className
            let known = numberOfClass[Int(className)]
            if known >= 0 { return known }
            let number = number(ofClasses: [className])
            numberOfClass[Int(className)] = number
            return number
        }
        if isOfField {
            let found = Set(
                said.compactMap { labels.detail(labels.labels[Int($0)]).value }.filter {
                    $0 != .null
                })
            if found.count > 1 { isAmbiguous = true }
            guard found.count == 1, let value = found.first else { return nil }
            if let known = values[value] { return known }
            values[value] = Int32(list.count)
            list.append(value)
            return Int32(list.count - 1)
        }
        return number(ofClasses: Set(said.map { labels.labels[Int($0)].className }).sorted())
    }

    private mutating func number(ofClasses classes: [Int32]) -> Int32 {
        if let chosen { return classes.contains(chosen) ? 1 : Int32(Self.nothing) }
        let name = classes.map { labels.classes[Int($0)] }.joined(separator: " + ")
        return sets.number(name) + 1
    }

    /// What the numbers stand for in the end, and where each of them has gone.
    func settled() -> (names: [String?], places: [Int32], values: [Double]) {
        if isOfField { return settledValues() }
        if question.className != nil { return ([nil, question.className], [0, 1], []) }
        let (names, places) = Numbers.sorted(sets.names)
        return ([nil] + names.map { $0 }, [0] + places.map { $0 + 1 }, [])
    }

    private func settledValues() -> (names: [String?], places: [Int32], values: [Double]) {
        let numbers = list.compactMap(\.numberValue)
        guard numbers.count == list.count else {
            let texts = list.map { $0.textValue ?? $0.json }
            let (names, places) = Numbers.sorted(texts)
            return (names.map { $0 }, places, [])
        }
        // 1 and 1.0 are one value where values are measured.
        let sorted = Set(numbers).sorted()
        let places = numbers.map { number in
            Int32(sorted.firstIndex(of: number) ?? 0)
        }
        return (sorted.map { FieldValue.float($0).json }, places, sorted)
    }
}

/// Judgements of one task while the items go by.
package struct JudgedThingsBuilder {
    private let labels: QualityLabels
    private let question: QualityQuestion
    private var categories: Categories
    private var judged = JudgementTable.Entries()
    private var itemOfUnit: [Int32] = []
    private var members: [Int32] = []
    private var memberStarts: [Int32] = [0]
    private var matched: [JudgedThings.Match] = []
    private var categoryOfLabel: [Int32]
    private var looked: [Int32] = []
    private var lookedStarts: [Int32] = [0]
    /// What was said of the item that is looked at: used again for each.
    private var said: [(rater: Int32, label: Int32)] = []
    private var dense: [Int32] = []
    private var ambiguous = 0

    package init(_ labels: QualityLabels, _ question: QualityQuestion) {
        (self.labels, self.question) = (labels, question)
        categories = Categories(labels, question)
        categoryOfLabel = Array(repeating: -1, count: labels.labels.count)
    }

    /// The judgements of a task; nil where nobody has given a label of that kind.
    package mutating func things(_ task: QualityTask) -> JudgedThings? {
        let isWhole = task == .items
        let labels = labels
        guard labels.labels.contains(where: { labels.isWhole($0) == isWhole }) else { return nil }
        if isWhole { judged.reserveCapacity(labels.labels.count) }
        labels.forEachItem { item, range in
            switch task {
            case .items: addWhole(item, range)
            case .places: addPlaces(item, range)
            }
            lookedStarts.append(Int32(looked.count))
        }
        let (names, places, values) = categories.settled()
        judged.renumberCategories(places)
        for place in categoryOfLabel.indices where categoryOfLabel[place] >= 0 {
            categoryOfLabel[place] = places[Int(categoryOfLabel[place])]
        }
        let table = JudgementTable(
            judged, itemOfUnit: itemOfUnit, raterCount: labels.raters.count,
            categoryCount: names.count, values: values)
        judged = JudgementTable.Entries()
        return JudgedThings(
            task: task, table: table, names: names, itemOfUnit: itemOfUnit, members: members,
            memberStarts: isWhole ? [] : memberStarts, matched: matched,
            categoryOfLabel: categoryOfLabel, looked: looked, lookedStarts: lookedStarts,
            dense: dense, level: question.level ?? (values.isEmpty ? .nominal : .interval),
            ambiguous: ambiguous)
    }

    // MARK: Whole items

    private mutating func addWhole(_ item: Int32, _ range: Range<Int>) {
        said.removeAll(keepingCapacity: true)
        for place in range where labels.isWhole(labels.labels[place]) {
            said.append((labels.labels[place].rater, Int32(place)))
        }
        // Whoever has examined the item and given it no class says that none fits.
        let silent = categories.isOfField ? [] : labels.examinations(of: item)
        if said.isEmpty, silent.isEmpty { return }
        if !said.indices.dropFirst().allSatisfy({ said[$0 - 1].rater <= said[$0].rater }) {
            said.sort { ($0.rater, $0.label) < ($1.rater, $1.label) }
        }
        let unit = itemOfUnit.count
        itemOfUnit.append(item)
        var (next, examiner) = (0, silent.startIndex)
        while next < said.count || examiner < silent.endIndex {
            var rater = next < said.count ? said[next].rater : .max
            if examiner < silent.endIndex { rater = min(rater, silent[examiner].rater) }
            looked.append(rater)
            if examiner < silent.endIndex, silent[examiner].rater == rater { examiner += 1 }
            let first = next
            while next < said.count, said[next].rater == rater { next += 1 }
            if first == next {
                judged.append(unit: unit, rater: Int(rater), category: Categories.nothing)
            } else {
                append(said[first..<next].lazy.map(\.label), unit, rater)
            }
        }
    }

    private mutating func append(_ said: some Collection<Int32>, _ unit: Int, _ rater: Int32) {
        var isAmbiguous = false
        if let category = categories.number(said, isAmbiguous: &isAmbiguous) {
            judged.append(unit: unit, rater: Int(rater), category: Int(category))
            for label in said { categoryOfLabel[Int(label)] = category }
        }
        if isAmbiguous { ambiguous += 1 }
    }

    // MARK: Places

    /// A whole item's class is a word on its places, too: "no change", by somebody who marks changes.
    private mutating func addPlaces(_ item: Int32, _ range: Range<Int>) {
        var looked = Set(labels.examinations(of: item).map(\.rater))
        var placed: [PlacedLabel] = []
        var places: [Int32] = []
        for place in range {
            let label = labels.labels[place]
            looked.insert(label.rater)
            guard let shape = labels.detail(label).shape else { continue }
            placed.append(
                PlacedLabel(
                    rater: Int(label.rater), category: Int(label.className), shape: shape,
                    order: placed.count))
            places.append(Int32(place))
        }
        if looked.isEmpty { return }
        guard let (pairs, units) = matches(placed, places, range) else {
            dense.append(item)
            return
        }
        for pair in pairs {
            matched.append(
                .init(item: item, one: places[pair.one], other: places[pair.other]))
        }
        let raters = looked.sorted()
        self.looked += raters
        // Who has looked at an item in which nobody found anything agrees about it.
        for unit in units.isEmpty && !categories.isOfField ? [[]] : units {
            addUnit(unit.map { places[$0] }, item, raters)
        }
    }

    /// Which labels of an item mean the same thing; nil where too many lie upon each other.
    ///
    /// What relates labels is compared last: each rater relates labels of his own, and two relate the same where
    /// these mean the same things.
    private func matches(
        _ placed: [PlacedLabel], _ places: [Int32], _ range: Range<Int>
    ) -> (pairs: [Matching.Pair], units: [[Int]])? {
        let isLink = placed.map { $0.shape.isLink }
        guard isLink.contains(true) else {
            let matching = Matching(placed, threshold: question.overlapMin)
            return matching.isTooDense ? nil : (matching.pairs, matching.units)
        }
        let (links, others) = (
            placed.indices.filter { isLink[$0] }, placed.indices.filter { !isLink[$0] }
        )
        let first = Matching(others.map { placed[$0] }, threshold: question.overlapMin)
        if first.isTooDense { return nil }
        var things: [String: String] = [:]
        for (number, unit) in first.units.enumerated() {
            for member in unit {
                things[id(places[others[member]])] = "thing \(number)"
            }
        }
        for place in range where labels.isWhole(labels.labels[place]) {
            things[id(Int32(place))] = "the item"
        }
        let second = Matching(
            links.map { place in
                let label = placed[place]
                return PlacedLabel(
                    rater: label.rater, category: label.category,
                    shape: label.shape.linking { things[$0] }, order: label.order)
            }, threshold: question.overlapMin)
        if second.isTooDense { return nil }
        return (
            first.pairs.map { $0.moved(by: others) } + second.pairs.map { $0.moved(by: links) },
            first.units.map { $0.map { others[$0] } } + second.units.map { $0.map { links[$0] } }
        )
    }

    private func id(_ place: Int32) -> String { labels.id(labels.labels[Int(place)]).description }

    private mutating func addUnit(_ unit: [Int32], _ item: Int32, _ looked: [Int32]) {
        let number = itemOfUnit.count
        itemOfUnit.append(item)
        members += unit
        memberStarts.append(Int32(members.count))
        for rater in looked {
            if let own = unit.first(where: { labels.labels[Int($0)].rater == rater }) {
                append(CollectionOfOne(own), number, rater)
            } else if !categories.isOfField {
                judged.append(unit: number, rater: Int(rater), category: Categories.nothing)
            }
        }
    }
}
