/// What to run, as the command line says.
struct Options {
    static let usage = """
        usage: countermark-laws [--list] [--filter TEXT]... [--jobs N] [--first] [--announce]
                                [--seeds FROM-TO | --seed N [--trace] | --most N]
          --list        names the checks and their seeds
          --filter      only checks whose name contains the text; may be repeated
          --seeds       these seeds instead of each check's own
          --seed        this seed alone; with --trace it prints what happened
          --most        at most so many of each check's own seeds
          --jobs        seeds to run at once; as many as there are processors unless given
          --first       ends at the first failure
          --announce    prints each seed before it runs, to find one that ends the process
               countermark-laws --fan-out relay|tree|mesh:MEMBERS [--no-cosignatures]
          prints what a sync of so many members costs (Docs/Scale.md)
        """

    var filters: [String] = []
    var seeds: ClosedRange<UInt64>?
    var most: UInt64?
    var jobs: Int?
    var isList = false
    var isTraced = false
    var endsAtFirst = false
    var announces = false
    /// A large consortium to measure instead of all checks.
    var fanOut: (topology: FanOutPlan.Topology, members: Int)?
    var cosigns = true

    /// Reads the arguments behind the program's name; nil if they mean nothing.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--list": isList = true
            case "--fan-out":
                let parts = rest.popFirst()?.split(separator: ":") ?? []
                guard parts.count == 2, let topology = FanOutPlan.Topology(rawValue: "\(parts[0])"),
                    let members = Int(parts[1]), (2...10_000) ~= members
                else { return nil }
                fanOut = (topology, members)
            case "--no-cosignatures": cosigns = false
            case "--trace": isTraced = true
            case "--first": endsAtFirst = true
            case "--announce": announces = true
            case "--filter":
                guard let text = rest.popFirst() else { return nil }
                filters.append(text)
            case "--seed":
                guard let seed = rest.popFirst().flatMap(UInt64.init) else { return nil }
                seeds = seed...seed
            case "--seeds":
                let ends = rest.popFirst()?.split(separator: "-", omittingEmptySubsequences: false)
                    .map { UInt64($0) }
                guard let ends, ends.count == 2, let from = ends[0], let to = ends[1], from <= to
                else { return nil }
                seeds = from...to
            case "--most":
                guard let count = rest.popFirst().flatMap(UInt64.init), count > 0 else {
                    return nil
                }
                most = count
            case "--jobs":
                guard let count = rest.popFirst().flatMap(Int.init), count > 0 else { return nil }
                jobs = count
            default: return nil
            }
        }
        let isOneSeed = seeds.map { $0.lowerBound == $0.upperBound } ?? false
        if isTraced, !isOneSeed { return nil }
    }

    /// The seeds of a check that are run.
    func seeds(of check: Check) -> ClosedRange<UInt64> {
        if let seeds { return seeds }
        let own = check.seeds
        guard let most, UInt64(own.count) > most else { return own }
        return own.lowerBound...(own.lowerBound + most - 1)
    }

    func includes(_ check: Check) -> Bool {
        filters.isEmpty || filters.contains { check.name.contains($0) }
    }
}
