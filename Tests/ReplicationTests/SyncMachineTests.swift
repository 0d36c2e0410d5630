import Replication
import Testing

@Suite("A contact with a partner")
struct SyncMachineTests {
    private let own = "us.example"
    private let log = "them.example/us.example/d"
    private let mine = "us.example/us.example/d"

    /// Runs a machine to its end.
    private func run(
        _ machine: inout SyncMachine, _ outcome: (SyncMachine.Action) -> SyncMachine.Outcome
    ) -> [SyncMachine.Action] {
        var actions: [SyncMachine.Action] = []
        while let action = machine.next(), actions.count < 1_000 {
            actions.append(action)
            machine.take(outcome(action))
        }
        return actions
    }

    private func everything(only: String? = nil) -> SyncMachine {
        SyncMachine(.everything, own: own, only: only)
    }

    @Test("does everything once, in an order in which what comes first helps what comes later")
    func order() {
        var machine = everything()
        let actions = run(&machine) { action in
            switch action {
            case .list: .listed([.init(log: log, size: 5)], ended: 1)
            case .compare: .compared(.init(standing: .ahead(from: 2), held: 2, forkedAt: nil))
            case .offer: .offered([.init(log: mine, size: 3)])
            default: .done
            }
        }
        #expect(
            actions == [
                .list, .tellHeld, .fetchWanted, .bringWanted, .exchangeRevocations, .takeEvidence,
                .compare(0, size: 5), .fetch(0, size: 5, from: 2, isTakingBack: false),
                .takeEvidenceAgain, .giveEvidence, .offer, .push(0, from: 0, to: 3), .bringRest(0),
                .exchangeDigests, .noteContact, .noteHeard, .exchangeCosignatures,
            ])
        #expect(machine.sizes == [log: 5, mine: 3] && !machine.isBroken)
    }

    @Test("goes on where one thing fails, and ends where the connection does")
    func failures() {
        var machine = everything()
        let tried = run(&machine) { action in
            if case .list = action {
                return .listed([.init(log: log, size: 5), .init(log: mine, size: 1)], ended: 0)
            }
            return .failed
        }
        #expect(tried.contains(.compare(1, size: 1)) && tried.last == .exchangeCosignatures)
        // What the partner has of the own log was not seen: it may be more than is here.
        #expect(!tried.contains(.noteHeard))
        machine = everything()
        let broken = run(&machine) { $0 == .list ? .listed([], ended: 0) : .broken }
        #expect(broken == [.list, .tellHeld] && machine.isBroken)
        machine = everything()
        #expect(run(&machine) { _ in .failed } == [.list] && machine.isBroken)
    }

    @Test(
        "takes a log in pieces, and none after one that does not hold, which may be another history"
    )
    func pieces() {
        let offer = SyncMachine.Offer(log: log, size: 9, bounds: [6, 4, 12])
        #expect(offer.bounds == [4, 6])
        var held: UInt64 = 2
        var machine = SyncMachine(.take(offer), own: own)
        let all = run(&machine) { action in
            switch action {
            case .compare:
                return .compared(.init(standing: .ahead(from: held), held: held, forkedAt: nil))
            case .fetch(_, let size, _, _):
                held = size
                return .done
            default: return .done
            }
        }
        #expect(
            all.filter { if case .fetch = $0 { true } else { false } } == [
                .fetch(0, size: 4, from: 2, isTakingBack: false),
                .fetch(0, size: 6, from: 4, isTakingBack: false),
                .fetch(0, size: 9, from: 6, isTakingBack: false),
            ])
        machine = SyncMachine(.take(offer), own: own)
        let wrong = run(&machine) { action in
            if case .compare = action {
                return .compared(.init(standing: .ahead(from: 2), held: 2, forkedAt: nil))
            }
            return .wrong
        }
        #expect(
            wrong == [
                .compare(0, size: 4), .fetch(0, size: 4, from: 2, isTakingBack: false),
                .investigate(0, size: 4),
            ])
        // Of a log of which nothing is held there is nothing to compare.
        machine = SyncMachine(.take(.init(log: log, size: 3)), own: own)
        let first = run(&machine) { action in
            if case .compare = action {
                return .compared(.init(standing: .ahead(from: 0), held: 0, forkedAt: nil))
            }
            return .wrong
        }
        #expect(first.count == 2)
    }

    @Test("gives what is longer here, of datasets that the partner shares, up to a proven fork")
    func giving() {
        let offers: [SyncMachine.Offer] = [
            .init(log: mine, size: 9, bounds: [3, 7]),
            .init(log: "x.example/us.example/other", size: 4),
            .init(log: log, size: 8, forkedAt: 5),
            .init(log: "y.example/us.example/d", size: 6, forkedAt: 2),
        ]
        var machine = SyncMachine(
            .give(beyond: [mine: 3, log: 5, "y.example/us.example/d": 1]), own: own)
        let given = run(&machine) { $0 == .offer ? .offered(offers) : .done }
        #expect(
            given == [
                .offer, .push(0, from: 3, to: 7), .push(0, from: 7, to: 9),
                .push(3, from: 1, to: 6),
            ])
        #expect(machine.sizes[mine] == 9 && machine.sizes[log] == 5)
        // Who has others meanwhile, or may not read it, is not asked again until it is longer.
        machine = SyncMachine(.give(beyond: [mine: 3]), own: own)
        let stopped = run(&machine) { $0 == .offer ? .offered(offers) : .stopped }
        #expect(
            stopped.filter { $0 != .offer } == [.push(0, from: 3, to: 7)] + [
                .push(2, from: 0, to: 8), .push(3, from: 0, to: 6),
            ])
        #expect(machine.sizes[mine] == 9)
        // What failed is tried again.
        machine = SyncMachine(.give(beyond: [mine: 3]), own: own)
        _ = run(&machine) { $0 == .offer ? .offered([offers[0]]) : .failed }
        #expect(machine.sizes[mine] == 3)
    }

    @Test("brings a partner that was restored its own log back, and tells it again what is held")
    func restored() {
        var machine = everything()
        let actions = run(&machine) { action in
            switch action {
            case .list: .listed([.init(log: mine, size: 1)], ended: 0)
            case .tellHeld: .told(sizes: [.init(log: log, size: 2)], isComplete: false)
            case .compare: .compared(nil)
            case .offer: .offered([.init(log: mine, size: 1), .init(log: log, size: 7)])
            default: .done
            }
        }
        #expect(actions.contains(.push(1, from: 2, to: 7)))
        #expect(actions.filter { $0 == .tellHeld }.count == 2)
    }

    @Test("keeps to the dataset that is asked for, and hears of all only where all are synced")
    func only() {
        var machine = everything(only: "us.example/e")
        let actions = run(&machine) { action in
            switch action {
            case .list:
                .listed(
                    [.init(log: log, size: 5), .init(log: "a.example/us.example/e", size: 1)],
                    ended: 0)
            case .compare: .compared(nil)
            case .offer:
                .offered([
                    .init(log: mine, size: 5), .init(log: "us.example/us.example/e", size: 2),
                ])
            default: .done
            }
        }
        #expect(actions.contains(.compare(1, size: 1)) && !actions.contains(.compare(0, size: 5)))
        #expect(actions.contains(.push(1, from: 0, to: 2)) && !actions.contains(.noteHeard))
    }

    @Test("takes own entries back, and only investigates what is another history")
    func ownLog() {
        var machine = SyncMachine(.take(.init(log: mine, size: 4)), own: own)
        let back = run(&machine) { action in
            if case .compare = action {
                return .compared(.init(standing: .ahead(from: 1), held: 1, forkedAt: nil))
            }
            return .done
        }
        #expect(back.last == .fetch(0, size: 4, from: 1, isTakingBack: true))
        machine = SyncMachine(.take(.init(log: log, size: 4)), own: own)
        let other = run(&machine) { action in
            if case .compare = action {
                return .compared(.init(standing: .otherHistory, held: 6, forkedAt: nil))
            }
            return .done
        }
        #expect(other == [.compare(0, size: 4), .investigate(0, size: 4)])
    }

    @Test("costs the same for each of very many logs, and for each that fails")
    func many() {
        let offers = (0..<200_000).map {
            SyncMachine.Offer(log: "m\($0).example/us.example/d", size: 9, bounds: [3, 6])
        }
        var machine = everything()
        var steps = 0
        // In proportion to the square of the logs this would not end while anybody waits.
        while let action = machine.next() {
            steps += 1
            switch action {
            case .list: machine.take(.listed(offers, ended: 0))
            case .offer: machine.take(.offered(offers))
            default: machine.take(.failed)
            }
        }
        #expect(steps == 200_000 + 13)
    }
}
