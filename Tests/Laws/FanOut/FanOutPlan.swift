/// Who dials whom among very many members of one dataset, of which member 0 is the steward.
struct FanOutPlan {
    /// How the members are arranged.
    enum Topology: String, CaseIterable, Sendable {
        /// Everybody dials the steward.
        case relay
        /// Everybody dials the member above it; the steward stands on top.
        case tree
        /// Everybody dials the steward and two others, chosen at random.
        case mesh
    }

    let topology: Topology
    let members: Int
    /// How many members dial one of a tree.
    let fanOut: Int
    /// By member: whom it dials.
    let dialled: [[Int]]
    /// By member: who dials it, and hears of what comes there.
    let watchers: [[Int]]

    init(
        _ topology: Topology, members: Int, fanOut: Int = 100, using random: inout SeededGenerator
    ) {
        (self.topology, self.members, self.fanOut) = (topology, members, fanOut)
        var dialled = [[Int]](repeating: [], count: members)
        for member in 1..<members {
            switch topology {
            case .relay: dialled[member] = [0]
            case .tree: dialled[member] = [(member - 1) / fanOut]
            case .mesh:
                var chosen = [0]
                while chosen.count < min(3, members - 1) {
                    let other = Int.random(in: 1..<members, using: &random)
                    if other != member, !chosen.contains(other) { chosen.append(other) }
                }
                dialled[member] = chosen
            }
        }
        var watchers = [[Int]](repeating: [], count: members)
        for (member, partners) in dialled.enumerated() {
            for partner in partners { watchers[partner].append(member) }
        }
        (self.dialled, self.watchers) = (dialled, watchers)
    }

    /// The most steps from any member up to the steward.
    var depth: Int {
        guard topology == .tree else { return 1 }
        var (steps, member) = (0, members - 1)
        while member > 0 { (steps, member) = (steps + 1, (member - 1) / fanOut) }
        return steps
    }

    /// A member's origin, and its log's name.
    static func origin(_ member: Int) -> String {
        let digits = String(member)
        return "m" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".example"
    }

    static func log(_ member: Int) -> String { "\(origin(member))/\(origin(0))/boards" }
}
