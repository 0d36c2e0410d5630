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
        for check in chosen where !Runner(check: check, options: options).run() { failed += 1 }
        print("\(chosen.count - failed) passed, \(failed) failed")
        exit(failed == 0 ? 0 : 1)
    }
}
