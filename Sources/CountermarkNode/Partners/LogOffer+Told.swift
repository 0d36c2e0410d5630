import PartnerNet
import TransparencyLog

/// Very many logs that are told of at once: a list, or the first lines of a watch.
extension LogOffer {
    /// Some offers as they are told at once: without cosignatures where they would be longer than a dialler takes.
    static func told(
        _ offers: [LogOffer], bytesMax: Int = PartnerLimits.toldBytes
    ) -> [LogOffer] {
        let bytes = offers.reduce(0) { $0 + $1.checkpoint.utf8.count }
        return bytes <= bytesMax ? offers : offers.map(\.withoutCosignatures)
    }

    /// The same with the log's own signature alone.
    private var withoutCosignatures: LogOffer {
        guard let note = try? SignedNote(Array(checkpoint.utf8)) else { return self }
        // Witnesses are organisations, and a log's key has the log's name.
        var offer = LogOffer(
            origin: origin, size: size,
            checkpoint: String(
                decoding: note.keeping { $0.name == origin }, as: UTF8.self))
        (offer.bounds, offer.plain) = (bounds, true)
        return offer
    }
}
