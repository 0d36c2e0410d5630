import AnnotationModel
import CompanyHome
import Foundation
import Logging
import PartnerNet
import PartnerTLS
import PlainErrors
import Replication
import Synchronization

extension PartnerSync {
    /// Keeps in sync with one partner until cancelled: whenever its checkpoints move, or ours.
    ///
    /// - Parameter offers: What is offered to whom, found out once for all partners.
    func follow(
        _ partner: Home.Partner, client: HTTPClient, watcher: HomeWatcher, offers: SharedOffers,
        logger: Logger
    ) async {
        // What partners cosign comes behind the entries, and on a queue of its own.
        let cosigner: SharedNode
        do { cosigner = SharedNode(try Node(home)) } catch {
            logger.error("cannot follow", metadata: ["error": "\(PlainError.line(error))"])
            return
        }
        var pause: Int64 = 1
        while !Task.isCancelled {
            let first = await sync(partner, client: client)
            if let error = first.error {
                logger.warning(
                    "sync failed", metadata: ["partner": "\(partner.org)", "error": "\(error)"])
            }
            if first.isBroken {
                try? await Task.sleep(for: .seconds(pause))
                pause = min(2 * pause, PartnerLimits.redialSeconds)
                continue
            }
            pause = 1
            let (nudges, nudge) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
            let troubles = Troubles(isTroubled: first.error != nil)
            let theirs = FollowedPartner()
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await self.followCosignatures(
                        partner, client, cosigner, theirs, nudges, logger)
                }
                group.addTask {
                    await self.watchOwn(partner, offers, watcher, theirs, nudge, logger)
                }
                group.addTask {
                    await self.followTheirs(partner, client, theirs, nudge, troubles, logger)
                }
                group.addTask {
                    await self.followOurs(
                        partner, client, offers, watcher, theirs, troubles, logger)
                }
                // A log that failed is tried again by a sync of all.
                group.addTask { await troubles.wait() }
                await group.next()
                group.cancelAll()
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Whether something went wrong with a log while its partner was followed.
    private final class Troubles: Sendable {
        private let isTroubled: Mutex<Bool>
        private let saidAt = Mutex<ContinuousClock.Instant?>(nil)

        /// How often the log repeats that logs of a partner fail.
        private static let sayAgain = Duration.seconds(10)

        init(isTroubled: Bool) { self.isTroubled = Mutex(isTroubled) }

        /// Notes it.
        ///
        /// - Returns: Whether the log has not said so for a while.
        func note() -> Bool {
            isTroubled.withLock { $0 = true }
            return saidAt.withLock { saidAt in
                if let last = saidAt, .now - last <= Self.sayAgain { return false }
                saidAt = .now
                return true
            }
        }

        /// Waits until something has gone wrong and some time has passed since, or the task is cancelled.
        func wait() async {
            while !Task.isCancelled {
                let was = isTroubled.withLock { $0 }
                try? await Task.sleep(for: .seconds(PartnerLimits.retrySeconds))
                if was { return }
            }
        }
    }

    private func followTheirs(
        _ partner: Home.Partner, _ client: HTTPClient, _ theirs: FollowedPartner,
        _ nudge: AsyncStream<Void>.Continuation, _ troubles: Troubles, _ logger: Logger
    ) async {
        do {
            let org = try Origin(partner.org)
            for try await line in try await client.lines("/v1/watch") where !line.isEmpty {
                guard let offer = try? JSONDecoder().decode(LogOffer.self, from: Data(line)) else {
                    continue
                }
                theirs.tells(offer)
                var contact = SyncContact(org, client)
                contact.list = LogList(logs: [offer])
                var machine = machine(.take(.init(offer)))
                await run(&machine, &contact)
                let report = contact.report
                note(report, "a log that is followed failed", troubles, logger)
                if report.pulled > 0 {
                    let labels = try? await self.node.run { try $0.labelCount(of: offer.origin) }
                    logger.info(
                        "took entries",
                        metadata: [
                            "partner": "\(partner.org)", "log": "\(offer.origin)",
                            "entries": "\(report.pulled)", "operations": "\(report.operations)",
                            "labels": "\(labels ?? 0)",
                        ])
                }
                if report.isBroken { return }
                theirs.moved([offer.origin])
                nudge.yield()
            }
        } catch {
            logger.info(
                "watch ended",
                metadata: ["partner": "\(partner.org)", "error": "\(PlainError.line(error))"])
        }
    }

    private func note(
        _ report: SyncReport, _ message: Logger.Message, _ troubles: Troubles, _ logger: Logger
    ) {
        guard let error = report.error, troubles.note() else { return }
        logger.warning(
            message, metadata: ["partner": "\(report.org)", "error": "\(error)"])
    }

    private func followOurs(
        _ partner: Home.Partner, _ client: HTTPClient, _ offers: SharedOffers,
        _ watcher: HomeWatcher, _ theirs: FollowedPartner, _ troubles: Troubles, _ logger: Logger
    ) async {
        guard let org = try? Origin(partner.org) else { return }
        do {
            theirs.lists(try await list(client).logs)
            var known: [LogOffer]?
            var seen: OfferBook.Seen?
            for await _ in watcher.changes() {
                guard let news = try await offers.news(for: org, since: seen) else { continue }
                seen = news.seen
                if news.offers == known { continue }
                known = news.offers
                var contact = SyncContact(org, client)
                let before = theirs.sizes
                var machine = machine(.give(beyond: before))
                await run(&machine, &contact)
                theirs.was(given: machine.sizes, since: before)
                note(contact.report, "a push failed", troubles, logger)
                if contact.report.isBroken { return }
            }
        } catch {
            logger.info(
                "push failed",
                metadata: ["partner": "\(partner.org)", "error": "\(PlainError.line(error))"])
        }
    }
}
