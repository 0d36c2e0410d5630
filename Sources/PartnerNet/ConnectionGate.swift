import NIOCore
import NIOHTTP1
import PartnerTLS
import PlainErrors

/// Watches over one connection's HTTP: how long heads, bodies and answers take, and how long bodies are.
///
/// It stands between the parser and the router. A request that breaks a limit is answered here, whatever the
/// router is doing with it, and then the connection ends. What the partner still sends behind a refused
/// request is thrown away for a while, so that the refusal reaches it.
package final class ConnectionGate: ChannelDuplexHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundIn = HTTPServerResponsePart
    package typealias OutboundOut = HTTPServerResponsePart

    /// Bounds in time and bytes.
    package struct Limits: Sendable {
        var firstHeadSeconds = PartnerLimits.firstHeadSeconds
        var idleSeconds = PartnerLimits.idleSeconds
        var bodyGraceSeconds = PartnerLimits.bodyGraceSeconds
        var bodyBytesPerSecond = PartnerLimits.bodyBytesPerSecond
        var bodyBytes = PartnerLimits.bodyBytes
        var stallSeconds = PartnerLimits.stallSeconds
        var lingerSeconds = PartnerLimits.lingerSeconds
        /// How often time is looked at.
        var tick = TimeAmount.seconds(1)
    }

    /// Ends the body of a request that was refused here.
    package struct Ended: Error {}

    private enum Phase: Equatable {
        /// Requests come and are answered.
        case open
        /// The last answer is out; what still comes is thrown away until then.
        case lingering(until: NIODeadline)
        case closed
    }

    private let limits: Limits
    private let onLimit: (String) -> Void
    private var phase = Phase.open
    private var ticks: RepeatedTask?
    /// Whether a request's head has come and its end has not.
    private var isInBody = false
    private var bodyBytes = 0
    /// What came behind a refusal.
    private var thrownAway = 0
    /// How long this node has waited for the body, and since when it does.
    private var waited = TimeAmount.zero
    private var waitingSince: NIODeadline?
    /// Requests whose answer is not out yet.
    private var due = 0
    private var hasBegunAnswer = false
    private var isLastAnswer = false
    private var hasAnswered = false
    /// When there was last nothing to do.
    private var freeSince = NIODeadline.now()
    private var stalledSince: NIODeadline?
    /// Whether the peer may send another request on the connection.
    private var mayGoOn = true

    /// A gate for one connection.
    ///
    /// - Parameter onLimit: Learns the code of a limit that was reached.
    package init(_ limits: Limits = Limits(), onLimit: @escaping (String) -> Void = { _ in }) {
        (self.limits, self.onLimit) = (limits, onLimit)
    }

    // MARK: Time

    package func handlerAdded(context: ChannelHandlerContext) {
        freeSince = context.eventLoop.now
        let own = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        // It ends with the channel, and lets go of both.
        ticks = context.eventLoop.scheduleRepeatedTask(
            initialDelay: limits.tick, delay: limits.tick
        ) { _ in own.value.gate.check(own.value.context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) { stop() }

    package func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    private func stop() {
        phase = .closed
        ticks?.cancel()
        ticks = nil
    }

    private func check(_ context: ChannelHandlerContext) {
        let now = context.eventLoop.now
        if case .lingering(let end) = phase {
            if now >= end { finish(context) }
            return
        }
        guard phase == .open else { return }
        if let stalledSince, now - stalledSince > .seconds(limits.stallSeconds) {
            onLimit("slow-reader")
            return finish(context)
        }
        if isInBody {
            let all = waited + (waitingSince.map { now - $0 } ?? .zero)
            let bought = Int64(bodyBytes / limits.bodyBytesPerSecond)
            guard all > .seconds(limits.bodyGraceSeconds + bought) else { return }
            refuse(
                .slowBody,
                "the body came too slowly: \(bodyBytes) bytes in \(all.nanoseconds / 1_000_000_000) s",
                context)
        } else if due == 0 {
            let seconds = hasAnswered ? limits.idleSeconds : limits.firstHeadSeconds
            guard now - freeSince > .seconds(seconds) else { return }
            if !hasAnswered { onLimit("slow-head") }
            finish(context)
        }
    }

    // MARK: What comes

    package func read(context: ChannelHandlerContext) {
        if waitingSince == nil { waitingSince = context.eventLoop.now }
        context.read()
    }

    private func noteWait(_ context: ChannelHandlerContext) {
        guard let since = waitingSince else { return }
        waited = waited + (context.eventLoop.now - since)
        waitingSince = nil
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .open else {
            // Behind a refusal: when the request is over, so is the connection.
            switch unwrapInboundIn(data) {
            case .head: break
            case .body(let bytes): thrownAway += bytes.readableBytes
            case .end: return finish(context)
            }
            if thrownAway > limits.bodyBytes { finish(context) }
            return
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            (isInBody, bodyBytes, waited, waitingSince) = (true, 0, .zero, nil)
            due += 1
            mayGoOn = mayGoOn && head.isKeepAlive
            let announced = head.headers.first(name: "content-length")
            let fits =
                announced.map { PlainNumber.parse($0, upTo: limits.bodyBytes) != nil } ?? true
            context.fireChannelRead(data)
            if !fits { refuseLarge(context) }
        case .body(let bytes):
            noteWait(context)
            bodyBytes += bytes.readableBytes
            guard bodyBytes <= limits.bodyBytes else { return refuseLarge(context) }
            context.fireChannelRead(data)
        case .end:
            (isInBody, waitingSince) = (false, nil)
            context.fireChannelRead(data)
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Nobody further up asks for what is thrown away.
        if case .lingering = phase { context.read() }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // No end of the body follows what cannot be parsed.
        if error is HTTPParserError { isInBody = false }
        context.fireErrorCaught(error)
    }

    private func refuseLarge(_ context: ChannelHandlerContext) {
        refuse(
            .tooLarge, "a body has at most \(limits.bodyBytes) bytes", context)
    }

    /// Answers the request whose body is coming, in the router's place, and ends the connection.
    private func refuse(
        _ code: ErrorCode, _ message: String, _ context: ChannelHandlerContext
    ) {
        onLimit(code.word)
        // An answer that was begun, or one to an earlier request, cannot be taken back.
        guard due == 1, !hasBegunAnswer else { return finish(context) }
        linger(context)
        let body = Refusal.body(code, message, "see Docs/Operations.md, Limits")
        let headers = HTTPHeaders([
            ("content-type", "application/json"), ("content-length", "\(body.count)"),
            ("connection", "close"),
        ])
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: code.http), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // The router waits for more of the body.
        context.fireErrorCaught(Ended())
        context.read()
    }

    // MARK: What goes

    package func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        guard phase == .open else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            hasBegunAnswer = true
            // The rest of a refused body is not read to its end.
            let isEarly = isInBody && due == 1
            // Whoever speaks HTTP/1.0, or says that it closes, waits for the end.
            let isLastAsked = !mayGoOn && due <= 1
            if isEarly || isLastAsked {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            isLastAnswer =
                isEarly || isLastAsked
                || head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "close" }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            // What cannot be parsed is answered without having been a request.
            (due, hasBegunAnswer, hasAnswered) = (max(0, due - 1), false, true)
            freeSince = context.eventLoop.now
            guard isLastAnswer else { return context.write(data, promise: promise) }
            linger(context)
            context.writeAndFlush(data, promise: promise)
            if isInBody {
                context.read()
            } else {
                finish(context)
            }
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalledSince = context.channel.isWritable ? nil : context.eventLoop.now
        context.fireChannelWritabilityChanged()
    }

    // MARK: The end

    private func linger(_ context: ChannelHandlerContext) {
        phase = .lingering(until: context.eventLoop.now + .seconds(limits.lingerSeconds))
    }

    private func finish(_ context: ChannelHandlerContext) {
        stop()
        context.close(promise: nil)
    }

    package func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        // The router gives up a request that was refused; the refusal goes out first.
        if case .lingering = phase, mode != .input {
            promise?.completeWith(context.channel.closeFuture)
            return
        }
        context.close(mode: mode, promise: promise)
    }
}
