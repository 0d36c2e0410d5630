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
            guard let log = items[index].integerValue, let size = items[index + 1].integerValue
            else { return nil }
            context[Int(log)] = UInt64(size)
        }
        return context
    }

    static func encode(_ cited: [Int: LogProgress.CitedHead]) -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.arrayHead(cited.count)
        for (log, head) in cited.sorted(by: { $0.key < $1.key }) {
            encoder.arrayHead(4)
            encoder.integer(log)
            encoder.unsigned(head.size)
            encoder.byteString(head.root.bytes)
            encoder.bool(head.isChecked)
        }
        return encoder.bytes
    }

    static func cited(_ bytes: [UInt8]) -> [Int: LogProgress.CitedHead]? {
        guard let items = try? CBORValue(decoding: bytes).arrayValue else { return nil }
        var cited: [Int: LogProgress.CitedHead] = [:]
        for item in items {
            guard let parts = item.arrayValue, parts.count == 4, let log = parts[0].integerValue,
                let size = parts[1].integerValue,
                let root = parts[2].bytesValue.flatMap({ Digest($0) }),
                case .bool(let isChecked) = parts[3]
            else { return nil }
            cited[Int(log)] = .init(size: UInt64(size), root: root, isChecked: isChecked)
        }
        return cited
    }

    /// What other logs say about a log: how much of it they cite, and how long its keys count.
    static func encode(known log: LogProgress) -> [UInt8] {
        var encoder = CBOREncoder()
        encoder.arrayHead(2 + log.keys.count)
        encoder.unsigned(log.citedSize)
        encoder.unsigned(log.governedSize)
        for (fingerprint, standing) in log.keys.sorted(by: { $0.key < $1.key }) {
            encoder.arrayHead(6)
            encoder.byteString(fingerprint.bytes)
            encoder.integer(standing.notBefore)
            encoder.integer(standing.notAfter)
            encoder.unsigned(standing.timelySize)
            for index in [standing.retiredAt, standing.closedSize] {
                if let index { encoder.unsigned(index) } else { encoder.null() }
            }
        }
        return encoder.bytes
    }

    /// Reads what ``encode(known:)`` wrote; false for anything else.
    static func read(known bytes: [UInt8], into log: inout LogProgress) -> Bool {
        guard let items = try? CBORValue(decoding: bytes).arrayValue, items.count >= 2,
            let cited = items[0].integerValue, let governed = items[1].integerValue
        else { return false }
        (log.citedSize, log.governedSize) = (UInt64(cited), UInt64(governed))
        for item in items.dropFirst(2) {
            guard let parts = item.arrayValue, parts.count == 6,
                let fingerprint = parts[0].bytesValue.flatMap({ Digest($0) }),
                let notBefore = parts[1].integerValue, let notAfter = parts[2].integerValue,
                let timely = parts[3].integerValue
            else { return false }
            var standing = SigningKeyStanding(notBefore: notBefore, notAfter: notAfter)
            standing.timelySize = UInt64(timely)
            standing.retiredAt = parts[4].integerValue.map { UInt64($0) }
            standing.closedSize = parts[5].integerValue.map { UInt64($0) }
            log.keys[fingerprint] = standing
        }
        return true
    }
}
