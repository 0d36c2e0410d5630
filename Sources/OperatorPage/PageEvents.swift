import AnnotationModel
import CompanyHome
import CountermarkNode
import Foundation
import Hummingbird
import LabelText
import Logging
import NIOCore
import NodeDocuments
import PartnerTLS
import PlainErrors
import ServiceLifecycle
import Synchronization

/// Tells open pages when a dataset or a partner moved, whichever process moved it: server-sent events.
final class PageEvents: Sendable {
    /// Pages that are open at one time, in all and of one session.
    static let watchersMax = 64
    static let watchersOfSessionMax = 8
    /// Events that a page that does not read them may be behind; then it is let go, and asks anew.
    private static let behindMax = 256
    private static let heartbeat = Duration.seconds(15)

    private struct Watcher {
        let session: PageSession
        /// What its connection has shown.
        let peer: PeerIdentity?
        let stream: AsyncStream<String>.Continuation
    }

    private struct State {
        var watchers: [Int: Watcher] = [:]
        var next = 0
        var datasets: [String: StateTag] = [:]
        var seen: [String: Int64] = [:]
    }

    private let side: OperatorSide
    private let node: SharedNode
    private let sessions: PageSessions
    private let people: PagePeople
    private let certificates: PageCertificates
    private let state = Mutex(State())

    init(
        _ side: OperatorSide, _ node: SharedNode, _ sessions: PageSessions, _ people: PagePeople,
        _ certificates: PageCertificates
    ) {
        (self.side, self.node, self.sessions, self.people) = (side, node, sessions, people)
        self.certificates = certificates
    }

    /// A stream of events for one page.
    func watch(_ session: PageSession) throws -> Response {
        let (stream, continuation) = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingOldest(Self.behindMax))
        let number = try state.withLock { state in
            guard state.watchers.count < Self.watchersMax,
                state.watchers.values.count(where: { $0.session.name == session.name })
                    < Self.watchersOfSessionMax
            else {
                throw PageProblem(
                    .tooManyWatches, "too many pages watch this node", hint: "close some first")
            }
            state.next += 1
            state.watchers[state.next] = Watcher(
                session: session, peer: PageChannel.peer, stream: continuation)
            return state.next
        }
        continuation.onTermination = { [self] _ in
            state.withLock { state in
                state.watchers.removeValue(forKey: number)
                // Nobody looks until somebody watches again, who is then told where all stands.
                if state.watchers.isEmpty { (state.datasets, state.seen) = ([:], [:]) }
            }
        }
        continuation.yield(": hello\n\n")
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream"],
            body: .init { writer in
                defer { continuation.finish() }
                for await event in stream.cancelOnGracefulShutdown() {
                    try await writer.write(ByteBuffer(string: event))
                }
                try await writer.finish(nil)
            })
    }

    /// Looks at what moved, until the node ends.
    func run() async {
        var told = ContinuousClock.now
        for await _ in side.changes().cancelOnGracefulShutdown() {
            guard state.withLock({ !$0.watchers.isEmpty }) else { continue }
            endOverSessions()
            do {
                let events = try await events()
                if !events.isEmpty { send(events.joined()) }
            } catch {
                side.logger.error(
                    "cannot tell pages what moved", metadata: ["error": "\(PlainError.line(error))"]
                )
            }
            if ContinuousClock.now - told > Self.heartbeat {
                send(": alive\n\n")
                told = .now
            }
        }
        for watcher in state.withLock({ Array($0.watchers.values) }) { watcher.stream.finish() }
    }

    private func send(_ text: String) {
        for watcher in state.withLock({ Array($0.watchers.values) }) {
            if case .dropped = watcher.stream.yield(text) { watcher.stream.finish() }
        }
    }

    /// Ends the streams of sessions that are over.
    private func endOverSessions() {
        // Where the file cannot be read, the next request of the session says so.
        try? sessions.review(people)
        let watchers = state.withLock { Array($0.watchers.values) }
        for watcher in watchers {
            // What cannot be found out is no reason to go on.
            let holds =
                sessions.holds(watcher.session.name)
                && (try? certificates.hold(watcher.session, on: watcher.peer)) == true
            if !holds { watcher.stream.finish() }
        }
    }

    private func events() async throws -> [String] {
        let tags = try await node.run { node in
            var tags: [String: StateTag] = [:]
            for id in try node.home.datasets() { tags[id.description] = try StateTag(node, id) }
            return tags
        }
        let seen = try side.lastSeen()
        let (oldTags, oldSeen) = state.withLock { state in
            defer { (state.datasets, state.seen) = (tags, seen) }
            return (state.datasets, state.seen)
        }
        let moved = tags.filter { oldTags[$0.key] != $0.value }.sorted { $0.key < $1.key }
        let contacts = seen.filter { oldSeen[$0.key] != $0.value }.keys.sorted()
        return moved.map { id, tag in
            Self.event("dataset", ["id": .string(id), "digest": .string(tag.digest)])
        } + contacts.map { Self.event("partner", ["org": .string($0)]) }
    }

    private static func event(_ name: String, _ data: JSONValue) -> String {
        "event: \(name)\ndata: \(data.text)\n\n"
    }
}
