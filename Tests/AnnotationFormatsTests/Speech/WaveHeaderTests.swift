import AnnotationFormats
import Testing

@Suite("Headers of recordings")
struct WaveHeaderTests {
    static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    static func chunk(_ name: String, _ body: [UInt8], size: Int? = nil) -> [UInt8] {
        Array(name.utf8) + little(size ?? body.count, 4) + body
            + (body.count % 2 == 0 ? [] : [0])
    }

    /// 16 bits, 8,000 samples a second.
    static func wave(
        channels: Int = 2, before: [UInt8] = [], soundBytes: Int = 32_000, said: Int? = nil
    ) -> [UInt8] {
        let format =
            little(1, 2) + little(channels, 2) + little(8_000, 4) + little(16_000 * channels, 4)
            + little(2 * channels, 2) + little(16, 2)
        let body =
            Array("WAVE".utf8) + before + chunk("fmt ", format)
            + chunk("data", [UInt8](repeating: 0, count: soundBytes), size: said)
        return Array("RIFF".utf8) + little(body.count, 4) + body
    }

    @Test("length and channels are read, after other chunks too")
    func reads() throws {
        let long = Self.chunk("bext", .init(repeating: 7, count: 602))
        for before in [[], Self.chunk("LIST", [1, 2, 3]), long] {
            let file = Self.wave(before: before)
            let head = Array(file.prefix(WaveHeader.headBytes))
            let header = try #require(WaveHeader(head: head, fileBytes: Int64(file.count)))
            #expect((header.durationSeconds, header.channels) == (1, 2))
        }
    }

    @Test("a file that was cut off, or streamed without a length, lasts as long as its bytes")
    func cut() throws {
        for said in [0xffff_ffff, 64_000] {
            let file = Self.wave(channels: 1, soundBytes: 8_000, said: said)
            let header = try #require(WaveHeader(head: file, fileBytes: Int64(file.count)))
            #expect(header.durationSeconds == 0.5)
        }
    }

    @Test("what is no header gives nothing, however much of it is there")
    func refuses() {
        let good = Array(Self.wave().prefix(60))
        for count in 0..<44 {
            #expect(WaveHeader(head: Array(good.prefix(count)), fileBytes: 32_044) == nil)
        }
        var noChannel = good
        noChannel[22] = 0
        var noRate = good
        noRate.replaceSubrange(28..<32, with: [0, 0, 0, 0])
        var longChunk = good
        longChunk.replaceSubrange(16..<20, with: [0xff, 0xff, 0xff, 0xff])
        for bad in [noChannel, noRate, longChunk, Array("RIFX".utf8) + good.dropFirst(4)] {
            #expect(WaveHeader(head: bad, fileBytes: 32_044) == nil)
        }
        #expect(WaveHeader(head: good, fileBytes: 20) == nil)
    }
}
