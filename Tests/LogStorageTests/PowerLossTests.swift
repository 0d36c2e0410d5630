import Foundation
import LogStorage
import Testing

/// What a disk may hold after the power failed during a commit: every state that the order of syncs
/// leaves open, drawn at random.
@Suite("Power loss")
struct PowerLossTests {
    private struct Name {
        let kind: String
        let index: String
        /// The width; 256 for a full tile.
        let width: Int

        /// Reads `tile/<kind>/<index>` or `tile/<kind>/<index>.p/<width>`.
        init?(_ path: String) {
            let parts = path.split(separator: "/")
            guard parts.count >= 3, parts[0] == "tile" else { return nil }
            kind = String(parts[1])
            index = String(parts[2].prefix(3))
            width = parts.count == 4 ? Int(parts[3]) ?? 0 : 256
        }
    }

    @Test("any state of a commit opens at the old checkpoint, and the log goes on from there")
    func beforeTheCheckpoint() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        print("power loss before the checkpoint: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<120 {
            let (old, new) = try histories(&random)
            let log = SampleLog()
            try log.replace(with: torn(old.files, new.files, &random))
            let writer = try log.writer()
            #expect(writer.size == old.size, "seed \(seed)")
            writer.close()
            #expect(try log.problems(size: old.size) == [], "seed \(seed)")
            try log.grow(to: old.size + UInt64.random(in: 1...600, using: &random))
            #expect(try LogCheck.run(directory: log.directory).isEmpty, "seed \(seed)")
        }
    }

    @Test("behind an acknowledged checkpoint only hashes can be torn, and they are made anew")
    func afterTheCheckpoint() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        print("power loss after the checkpoint: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<80 {
            var (_, new) = try histories(&random)
            for (path, bytes) in new.files {
                guard let name = Name(path), name.kind != "entries", name.width < 256 else {
                    continue
                }
                new.files[path] = garbled(bytes, keeping: 0, &random)
                if random.oneIn(4) { new.files[path] = nil }
            }
            let log = SampleLog()
            try log.replace(with: new.files)
            let writer = try log.writer()
            #expect(writer.size == new.size, "seed \(seed)")
            writer.close()
            #expect(try log.problems(size: new.size) == [], "seed \(seed)")
        }
    }

    private typealias State = (size: UInt64, files: [String: [UInt8]])

    /// A log before and after one commit.
    private func histories(_ random: inout SeededGenerator) throws -> (old: State, new: State) {
        let log = SampleLog()
        let size = UInt64.random(in: 1...700, using: &random)
        try log.grow(to: size)
        let old: State = (size, try log.files())
        let grown = size + UInt64.random(in: 1...(random.oneIn(2) ? 5 : 900), using: &random)
        try log.grow(to: grown)
        return (old, (grown, try log.files()))
    }

    /// The files after a commit that did not come to its checkpoint.
    ///
    /// Bundles are synced one after another, so those before some bundle are whole, that one is torn
    /// behind its old bytes, and later ones are not there. Hashes are synced when a tile is full.
    private func torn(
        _ old: [String: [UInt8]], _ new: [String: [UInt8]], _ random: inout SeededGenerator
    ) -> [String: [UInt8]] {
        var files = old.filter { Name($0.key) == nil }
        let bundles = new.keys.filter { Name($0)?.kind == "entries" }.sorted()
        let tornIndex = Name(bundles.randomElement(using: &random) ?? "")?.index ?? "000"
        for (path, bytes) in new {
            guard let name = Name(path) else { continue }
            let before = old.first { entry in
                Name(entry.key).map { $0.kind == name.kind && $0.index == name.index } ?? false
            }
            if before?.key == path {
                files[path] = bytes
                continue
            }
            if name.kind == "entries", name.index < tornIndex {
                files[path] = bytes
                continue
            }
            if name.kind == "entries", name.index > tornIndex {
                if let before { files[before.key] = before.value }
                continue
            }
            let keeping = name.kind == "entries" ? before?.value.count ?? 0 : 0
            let content = random.oneIn(3) ? bytes : garbled(bytes, keeping: keeping, &random)
            if let before, random.oneIn(2) || name.kind != "entries" && name.index > tornIndex {
                // The rename is lost.
                files[before.key] = content
            } else if before != nil || !random.oneIn(3) {
                files[path] = content
            }
        }
        return files
    }

    private func garbled(
        _ bytes: [UInt8], keeping: Int, _ random: inout SeededGenerator
    ) -> [UInt8] {
        let cut = Int.random(in: keeping...max(keeping, bytes.count), using: &random)
        var result = Array(bytes.prefix(cut))
        switch Int.random(in: 0..<3, using: &random) {
        case 0: break
        case 1: result += [UInt8](repeating: 0, count: bytes.count - cut)
        default:
            result += (cut..<bytes.count).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        return result
    }
}
