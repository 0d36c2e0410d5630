import Foundation

/// Laws of the merge and the simulation of a consortium, for an optimised build: no sockets, no files, no other
/// processes, and no verdict that depends on how fast they run.
@main
struct Laws {
    static func main() {
        guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
            print(Options.usage)
            exit(2)
        }
        if let (topology, members) = options.fanOut { return measure(topology, members, options) }
        let chosen = Check.all.filter(options.includes)
        if chosen.isEmpty {
            print("no check has such a name; --list names them")
            exit(2)
        }
        if options.isList {
            for check in chosen {
                let seeds = "\(check.seeds.lowerBound)-\(check.seeds.upperBound)"
                print("\(check.name)  \(seeds)  \(check.promise)")
            }
            return
        }
        var failed = 0
        var passed = 0
        for check in chosen {
            if Runner(check: check, options: options).run() {
                passed += 1
            } else {
                failed += 1
                if options.endsAtFirst { break }
            }
        }
        print("\(passed) passed, \(failed) failed")
        exit(failed == 0 ? 0 : 1)
    }

    private static func measure(
        _ topology: FanOutPlan.Topology, _ members: Int, _ options: Options
    ) {
        do {
            try FanOutCheck.measure(topology, members: members, cosigns: options.cosigns)
        } catch {
            print("\(error)")
            exit(1)
        }
    }
}
