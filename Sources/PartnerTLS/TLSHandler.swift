import NIOCore

/// Puts TLS between a channel's socket and the rest of its pipeline; the first handler in it.
///
/// Writes wait for the handshake. Writes that are flushed within one turn of the event loop become
/// one record where they fit, so that a small response is one packet. A connection that ends without
/// TLS saying so is reported as ``PartnerTLSError/truncated``.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// A handshake takes two round trips; a peer that needs longer holds a connection for nothing.
    package static let handshakeSecondsDefault: Int64 = 10

    private enum State {
        case idle
        case handshaking
        case open
        /// Failed: what still arrives is thrown away until the peer has seen the alert.
        case failed
        case closed
    }

    private struct Write {
        var bytes: ByteBuffer
        var promise: EventLoopPromise<Void>?
    }

    /// The largest TLS record.
    private static let recordBytesMax = 16_384
    /// What is encrypted at a time: bounds the memory and the time that one connection takes.
    private static let batchBytesMax = 262_144
    /// How long a peer may take to close after this side has.
    private static let closeSeconds: Int64 = 5
    /// How long an alert may take to arrive before the connection is torn down.
    private static let alertSeconds: Int64 = 2

    private let session: TLSSession
    private let handshakeSeconds: Int64
    private let handshake: EventLoopPromise<PeerIdentity>
    private var state = State.idle
    private var hasSentFinish = false
    private var hasPeerFinished = false
    private var isFlushScheduled = false
    /// Writes in their order; the first `flushedCount` may go out.
    private var writes = CircularBuffer<Write>()
    private var flushedCount = 0
    private var scratch = ByteBuffer()
    private var timer: Scheduled<Void>?

    /// A handler for one connection.
    ///
    /// - Parameters:
    ///   - context: the side, and what this side shows.
    ///   - serverName: the organisation that a client calls, sent in the clear (SNI).
    ///   - policy: judges the peer's certificates.
    ///   - handshakeSeconds: the time for the handshake.
    ///   - handshake: learns who the peer is, or why the handshake failed; completed in any case.
    package init(
        context: TLSContext, serverName: String? = nil, policy: @escaping PeerPolicy,
        handshakeSeconds: Int64 = TLSHandler.handshakeSecondsDefault,
        handshake: EventLoopPromise<PeerIdentity>
    ) throws(PartnerTLSError) {
        do throws(PartnerTLSError) {
            session = try TLSSession(context: context, serverName: serverName, policy: policy)
        } catch {
            handshake.fail(error)
            throw error
        }
        self.handshakeSeconds = handshakeSeconds
        self.handshake = handshake
    }

    // MARK: Life

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        state = .closed
        handshake.fail(PartnerTLSError.closed)
        failWrites(PartnerTLSError.closed)
    }

    package func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        if state == .handshaking || state == .open, !hasPeerFinished, !hasSentFinish {
            report(.truncated, context)
        }
        state = .closed
        handshake.fail(PartnerTLSError.closed)
        failWrites(PartnerTLSError.closed)
        context.fireChannelInactive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard state == .idle else { return }
        state = .handshaking
        schedule(after: handshakeSeconds, context) { handler, context in
            guard handler.state == .handshaking else { return }
            handler.fail(.handshakeTimeout(seconds: handler.handshakeSeconds), context)
        }
        advance(context)
    }

    private func schedule(
        after seconds: Int64, _ context: ChannelHandlerContext,
        _ action: @escaping (TLSHandler, ChannelHandlerContext) -> Void
    ) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) {
            [weak self] in
            guard let self, state != .closed else { return }
            action(self, context)
        }
    }

    // MARK: Inbound

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state == .handshaking || state == .open else { return }
        do throws(PartnerTLSError) { try session.receive(unwrapInboundIn(data)) } catch {
            return fail(error, context)
        }
        advance(context)
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Nobody further up asks for bytes of a handshake, or of a connection that has failed.
        if state == .handshaking || state == .failed { context.read() }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        if state == .failed { return context.close(promise: nil) }
        // The announced end has been passed on already.
        if hasPeerFinished || state == .closed { return }
        if hasSentFinish { return context.close(promise: nil) }
        fail(.truncated, context)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if state == .failed { return context.close(promise: nil) }
        handshake.fail(error)
        context.fireErrorCaught(error)
    }

    /// Goes on as far as the bytes at hand allow.
    private func advance(_ context: ChannelHandlerContext) {
        do throws(PartnerTLSError) {
            if state == .handshaking {
                let progress = try session.handshake()
                sendOutput(context)
                guard progress == .done else { return }
                guard let peer = session.peer else { throw .noPeerCertificate }
                state = .open
                timer?.cancel()
                handshake.succeed(peer)
                flushNow(context)
            }
            if state == .open { try deliver(context) }
        } catch {
            fail(error, context)
        }
    }

    /// Passes on all plain bytes that have arrived whole.
    private func deliver(_ context: ChannelHandlerContext) throws(PartnerTLSError) {
        while true {
            var plain = context.channel.allocator.buffer(capacity: 0)
            var progress = TLSSession.Progress.done
            while progress == .done, plain.readableBytes < 4 * Self.recordBytesMax {
                progress = try session.read(into: &plain)
            }
            if plain.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plain)) }
            // A reader may have closed the channel meanwhile.
            guard state == .open else { return }
            if progress == .done { continue }
            // Reading may answer, for instance to a key update.
            sendOutput(context)
            if progress == .peerFinished { peerFinished(context) }
            return
        }
    }

    private func peerFinished(_ context: ChannelHandlerContext) {
        guard !hasPeerFinished else { return }
        hasPeerFinished = true
        if hasSentFinish {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    // MARK: Outbound

    package func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        guard state != .closed, state != .failed, !hasSentFinish else {
            promise?.fail(PartnerTLSError.closed)
            return
        }
        writes.append(Write(bytes: unwrapOutboundIn(data), promise: promise))
    }

    package func flush(context: ChannelHandlerContext) {
        flushedCount = writes.count
        guard state == .open, !isFlushScheduled, flushedCount > 0 else { return }
        // What else is written in this turn of the loop joins the record.
        isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute { [self] in
            isFlushScheduled = false
            flushNow(context)
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { flushNow(context) }
        context.fireChannelWritabilityChanged()
    }

    /// Encrypts and sends flushed writes as long as the socket takes them.
    private func flushNow(_ context: ChannelHandlerContext, all: Bool = false) {
        guard state == .open else { return }
        do throws(PartnerTLSError) {
            while flushedCount > 0, all || context.channel.isWritable {
                let promises = try encryptBatch()
                sendOutput(context, promises)
            }
        } catch {
            fail(error, context)
        }
    }

    /// Encrypts a batch of flushed writes; returns the promises of those that are used up.
    private func encryptBatch() throws(PartnerTLSError) -> [EventLoopPromise<Void>] {
        var promises: [EventLoopPromise<Void>] = []
        var room = Self.batchBytesMax
        scratch.clear()
        while flushedCount > 0, room > 0 {
            var bytes = writes[writes.startIndex].bytes
            if bytes.readableBytes > Self.recordBytesMax - scratch.readableBytes {
                try encryptScratch()
            }
            let count = min(bytes.readableBytes, room)
            if count > Self.recordBytesMax / 2 {
                try encryptScratch()
                try encrypt(&bytes, count: count)
            } else if var part = bytes.readSlice(length: count) {
                scratch.writeBuffer(&part)
            }
            room -= count
            if bytes.readableBytes > 0 {
                writes[writes.startIndex].bytes = bytes
            } else {
                if let promise = writes.removeFirst().promise { promises.append(promise) }
                flushedCount -= 1
            }
        }
        try encryptScratch()
        return promises
    }

    private func encryptScratch() throws(PartnerTLSError) {
        guard scratch.readableBytes > 0 else { return }
        try encrypt(&scratch, count: scratch.readableBytes)
        scratch.clear()
    }

    private func encrypt(_ bytes: inout ByteBuffer, count: Int) throws(PartnerTLSError) {
        let outcome: Result<Void, PartnerTLSError> = bytes.withUnsafeReadableBytes { readable in
            do throws(PartnerTLSError) {
                return .success(
                    try session.write(UnsafeRawBufferPointer(rebasing: readable.prefix(count))))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        bytes.moveReaderIndex(forwardBy: count)
    }

    /// Sends what TLS has for the network.
    private func sendOutput(
        _ context: ChannelHandlerContext, _ promises: [EventLoopPromise<Void>] = []
    ) {
        let pending = session.pendingOutputBytes
        guard pending > 0 || !promises.isEmpty else { return }
        var output = context.channel.allocator.buffer(capacity: pending)
        session.drainOutput(into: &output)
        var promise = promises.first
        if promises.count > 1 {
            let shared = context.eventLoop.makePromise(of: Void.self)
            for each in promises { shared.futureResult.cascade(to: each) }
            promise = shared
        }
        context.writeAndFlush(wrapOutboundOut(output), promise: promise)
    }

    // MARK: Ends

    package func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        guard mode != .input else { return context.close(mode: mode, promise: promise) }
        if state == .open, !hasSentFinish {
            flushedCount = writes.count
            flushNow(context, all: true)
            hasSentFinish = true
            session.finish()
            sendOutput(context)
        }
        if state == .failed {
            // The alert is on its way; the channel closes by itself when it has arrived.
            promise?.completeWith(context.channel.closeFuture)
            return
        }
        guard mode == .output, state == .open else {
            state = .closed
            return context.close(mode: .all, promise: promise)
        }
        guard !hasPeerFinished else { return context.close(mode: .all, promise: promise) }
        context.close(mode: .output, promise: promise)
        schedule(after: Self.closeSeconds, context) { _, context in context.close(promise: nil) }
    }

    /// Ends a connection that cannot go on.
    private func fail(_ error: PartnerTLSError, _ context: ChannelHandlerContext) {
        guard state == .handshaking || state == .open else { return }
        state = .failed
        // TLS has put an alert into the output, if the peer is to learn anything. Closing at once
        // could destroy it on the way: a close with bytes unread makes the peer's kernel drop it.
        sendOutput(context)
        report(error, context)
        guard state == .failed, error != .truncated else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        schedule(after: Self.alertSeconds, context) { _, context in context.close(promise: nil) }
        context.read()
    }

    private func report(_ error: PartnerTLSError, _ context: ChannelHandlerContext) {
        handshake.fail(error)
        failWrites(error)
        context.fireErrorCaught(error)
    }

    private func failWrites(_ error: PartnerTLSError) {
        flushedCount = 0
        while let write = writes.popFirst() { write.promise?.fail(error) }
    }
}
