import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import CountermarkNode
@testable import PartnerNet

@Suite("Limits of a connection")
struct ConnectionGateTests {
    /// A gate on a channel whose clock the test moves.
    private final class Door {
        let channel = EmbeddedChannel()
        let passed = Passed()
        private(set) var reached: [String] = []

        /// Notes what reaches the router.
        final class Passed: ChannelInboundHandler {
            typealias InboundIn = HTTPServerRequestPart
            var parts: [String] = []

            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                switch unwrapInboundIn(data) {
                case .head(let head): parts.append(head.uri)
                case .body(let bytes): parts.append("\(bytes.readableBytes)")
                case .end: parts.append("end")
                }
            }

            func errorCaught(context: ChannelHandlerContext, error: any Error) {
                parts.append("\(type(of: error))")
            }
        }

        init(_ change: (inout ConnectionGate.Limits) -> Void = { _ in }) throws {
            var limits = ConnectionGate.Limits()
            change(&limits)
            try channel.pipeline.syncOperations.addHandlers(
                ConnectionGate(limits) { [weak self] in self?.reached.append($0) }, passed)
            try channel.connect(to: .init(unixDomainSocketPath: "/x")).wait()
        }

        func begin(
            _ path: String = "/", length: String? = nil, version: HTTPVersion = .http1_1
        ) throws {
            let headers = length.map { HTTPHeaders([("content-length", $0)]) } ?? [:]
            try channel.writeInbound(
                HTTPServerRequestPart.head(
                    .init(version: version, method: .POST, uri: path, headers: headers)))
            channel.read()
        }

        func send(_ count: Int) throws {
            try channel.writeInbound(
                HTTPServerRequestPart.body(ByteBuffer(repeating: 0, count: count)))
            channel.read()
        }

        func end() throws { try channel.writeInbound(HTTPServerRequestPart.end(nil)) }

        func answer(_ status: HTTPResponseStatus = .ok, close: Bool = false) throws {
            let headers = close ? HTTPHeaders([("connection", "close")]) : [:]
            channel.write(
                HTTPServerResponsePart.head(
                    .init(version: .http1_1, status: status, headers: headers)), promise: nil)
            channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        }

        func pass(_ seconds: Int64) {
            for _ in 0..<seconds { channel.embeddedEventLoop.advanceTime(by: .seconds(1)) }
        }

