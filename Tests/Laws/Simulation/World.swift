import AnnotationModel
import Provenance
import Signing
import TransparencyLog

/// A consortium in memory, driven by one seed.
final class World {
    let seed: UInt64
    var random: SeededGenerator
    var clock = CompanyPool.start
    let dataset: DatasetID
    let companies: [Company]
    /// Companies that collude and never take part: they sign what others want to cite.
    let ghosts: [Company]
    let nodes: [SimulatedNode]
    let hostile: Set<Int>
    /// Nobody does anything that can hold up honest entries: then none may be held up.
    let isStrict: Bool
    var excuses = Excuses()
    /// Every entry that the holder of a company's keys signed for the company's log, by leaf hash.
    var written: [Digest: Written] = [:]
    /// What honest companies have written and not lost, by leaf hashes.
    var canonical: [Origin: [Digest]] = [:]
    /// The histories of each hostile company's log, and which one it shows to whom.
    var branches: [Origin: [HeldLog]] = [:]
    var shown: [Origin: [Origin: Int]] = [:]
    /// All annotations and changes that were ever written, to speak of.
    var targets: [(id: OperationID, isChange: Bool)] = []
    var queue: [(from: Int, to: Int, message: Message)] = []
    /// Pairs of nodes that cannot reach each other, the smaller number first.
    var blocked: Set<[Int]> = []
    var backups: [Int: SimulatedNode.Disk] = [:]
    /// Companies whose entries were lost with a home that was restored, and may be written otherwise.
    var hasLost: Set<Origin> = []
    /// How much a node held at its last step of logs of which it has proof of a fork.
    var forkedSizes: [Origin: [Origin: UInt64]] = [:]
    /// The label set under each mark, and whose it was.
    var marks: [Digest: (digest: Digest, counts: LabelCounts, node: Origin)] = [:]
    var isHealed = false
    private(set) var trace: [String] = []
    private(set) var figures: [String: Int] = [:]
    private var step = 0
    let keepsTrace: Bool
    /// Whether homes are backed up and restored all the time.
    let restoresOften: Bool

    init(seed: UInt64, keepsTrace: Bool = false, restoresOften: Bool = false) throws {
        self.seed = seed
        self.restoresOften = restoresOften
        self.keepsTrace = keepsTrace
        random = SeededGenerator(seed: seed)
        let dataset = try CompanyPool.dataset()
        self.dataset = dataset
        let kind = Int.random(in: 0..<100, using: &random)
        let sizes = kind < 62 ? 2...4 : kind < 92 ? 5...6 : kind < 99 ? 7...9 : 10...16
        let count = Int.random(in: sizes, using: &random)
        let pool = try CompanyPool.companies.get()
        let companies = Array(pool.prefix(count))
        self.companies = companies
        nodes = companies.map { SimulatedNode($0, companies: companies, dataset: dataset) }
        // The steward is the first company; one honest node at least is left.
        let enemies = random.oneIn(4) ? 0 : Int.random(in: 0..<count, using: &random)
        var order = Array(1..<count)
        order.shuffle(using: &random)
        if random.oneIn(5) { order.insert(0, at: 0) } else { order.append(0) }
        hostile = Set(order.prefix(enemies))
        for number in hostile { nodes[number].isHostile = true }
        ghosts = enemies == 0 ? [] : Array(pool.dropFirst(count).suffix(2))
        let isCareful = random.oneIn(3)
        isStrict = isCareful && !order.prefix(enemies).contains(0)
        for node in nodes {
            node.disk.signer = random.oneIn(2) ? 0 : 1
        }
    }

    var honest: [SimulatedNode] { nodes.filter { !hostile.contains($0.company.number) } }

    func isHonest(_ origin: Origin) -> Bool {
        nodes.contains { $0.origin == origin && !hostile.contains($0.company.number) }
    }

    func number(_ origin: Origin) -> Int? { nodes.firstIndex { $0.origin == origin } }

    func note(_ text: @autoclosure () -> String) {
        if keepsTrace { trace.append("\(step) +\(clock - CompanyPool.start)s \(text())") }
    }

    func count(_ what: String, _ times: Int = 1) { figures[what, default: 0] += times }

    // MARK: Running

    /// Runs everything and checks it.
    func run() throws {
        note(
            "\(nodes.count) nodes, hostile: \(hostile.sorted().map { companies[$0].origin.short })")
        try found()
        for _ in 0..<(14 + 6 * nodes.count) {
            try happen()
            if random.oneIn(12), let node = honest.randomElement(using: &random) {
                try judge(node)
            }
        }
        try heal()
        try checkEnd()
        try release()
    }

    /// One event, and some of the messages that are under way.
    func happen() throws {
        step += 1
        clock += Int64.random(in: 1...(random.oneIn(12) ? 60_000 : 4_000), using: &random)
        try act()
        if restoresOften { try comeAndGo() }
        for _ in 0..<Int.random(in: 0...40, using: &random) { try deliverOne() }
    }

