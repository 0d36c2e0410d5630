import LogStorage
import ObjectStore
import SharedStore

/// The errors of stores that several nodes share.
extension PlainErrorTests {
    static let objectSamples: [any Error] =
        (try? ObjectName("parts/x")).map { object -> [any Error] in
            [
                ObjectStoreError.objectTooLarge(
                    store: "x", name: object, bytes: 2, limitBytes: 1),
                ObjectStoreError.otherBytes(
                    store: "x", name: object, stored: digest, given: digest),
                ObjectStoreError.neverThere(store: "x", name: object, attempts: 3),
            ]
        } ?? []

    static let storeSamples: [any Error] = [
        SharedStoreError.badAddress(why: "bad", hint: "do this"),
        SharedStoreError.noLibrary(why: "bad"),
        SharedStoreError.unreachable(store: "x", why: "bad"),
        SharedStoreError.slow(store: "x", seconds: 5),
        SharedStoreError.notAllowed(store: "x", why: "bad"),
        SharedStoreError.forged(document: "partner/x.example"),
        SharedStoreError.tooLarge(document: "partner/x.example", bytesMax: 9),
        SharedStoreError.tooManyDocuments(countMax: 9),
        SharedStoreError.full(store: "x", why: "bad"), SharedStoreError.readOnly(store: "x"),
        SharedStoreError.noTables(store: "x"),
        SharedStoreError.otherVersion(store: "x", found: 2, known: 1),
        SharedStoreError.otherOwner(store: "x", org: "y"),
        SharedStoreError.left(store: "x", by: "y"),
        SharedStoreError.unconfirmed(store: "x", log: "y"),
        SharedStoreError.damaged(log: "x", why: "bad"),
        SharedStoreError.failed(store: "x", state: "XX000", why: "bad"),
        SharedStoreError.copyStays(store: "x"),
        SharedStoreError.busy(log: "x", seconds: 60),
        LogMoved(log: "x"),
        ObjectStoreError.invalidName("x", why: "bad"), ObjectStoreError.invalidURL(why: "bad"),
        ObjectStoreError.noKeys, ObjectStoreError.unusableKeys(from: "x", why: "bad"),
        ObjectStoreError.unreachable(store: "x", reason: "bad"),
        ObjectStoreError.noAnswer(store: "x", seconds: 1), ObjectStoreError.cut(store: "x"),
        ObjectStoreError.untrusted(store: "x", reason: "bad"),
        ObjectStoreError.noObjectStore(store: "x", reason: "bad"),
        ObjectStoreError.redirected(store: "x", status: 301, to: "y"),
        ObjectStoreError.wrongRegion(store: "x", region: "y"),
        ObjectStoreError.keyRefused(store: "x", code: "y"),
        ObjectStoreError.clockSkew(store: "x", seconds: 1_000),
        ObjectStoreError.accessDenied(store: "x", action: "read"),
        ObjectStoreError.noBucket(store: "x"),
        ObjectStoreError.busy(store: "x", status: 503, code: "y", attempts: 3),
        ObjectStoreError.refused(store: "x", action: "read", status: 400, code: "y"),
        ObjectStoreError.answerTooLarge(store: "x", name: "y", limitBytes: 1),
        ObjectStoreError.noConditionalWrites(store: "x"),
        ObjectStoreError.raceLost(store: "x", round: 1, winners: 2, writers: 32),
        ObjectStoreError.raceOverwritten(store: "x", round: 1),
        ObjectStoreError.disk(.closed(path: "x")),
    ]
}
