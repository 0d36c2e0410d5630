import NIOCore
import NIOHTTP1

/// A response that was received whole.
public struct HTTPResponse: Sendable {
    /// The status code.
    public let status: Int
    /// The headers in their order.
    public let headers: [(name: String, value: String)]
    /// The body, empty without one.
    public let body: [UInt8]

    /// The first header of a name, whatever its case.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}

/// What becomes of one response.
final class HTTPExchange {
    /// Where the body goes.
    enum Sink {
        case whole(EventLoopPromise<HTTPResponse>, bytesMax: Int)
        case lines(LineSink)
    }

    /// Memory that is set aside before any byte of a body has arrived.
    private static let reserveBytesMax = 1 << 20

    let sink: Sink
    /// The time between two signs of life from the partner; for the whole response where it has no bound of its own.
    let seconds: Int64
    /// The time from the beginning of the request to the end of the response; nil where `seconds` bounds it, or
    /// nothing.
    let wholeSeconds: Int64?
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    init(_ sink: Sink, seconds: Int64, wholeSeconds: Int64? = nil) {
        self.sink = sink
        self.seconds = seconds
        self.wholeSeconds = wholeSeconds
    }

    /// Whether the partner has begun to answer.
    var hasBegun: Bool { head != nil }

    /// Whether the response goes on until somebody ends it.
    var isStream: Bool {
        if case .lines = sink { true } else { false }
    }

    /// Whether each sign of life renews the time.
    var isRenewed: Bool { isStream || wholeSeconds != nil }

    func receive(_ head: HTTPResponseHead) throws(PartnerTLSError) {
        // Informational responses come before the one that counts.
        guard head.status.code >= 200 else { return }
        self.head = head
        switch sink {
        case .whole(_, let bytesMax):
            guard let text = head.headers.first(name: "content-length") else { return }
            guard let announced = PlainNumber.parse(text, upTo: bytesMax) else {
                throw .responseTooLarge(limitBytes: bytesMax)
            }
            // The length is a claim until the bytes are there.
            body.reserveCapacity(min(announced, Self.reserveBytesMax))
        case .lines:
            guard head.status.code == 200 else {
                throw .refusedStream(status: Int(head.status.code))
            }
        }
    }

    func receive(_ bytes: ByteBuffer) throws(PartnerTLSError) {
        switch sink {
        case .whole(_, let bytesMax):
            guard bytes.readableBytes <= bytesMax - body.readableBytes else {
                throw .responseTooLarge(limitBytes: bytesMax)
            }
            var bytes = bytes
            body.writeBuffer(&bytes)
        case .lines(let lines): try lines.receive(bytes)
        }
    }

    func finish() {
        switch sink {
        case .whole(let promise, _):
            guard let head else {
                return promise.fail(PartnerTLSError.malformedResponse(reason: "it has no head"))
            }
            promise.succeed(
                HTTPResponse(
                    status: Int(head.status.code),
                    headers: head.headers.map { (name: $0.name, value: $0.value) },
                    body: Array(body.readableBytesView)))
        case .lines(let lines): lines.finish()
        }
    }

    func fail(_ error: PartnerTLSError) {
        switch sink {
        case .whole(let promise, _): promise.fail(error)
        case .lines(let lines): lines.fail(error)
        }
    }

    /// Whether the connection can carry another request after this response.
    var allowsReuse: Bool {
        guard let head, head.version == .http1_1, !isStream else { return false }
        return !head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "close" }
    }
}

/// Cuts a body into lines and hands them to a stream.
final class LineSink {
    private let continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
    private let lineBytesMax: Int
    private let waitingBytesMax: Int
    /// Asked whenever bytes come: why the peer is not trusted any more, nil if it is.
    private let whyEnded: () -> PartnerTLSError?
    private var rest: [UInt8] = []
    /// The lengths of the lines that wait to be taken, and their sum.
    private var waiting = CircularBuffer<Int>()
    private var waitingBytes = 0

    init(
        _ continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation, lineBytesMax: Int,
        waitingBytesMax: Int, whyEnded: @escaping () -> PartnerTLSError?
    ) {
        self.continuation = continuation
        self.lineBytesMax = lineBytesMax
        self.waitingBytesMax = waitingBytesMax
        self.whyEnded = whyEnded
    }

    func receive(_ bytes: ByteBuffer) throws(PartnerTLSError) {
        if let refusal = whyEnded() { throw refusal }
        var left = bytes.readableBytesView
        while let end = left.firstIndex(of: UInt8(ascii: "\n")) {
            try append(left[..<end])
            try yield(rest)
            rest.removeAll(keepingCapacity: true)
            left = left[(end + 1)...]
        }
        try append(left)
    }

    private func append(_ bytes: ByteBufferView) throws(PartnerTLSError) {
        guard bytes.count <= lineBytesMax - rest.count else {
            throw .lineTooLong(limitBytes: lineBytesMax)
        }
        rest += bytes
    }

    private func yield(_ line: [UInt8]) throws(PartnerTLSError) {
        switch continuation.yield(line) {
        case .enqueued(let room):
            waiting.append(line.count)
            waitingBytes += line.count
            while waiting.count > HTTPClient.streamLinesMax - room, let taken = waiting.popFirst() {
                waitingBytes -= taken
            }
            guard waitingBytes <= waitingBytesMax else {
                throw .streamOverrun(limitLines: waiting.count)
            }
        case .dropped: throw .streamOverrun(limitLines: HTTPClient.streamLinesMax)
        case .terminated: throw .cancelled
        @unknown default: return
        }
    }

    func finish() {
        if !rest.isEmpty { continuation.yield(rest) }
        continuation.finish()
    }

    func fail(_ error: PartnerTLSError) { continuation.finish(throwing: error) }
}
