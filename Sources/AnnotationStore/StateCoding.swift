import AnnotationModel
import CanonicalCBOR
import Provenance
import Signing

/// The small structures of a merge's state as the tables hold them.
enum StateCoding {
    static func encode(_ context: CausalContext) -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.arrayHead(context.parts.count * 2)
        for part in context.parts {
            encoder.integer(part.log)
            encoder.unsigned(part.size)
        }
        return encoder.bytes
    }

    static func context(_ bytes: [UInt8]) -> CausalContext? {
        guard let items = try? CBORValue(decoding: bytes).arrayValue, items.count % 2 == 0 else {
            return nil
        }
        var context = CausalContext()
        for index in stride(from: 0, to: items.count, by: 2) {
            guard let log = items[index].integerValue, let size = items[index + 1].integerValue,
                size >= 0
            else { return nil }
            context[Int(log)] = UInt64(size)
        }
        return context
    }

    /// How much of each log an author had merged: pairs, ascending by log.
    static func encode(_ cited: [Int: UInt64]) -> [UInt8] {
        var context = CausalContext()
        for (log, size) in cited { context[log] = size }
        return encode(context)
    }

    static func cited(_ bytes: [UInt8]) -> [Int: UInt64]? {
        guard let context = context(bytes) else { return nil }
        return Dictionary(
            context.parts.map { ($0.log, $0.size) }, uniquingKeysWith: { first, _ in first })
    }

    static func encode(_ wait: LogProgress.Wait) -> [UInt8] {
        CBORValue.array([
            .integer(Int64(wait.log)), .integer(Int64(clamping: wait.size)), .integer(wait.since),
        ]).encoded
    }

    static func wait(_ bytes: [UInt8]) -> LogProgress.Wait? {
        guard let parts = try? CBORValue(decoding: bytes).arrayValue, parts.count == 3,
            let log = parts[0].integerValue, let size = parts[1].integerValue, size >= 0,
            let since = parts[2].integerValue
        else { return nil }
        return LogProgress.Wait(log: Int(log), size: UInt64(size), since: since)
    }
}
