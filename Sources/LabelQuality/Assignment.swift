/// Which of one side belong to which of the other, so that the sum of what they have in common is largest.
enum Assignment {
    /// Up to how many of the smaller side the assignment is optimal: the time grows with the cube.
    static let optimalMax = 400

    /// A possible pair.
    struct Edge {
        let one, other: Int32
        let weight: Double
    }

    /// The chosen pairs, in the order of the first side.
    ///
    /// Groups that share nothing are assigned one by one. In a group of more than ``optimalMax`` on both sides
    /// the largest weights come first.
    static func best(_ edges: [Edge], ones: Int, others: Int) -> [Edge] {
        if edges.count < 2 { return edges }
        var groups = Groups(ones + others)
        for edge in edges { groups.join(Int(edge.one), ones + Int(edge.other)) }
        var byGroup: [Int: [Edge]] = [:]
        for edge in edges { byGroup[groups.root(Int(edge.one)), default: []].append(edge) }
        var chosen: [Edge] = []
        for (_, group) in byGroup {
            if group.count == 1 { chosen.append(group[0]) } else { chosen += assign(group) }
        }
        return chosen.sorted { ($0.one, $0.other) < ($1.one, $1.other) }
    }

    private static func assign(_ edges: [Edge]) -> [Edge] {
        let ones = Set(edges.map(\.one)).sorted()
        let others = Set(edges.map(\.other)).sorted()
        guard min(ones.count, others.count) <= optimalMax else { return greedy(edges) }
        let isTurned = ones.count > others.count
        let (rows, columns) = isTurned ? (others, ones) : (ones, others)
        let rowOf = numbers(rows)
        let columnOf = numbers(columns)
        var costs = [Double](repeating: 0, count: rows.count * columns.count)
        for edge in edges {
            let (row, column) = isTurned ? (edge.other, edge.one) : (edge.one, edge.other)
            guard let r = rowOf[row], let c = columnOf[column] else { continue }
            costs[r * columns.count + c] = -edge.weight
        }
        var chosen: [Edge] = []
        for (row, column) in hungarian(costs, rows: rows.count, columns: columns.count) {
            let cost = costs[row * columns.count + column]
            guard cost < 0 else { continue }
            chosen.append(
                isTurned
                    ? Edge(one: columns[column], other: rows[row], weight: -cost)
                    : Edge(one: rows[row], other: columns[column], weight: -cost))
        }
        return chosen
    }

    private static func numbers(_ values: [Int32]) -> [Int32: Int] {
        [Int32: Int](
            values.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func greedy(_ edges: [Edge]) -> [Edge] {
        var taken: (Set<Int32>, Set<Int32>) = ([], [])
        return edges.sorted {
            ($1.weight, $0.one, $0.other) < ($0.weight, $1.one, $1.other)
        }.filter { edge in
            guard !taken.0.contains(edge.one), !taken.1.contains(edge.other) else { return false }
            taken.0.insert(edge.one)
            taken.1.insert(edge.other)
            return true
        }
    }

    /// Kuhn's method with potentials, a row at a time; there are at most as many rows as columns.
    ///
    /// - Returns: A column for each row, so that the costs add up to the least.
    static func hungarian(_ costs: [Double], rows: Int, columns: Int) -> [(row: Int, column: Int)] {
        var rowPotential = [Double](repeating: 0, count: rows + 1)
        var columnPotential = [Double](repeating: 0, count: columns + 1)
        // By column, from 1 on: the row that has it, 0 for none.
        var owner = [Int](repeating: 0, count: columns + 1)
        var way = [Int](repeating: 0, count: columns + 1)
        for row in 1...max(1, rows) where row <= rows {
            owner[0] = row
            var column = 0
            var least = [Double](repeating: .infinity, count: columns + 1)
            var isUsed = [Bool](repeating: false, count: columns + 1)
            repeat {
                isUsed[column] = true
                let current = owner[column]
                var (delta, next) = (Double.infinity, 0)
                for other in 1...columns where !isUsed[other] {
                    let cost =
                        costs[(current - 1) * columns + other - 1] - rowPotential[current]
                        - columnPotential[other]
                    if cost < least[other] { (least[other], way[other]) = (cost, column) }
                    if least[other] < delta { (delta, next) = (least[other], other) }
                }
                for other in 0...columns {
                    if isUsed[other] {
                        rowPotential[owner[other]] += delta
                        columnPotential[other] -= delta
                    } else {
                        least[other] -= delta
                    }
                }
                column = next
            } while owner[column] != 0
            while column != 0 {
                let before = way[column]
                owner[column] = owner[before]
                column = before
            }
        }
        return (1...max(1, columns)).compactMap { column in
            column <= columns && owner[column] > 0 ? (owner[column] - 1, column - 1) : nil
        }
    }
}

/// Which of many belong together.
struct Groups {
    private var parents: [Int32]

    init(_ count: Int) { parents = (0..<count).map { Int32($0) } }

    mutating func root(_ member: Int) -> Int {
        var member = member
        while Int(parents[member]) != member {
            parents[member] = parents[Int(parents[member])]
            member = Int(parents[member])
        }
        return member
    }

    mutating func join(_ one: Int, _ other: Int) {
        let (a, b) = (root(one), root(other))
        // The smaller number stands for the group, whatever order they are joined in.
        parents[max(a, b)] = Int32(min(a, b))
    }
}
