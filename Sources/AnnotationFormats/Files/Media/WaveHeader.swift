/// What the header of a RIFF/WAVE file says of the recording ("Multimedia Programming Interface and Data
/// Specifications 1.0", IBM and Microsoft).
///
/// Only the beginning of the file is looked at; chunks that stand before the sound may fill it, then
/// nothing is known.
public struct WaveHeader: Equatable, Sendable {
    /// Bytes of a file that are enough for all but strange headers.
    public static let headBytes = 4_096

    /// How long the sound lasts.
    public let durationSeconds: Double
    /// How many channels it has.
    public let channels: Int

    /// Reads the header at the beginning of a file; nil where there is none, or one without sense.
    ///
    /// A file that was cut off, or written without knowing its length, lasts as long as its bytes.
    public init?(head: [UInt8], fileBytes: Int64) {
        let reader = Reader(bytes: head)
        guard reader.text(0) == "RIFF", reader.text(8) == "WAVE" else { return nil }
        var position = 12
        var format: (channels: Int, bytesPerSecond: Double)?
        while let name = reader.text(position), let size = reader.number(position + 4, 4) {
            let body = position + 8
            if name == "fmt " {
                guard let channels = reader.number(body + 2, 2), channels > 0,
                    let rate = reader.number(body + 8, 4), rate > 0
                else { return nil }
                format = (channels, Double(rate))
            }
            if name == "data" {
                guard let format else { return nil }
                let count = min(Int64(size), fileBytes - Int64(body))
                guard count >= 0 else { return nil }
                durationSeconds = Double(count) / format.bytesPerSecond
                channels = format.channels
                return
            }
            // Chunks begin at even places.
            position = body + size + size % 2
        }
        return nil
    }

    /// Little-endian numbers and names, nil beyond the end.
    private struct Reader {
        let bytes: [UInt8]

        func number(_ start: Int, _ count: Int) -> Int? {
            guard start >= 0, start <= bytes.count - count else { return nil }
            return bytes[start..<(start + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
        }

        func text(_ start: Int) -> String? {
            guard start >= 0, start <= bytes.count - 4 else { return nil }
            return String(decoding: bytes[start..<(start + 4)], as: UTF8.self)
        }
    }
}