        /// The answers that went out: status, whether the connection ends with it, and the body.
        func answers() throws -> [String] {
            var answers: [String] = []
            while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
                switch part {
                case .head(let head):
                    let ends = head.headers.first(name: "connection") == "close"
                    answers.append("\(head.status.code)\(ends ? " close" : "")")
                case .body(.byteBuffer(let bytes)): answers.append(String(buffer: bytes))
                default: break
                }
            }
            return answers
        }

        var isOpen: Bool { channel.isActive }
    }

    @Test("a connection without a whole head ends after its time, and not before")
    func heads() throws {
        let door = try Door()
        door.pass(PartnerLimits.firstHeadSeconds)
        #expect(door.isOpen)
        door.pass(1)
        #expect(!door.isOpen)
        #expect(door.reached == ["slow-head"])
    }

    @Test("between two requests a connection may rest for longer, and not for ever")
    func idle() throws {
        let door = try Door()
        try door.begin()
        try door.end()
        // As long as the router works on it nothing ends.
        door.pass(PartnerLimits.idleSeconds * 10)
        try door.answer()
        door.pass(PartnerLimits.idleSeconds)
        #expect(door.isOpen)
        door.pass(1)
        #expect(!door.isOpen)
        #expect(door.reached.isEmpty)
    }

    @Test("a body that stops is answered with 408, one that goes on slowly enough is not")
    func slowBody() throws {
        let door = try Door()
        try door.begin(length: "1000000")
        // Each second as many bytes as buy one second: it may go on.
        for _ in 0..<200 {
            try door.send(PartnerLimits.bodyBytesPerSecond)
            door.pass(1)
        }
        #expect(door.isOpen)
        #expect(try door.answers().isEmpty)
        door.pass(PartnerLimits.bodyGraceSeconds + 2)
        let answers = try door.answers()
        #expect(answers.first == "408 close")
        #expect(answers.last?.contains("slow-body") == true)
        #expect(door.passed.parts.last == "Ended")
        #expect(door.reached == ["slow-body"])
        door.pass(PartnerLimits.lingerSeconds + 1)
        #expect(!door.isOpen)
    }

    @Test("a drop now and then does not keep a body going")
    func drops() throws {
        let door = try Door()
        try door.begin(length: "1000000")
        for _ in 0..<PartnerLimits.bodyGraceSeconds {
            try door.send(1)
            door.pass(1)
        }
        #expect(door.isOpen)
        try door.send(1)
        door.pass(2)
        #expect(try door.answers().first == "408 close")
    }

    @Test("time in which this node does not read is not the partner's")
    func busy() throws {
        let door = try Door()
        try door.begin(length: "1000000")
        try door.channel.writeInbound(
            HTTPServerRequestPart.body(ByteBuffer(repeating: 0, count: 10)))
        door.pass(1_000)
        #expect(door.isOpen)
        #expect(try door.answers().isEmpty)
    }

    @Test("a body as long as the limit passes, one byte more is refused, announced or not")
    func longBody() throws {
        let limit = 1_000
        let exact = try Door { $0.bodyBytes = limit }
        try exact.begin(length: "\(limit)")
        try exact.send(limit)
        try exact.end()
        #expect(exact.passed.parts == ["/", "1000", "end"])
        for announced in ["1001", "18446744073709551616", "-1", "+1", "01"] {
            let door = try Door { $0.bodyBytes = limit }
            try door.begin(length: announced)
            #expect(try door.answers().first == "413 close", "\(announced)")
            #expect(door.reached == ["too-large"])
        }
        let chunked = try Door { $0.bodyBytes = limit }
        try chunked.begin()
        for _ in 0..<10 { try chunked.send(limit / 10) }
        #expect(try chunked.answers().isEmpty)
        try chunked.send(1)
        #expect(try chunked.answers().first == "413 close")
        // What still comes is thrown away, and the end of the request is that of the connection.
        try chunked.send(limit)
        #expect(chunked.passed.parts.count == 12)
        try chunked.end()
        #expect(!chunked.isOpen)
    }

    @Test("an answer before the body's end is the connection's last, and arrives")
    func early() throws {
        let door = try Door()
        try door.begin(length: "30000")
        try door.send(10)
        try door.answer(.unprocessableEntity)
        #expect(try door.answers() == ["422 close"])
        #expect(door.isOpen)
        // The router is done with the connection; the refusal has its time all the same.
        door.channel.close(promise: nil)
        #expect(door.isOpen)
        try door.send(10_000)
        door.pass(PartnerLimits.lingerSeconds + 1)
        #expect(!door.isOpen)
    }

    @Test("behind a refusal as much as one body is thrown away, not more")
    func thrownAway() throws {
        let door = try Door { $0.bodyBytes = 1_000 }
        try door.begin()
        try door.answer(.forbidden)
        try door.send(1_000)
        #expect(door.isOpen)
        try door.send(1)
        #expect(!door.isOpen)
        #expect(door.passed.parts == ["/"])
    }

    @Test("an answer that says so ends its connection, others do not")
    func last() throws {
        let door = try Door()
        for close in [false, true] {
            try door.begin()
            try door.end()
            try door.answer(close: close)
            #expect(door.isOpen == !close)
        }
        #expect(try door.answers() == ["200", "200 close"])
    }

    @Test("a request of HTTP/1.0 is the connection's last")
    func oldVersion() throws {
        let door = try Door()
        try door.begin(version: .http1_0)
        try door.end()
        try door.answer()
        #expect(try door.answers() == ["200 close"])
        #expect(!door.isOpen)
    }

    @Test("what cannot be parsed ends the connection with its answer, though a body was to come")
    func garbage() throws {
        let door = try Door()
        try door.begin(length: "10")
        door.channel.pipeline.fireErrorCaught(HTTPParserError.unknown)
        try door.answer(.badRequest, close: true)
        #expect(try door.answers() == ["400 close"])
        #expect(!door.isOpen)
    }

    @Test("requests one behind the other are answered in order, a refusal among them ends all")
    func pipelined() throws {
        let door = try Door { $0.bodyBytes = 100 }
        try door.begin("/a")
        try door.end()
        try door.begin("/b", length: "50")
        try door.send(50)
        // The first answer is not the last one because the second request is on its way.
        try door.answer()
        #expect(try door.answers() == ["200"])
        try door.end()
        try door.answer()
        #expect(try door.answers() == ["200"])
        #expect(door.isOpen)
        try door.begin("/c")
        try door.end()
        try door.begin("/d", length: "101")
        // Nothing may stand between a request and its answer: the connection ends without a word.
        #expect(try door.answers().isEmpty)
        #expect(!door.isOpen)
    }

    @Test("a partner that does not read is not waited for")
    func stall() throws {
        let door = try Door()
        try door.begin()
        try door.end()
        door.channel.isWritable = false
        door.channel.pipeline.fireChannelWritabilityChanged()
        door.pass(PartnerLimits.stallSeconds)
        #expect(door.isOpen)
        door.pass(1)
        #expect(!door.isOpen)
        #expect(door.reached == ["slow-reader"])
    }
}
