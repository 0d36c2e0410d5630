import AnnotationModel
import Replication
import Signing

/// What nodes send each other: requests of whoever dials, and answers to them.
///
/// Everything that is bytes on the wire is bytes here.
enum Message {
    /// The number tells which request an answer belongs to.
    case request(UInt64, Request)
    case answer(UInt64, Answer)

    enum Request {
        case list
        /// What is held of the receiver's own log.
        case held([Offer])
        case evidence
        case take([ForkProof])
        case fetch(Origin, from: UInt64, to: UInt64)
        case tree(Origin)
        case push(Batch)
        case addCheckpoint(Origin, body: [UInt8])
    }

    enum Answer {
        /// The logs, and how much of the caller's own log is held where it was cut.
        case logs([Offer], rest: UInt64?)
        case held(size: UInt64?, isComplete: Bool)
        case evidence([ForkProof])
        case entries(Origin, [[UInt8]])
        case tree(leaves: [Digest], note: [UInt8])
        /// A cosignature, or the size from which the witness wants a proof.
        case cosigned(line: [UInt8]?, size: UInt64)
        case taken
        /// Other entries are here meanwhile, or the caller may not bring these.
        case stopped
        case refused
    }

    /// One log as a node offers it.
    struct Offer {
        let log: Origin
        var size: UInt64
        var note: [UInt8]
        /// Smaller checkpoints at which a transfer stops, by size.
        var bounds: [UInt64: [UInt8]] = [:]

        /// The checkpoint at a size.
        func note(at size: UInt64) -> [UInt8]? { size == self.size ? note : bounds[size] }
    }

    /// Entries of one log, and the checkpoint that covers them.
    struct Batch {
        let log: Origin
        var from: UInt64
        var entries: [[UInt8]]
        var note: [UInt8]
    }

    var summary: String {
        switch self {
        case .request(let number, let request): "\(number)? \(request.summary)"
        case .answer(let number, let answer): "\(number)! \(answer.summary)"
        }
    }

    /// The message with one byte of it changed, where it has any.
    func garbled(_ random: inout SeededGenerator) -> Message {
        switch self {
        case .request(let number, let request): .request(number, request.garbled(&random))
        case .answer(let number, let answer): .answer(number, answer.garbled(&random))
        }
    }

    static func garble(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        if bytes.isEmpty { return [0] }
        var bytes = bytes
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.remove(at: place)
        case 1: bytes.removeLast(bytes.count - place)
        default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        return bytes
    }

    fileprivate static func garble(_ offers: inout [Offer], _ random: inout SeededGenerator) {
        if offers.isEmpty { return }
        let place = Int.random(in: 0..<offers.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: offers[place].size = UInt64.random(in: 0...1 << 40, using: &random)
        case 1:
            // The order of a dictionary is not the same in every run.
            let sizes = offers[place].bounds.keys.sorted()
            guard let size = sizes.randomElement(using: &random) else { return }
            offers[place].bounds[size] =
                random.oneIn(2) ? nil : offers[place].bounds[size].map { garble($0, &random) }
        default: offers[place].note = garble(offers[place].note, &random)
        }
    }
}

extension Message.Request {
    fileprivate var summary: String {
        switch self {
        case .list: "list"
        case .held(let offers): "held " + offers.map(\.summary).joined(separator: " ")
        case .evidence: "evidence"
        case .take(let proofs): "take evidence \(proofs.count)"
        case .fetch(let log, let from, let to): "fetch \(log.short) \(from)..<\(to)"
        case .tree(let log): "tree \(log.short)"
        case .push(let batch):
            "push \(batch.log.short) \(batch.from)..<\(batch.from + UInt64(batch.entries.count))"
        case .addCheckpoint(let log, _): "add-checkpoint \(log.short)"
        }
    }

    fileprivate func garbled(_ random: inout SeededGenerator) -> Self {
        switch self {
        case .held(var offers):
            Message.garble(&offers, &random)
            return .held(offers)
        case .take(let proofs): return .take(proofs.map { $0.garbled(&random) })
        case .push(var batch):
            batch.garble(&random)
            return .push(batch)
        case .addCheckpoint(let log, let body):
            return .addCheckpoint(log, body: Message.garble(body, &random))
        case .list, .evidence, .fetch, .tree: return self
        }
    }
}

extension Message.Answer {
    fileprivate var summary: String {
        switch self {
        case .logs(let offers, let rest):
            "logs " + offers.map(\.summary).joined(separator: " ")
                + (rest.map { ", cut, has \($0)" } ?? "")
        case .held(let size, let isComplete):
            "has \(size.map(String.init) ?? "nothing") of its own, \(isComplete ? "complete" : "lacks some")"
        case .evidence(let proofs): "evidence \(proofs.count)"
        case .entries(let log, let entries): "\(entries.count) entries of \(log.short)"
        case .tree(let leaves, _): "tree of \(leaves.count)"
        case .cosigned(let line, let size): line == nil ? "wants \(size)" : "cosigned"
        case .taken: "taken"
        case .stopped: "stopped"
        case .refused: "refused"
        }
    }

    fileprivate func garbled(_ random: inout SeededGenerator) -> Self {
        switch self {
        case .logs(var offers, let rest):
            Message.garble(&offers, &random)
            return .logs(offers, rest: rest)
        case .evidence(let proofs): return .evidence(proofs.map { $0.garbled(&random) })
        case .entries(let log, let entries):
            var batch = Message.Batch(log: log, from: 0, entries: entries, note: [])
            batch.garble(&random)
            return .entries(log, batch.entries)
        case .tree(var leaves, let note):
            if leaves.isEmpty || random.oneIn(2) {
                return .tree(leaves: leaves, note: Message.garble(note, &random))
            }
            leaves[Int.random(in: 0..<leaves.count, using: &random)] = .zero
            return .tree(leaves: leaves, note: note)
        case .cosigned(let line, let size):
            return .cosigned(line: line.map { Message.garble($0, &random) }, size: size)
        case .held, .taken, .stopped, .refused: return self
        }
    }
}

extension Message.Offer {
    fileprivate var summary: String {
        "\(log.short):\(size)" + (bounds.isEmpty ? "" : "/\(bounds.keys.sorted())")
    }
}

extension Message.Batch {
    fileprivate mutating func garble(_ random: inout SeededGenerator) {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: note = Message.garble(note, &random)
        case 1: entries = entries.dropLast()
        case 2: from += 1
        default:
            if entries.isEmpty { return }
            let place = Int.random(in: 0..<entries.count, using: &random)
            entries[place] = Message.garble(entries[place], &random)
        }
    }
}

extension Origin {
    /// The first label, for traces.
    var short: Substring { description.prefix { $0 != "." } }
}
