import AnnotationModel
import Signing

/// What nodes send each other.
///
/// Everything that is bytes on the wire is bytes here.
enum Message {
    case hello(evidence: [ForkProof])
    case offers([Offer], evidence: [ForkProof])
    case fetch(Origin, from: UInt64)
    /// Asked for or pushed: entries from an index on, and the checkpoint that covers them.
    case entries(Batch)
    case fetchTree(Origin)
    case tree(Origin, leaves: [Digest], note: [UInt8])
    case addCheckpoint(Origin, body: [UInt8])
    /// A cosignature, or the size from which the witness wants a proof.
    case cosigned(Origin, note: [UInt8], line: [UInt8]?, size: UInt64)

    /// One log as a node offers it.
    struct Offer {
        let log: Origin
        var size: UInt64
        var note: [UInt8]
    }

    /// Entries of one log, the checkpoint that covers them, and those within that the log's readers change under.
    struct Batch {
        let log: Origin
        var from: UInt64
        var entries: [[UInt8]]
        var note: [UInt8]
        var bounds: [UInt64: [UInt8]] = [:]
    }

    var summary: String {
        switch self {
        case .hello(let evidence): "hello, evidence \(evidence.count)"
        case .offers(let offers, let evidence):
            "offers " + offers.map { "\($0.log.short):\($0.size)" }.joined(separator: " ")
                + ", evidence \(evidence.count)"
        case .fetch(let log, let from): "fetch \(log.short) from \(from)"
        case .entries(let batch):
            "entries \(batch.log.short) \(batch.from)..<\(batch.from + UInt64(batch.entries.count))"
                + (batch.bounds.isEmpty ? "" : ", bounds \(batch.bounds.keys.sorted())")
        case .fetchTree(let log): "fetch tree \(log.short)"
        case .tree(let log, let leaves, _): "tree \(log.short) of \(leaves.count)"
        case .addCheckpoint(let log, _): "add-checkpoint \(log.short)"
        case .cosigned(let log, _, let line, let size):
            "\(line == nil ? "wants \(size)" : "cosigned") \(log.short)"
        }
    }

    /// The message with one byte of it changed, where it has any.
    func garbled(_ random: inout SeededGenerator) -> Message {
        switch self {
        case .offers(var offers, let evidence) where !offers.isEmpty:
            let place = Int.random(in: 0..<offers.count, using: &random)
            if random.oneIn(3) {
                offers[place].size = UInt64.random(in: 0...1 << 40, using: &random)
            } else {
                offers[place].note = Self.garble(offers[place].note, &random)
            }
            return .offers(offers, evidence: evidence)
        case .entries(var batch):
            batch.garble(&random)
            return .entries(batch)
        case .tree(let log, var leaves, let note):
            if leaves.isEmpty || random.oneIn(2) {
                return .tree(log, leaves: leaves, note: Self.garble(note, &random))
            }
            leaves[Int.random(in: 0..<leaves.count, using: &random)] = .zero
            return .tree(log, leaves: leaves, note: note)
        case .addCheckpoint(let log, let body):
            return .addCheckpoint(log, body: Self.garble(body, &random))
        case .cosigned(let log, let note, let line, let size):
            return .cosigned(
                log, note: note, line: line.map { Self.garble($0, &random) }, size: size)
        case .hello(let evidence):
            return .hello(evidence: evidence.map { $0.garbled(&random) })
        case .offers, .fetch, .fetchTree: return self
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
}

extension Message.Batch {
    fileprivate mutating func garble(_ random: inout SeededGenerator) {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: note = Message.garble(note, &random)
        case 1: entries = entries.dropLast()
        case 2: from += 1
        case 3:
            // The order of a dictionary is not the same in every run.
            guard let size = bounds.keys.sorted().randomElement(using: &random) else { return }
            bounds[size] = random.oneIn(2) ? nil : bounds[size].map { Message.garble($0, &random) }
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