    private func act() throws {
        let number = Int.random(in: 0..<nodes.count, using: &random)
        let node = nodes[number]
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<38: try contact(number, Int.random(in: 0..<nodes.count, using: &random))
        case 38..<72: try write(number)
        case 72..<80: try hostile.contains(0) ? write(0) : govern()
        case 80..<82:
            let other = Int.random(in: 0..<nodes.count, using: &random)
            let pair = [min(number, other), max(number, other)]
            if blocked.remove(pair) == nil, number != other { blocked.insert(pair) }
            note("\(blocked.contains(pair) ? "cuts" : "mends") the line \(pair)")
        case 82..<85 where !hostile.contains(number):
            note("\(node.origin.short) crashes")
            queue.removeAll { $0.to == number }
            try restart(node)
        case 85..<88 where !hostile.contains(number):
            note("\(node.origin.short) is backed up at \(node.ownSize)")
            backups[number] = node.disk
        case 88..<91 where !hostile.contains(number): try restore(number)
        case 91..<93: for node in honest { node.cosigns = random.oneIn(4) }
        case 93..<95:
            // Whoever rests puts off what members ask for.
            for node in honest { node.rests = random.oneIn(2) }
            for node in honest where !node.rests { try node.catchUp() }
        case 95..<97:
            if let enemy = hostile.sorted().randomElement(using: &random) {
                try collude(nodes[enemy])
            }
        default:
            if let enemy = hostile.sorted().randomElement(using: &random) { try attack(enemy) }
        }
    }

    /// Backs homes up, and puts backups of any age back.
    private func comeAndGo() throws {
        for node in honest where random.oneIn(4) {
            let number = node.company.number
            if backups[number] == nil || random.oneIn(6) { backups[number] = node.disk }
            try restore(number)
            // It hears from the others, whoever calls, and takes back what is its own.
            for other in nodes where random.oneIn(2) {
                try contact(number, other.company.number)
                try contact(other.company.number, number)
            }
        }
    }

    // MARK: Network

    /// One dials another one.
    func contact(_ from: Int, _ to: Int) throws {
        guard from != to else { return }
        if hostile.contains(from) { chooseHistory(nodes[from], for: nodes[to].origin) }
        if let message = try nodes[from].begin(with: nodes[to].origin) {
            send(message, from: from, to: to)
        }
    }

    func send(_ message: Message, from: Int, to: Int) {
        guard from != to, isHealed || !blocked.contains([min(from, to), max(from, to)]) else {
            return
        }
        queue.append((from, to, message))
    }

    /// Delivers one message of those under way, in any order; some get lost, doubled or damaged.
    func deliverOne() throws {
        guard !queue.isEmpty else { return }
        let place = isHealed ? 0 : Int.random(in: 0..<queue.count, using: &random)
        var (from, to, message) = queue.remove(at: place)
        if !isHealed {
            if random.oneIn(60) { return note("lost: \(message.summary)") }
            if random.oneIn(20) { queue.append((from, to, message)) }
            if random.oneIn(40) { message = message.garbled(&random) }
        }
        try receive(message, from: from, to: to)
    }

    func receive(_ message: Message, from: Int, to: Int) throws {
        let node = nodes[to]
        note("\(nodes[from].origin.short) -> \(node.origin.short): \(message.summary)")
        let partner = nodes[from].origin
        let isEnemy = hostile.contains(to)
        if isEnemy { chooseHistory(node, for: partner) }
        let reply: Message?
        switch message {
        case .request(let number, let request):
            let answer = try node.answer(request, from: partner, at: clock)
            reply = .answer(number, isEnemy ? try lie(answer, node, to: partner) : answer)
        case .answer(let number, let answer):
            reply = try node.take(answer, to: number, from: partner)
        }
        // Enemies leave others waiting now and then.
        if isEnemy {
            if let reply, !random.oneIn(12) { send(reply, from: to, to: from) }
            return
        }
        try checkStep(node)
        if let reply { send(reply, from: to, to: from) }
        try nameLogKeys()
    }

    /// Lets everybody reach everybody and syncs until nothing moves.
    private func heal() throws {
        isHealed = true
        note("the network is whole again")
        queue = []
        // Half of them go on with what they have derived step by step.
        for node in honest {
            node.rests = false
            try random.oneIn(2) ? restart(node) : node.catchUp()
        }
        try syncAll()
    }

    func syncAll() throws {
        let numbers = honest.map(\.company.number)
        for _ in 0..<(nodes.count + 4) {
            let before = try honest.map { try snapshot($0) }
            for from in numbers {
                for to in numbers where to != from {
                    try contact(from, to)
                    while !queue.isEmpty { try deliverOne() }
                }
            }
            if try honest.map({ try snapshot($0) }) == before { break }
        }
    }

    private func snapshot(_ node: SimulatedNode) throws -> [String] {
        node.disk.logs.map { "\($0.key) \($0.value.size)" }.sorted()
            + node.disk.evidence.map { "\($0.key) fork \($0.value.prefix)" }.sorted()
    }
}
