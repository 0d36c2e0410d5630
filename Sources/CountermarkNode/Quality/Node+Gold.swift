import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetQuality
import Foundation
import LabelQuality
import LogStorage
import PlainErrors
import Provenance
import Signing

extension Node {
    /// The sets of gold items that a dataset's companies have sealed, by company and in the order of its log.
    public func gold(_ dataset: DatasetID) throws -> [GoldView] {
        try require(dataset)
        try catchUp(dataset)
        let found = try read(dataset) { merge in
            merge.state.governance.gold.compactMap { seal in
                merge.state.logs[seal.operation.log].map { (seal, $0.origin) }
            }
        }
        return found.map { seal, org in
            let opening = seal.openings.first {
                SealedGold(dataset: dataset, org: org, set: $0.set, salt: $0.salt).commitment
                    == seal.commitment
            }
            return GoldView(seal: seal, org: org, opening: opening)
        }.sorted { ($0.org, $0.seal.operation) < ($1.org, $1.seal.operation) }
    }

    /// The set with a name.
    ///
    /// - Parameter org: Whose; needed where several companies have sealed one of this name.
    public func gold(
        _ name: String, of org: Origin? = nil, in dataset: DatasetID
    ) throws -> GoldView {
        let found = try gold(dataset).filter {
            $0.seal.name.hasSameBytes(as: name) && $0.org == org ?? $0.org
        }
        guard let first = found.first else {
            throw NodeError.notFound(
                "set of gold items", name, hint: "see countermark gold list \(dataset)")
        }
        guard found.count == 1 else {
            throw NodeError(
                .ambiguousId,
                "\(found.count) companies have sealed a set \(name)",
                hint: "add --org, one of " + found.map(\.org.description).joined(separator: ", "))
        }
        return first
    }

    /// The answers in label files: each item that they name, with the labels that it has there.
    public func goldItems(
        _ paths: [String], format: any AnnotationFormat
    ) throws -> [GoldSet.Item] {
        var answers: [String: [GoldSet.Answer]] = [:]
        var refused: (where: String, why: String)?
        try format.read(paths.map { InputFile(path: $0) }) { event in
            switch event {
            case .item(let item): answers[item.key, default: []] += []
            case .annotation(let label):
                if label.isRetracted { return }
                answers[label.item, default: []].append(
                    .init(className: label.className, selector: label.selector))
            case .skipped(let place, let why), .fileRefused(let place, let why):
                refused = refused ?? (place, why)
            case .labelClass, .note: return
            }
        }
        if let refused {
            throw NodeError(
                .badFile, "an answer cannot be taken: \(refused.where): \(refused.why)",
                hint: "correct the file; nothing was sealed")
        }
        return answers.map { .init(key: $0.key, answers: $0.value) }
    }

    /// Keeps known answers in a file, and signs their salted digest in this organisation's log.
    ///
    /// - Parameter path: Where the answers and the salt are kept; without that file nobody can open the set.
    public func sealGold(
        _ dataset: DatasetID, _ name: String, _ items: [GoldSet.Item], to path: String
    ) throws {
        try require(dataset)
        let own = try gold(dataset).filter { $0.org == home.origin }
        if own.contains(where: { $0.seal.name.hasSameBytes(as: name) }) {
            throw NodeError(
                .goldExists, "\(home.origin) has sealed a set \(name) of \(dataset) before",
                hint: "choose another name: what was sealed stays what it is")
        }
        let same = SameItems(store, dataset)
        let shown = try items.map { item in
            guard let stored = try store.item(dataset, key: item.key) else {
                throw NodeError.notFound(
                    "item", item.key, hint: "register files with countermark items add")
            }
            return GoldSet.Item(key: try same.shown(stored.record), answers: item.answers)
        }
        let sealed = SealedGold(
            dataset: dataset, org: home.origin, set: try GoldSet(name: name, items: shown),
            salt: try RandomBytes.draw(GoldSet.saltBytes))
        // Before it is signed: a seal without its answers can never be opened.
        try UserFile.create(path, with: sealed.bytes, mode: 0o600)
        // Whatever else is there, readable or not, is not this set.
        guard (try? UserFile.read(path, max: SealedGold.bytesMax)) == sealed.bytes else {
            throw NodeError(
                .fileExists, "\(path) is there already",
                hint: "give another path with -o: it may hold the answers of another set")
        }
        try write(
            dataset, message: "gold seal \(name)",
            [.governance(.sealGold(name: name, commitment: sealed.commitment))])
    }

    /// Tells all members the answers that were sealed.
    ///
    /// - Parameter bytes: The file that ``sealGold(_:_:_:to:)`` has made.
    /// - Returns: The set's name, and whether anything was written.
    public func openGold(
        _ dataset: DatasetID, _ bytes: [UInt8]
    ) throws -> (name: String, isNew: Bool) {
        guard let sealed = SealedGold(bytes: bytes) else {
            throw NodeError(
                .badFile, "the file is no set of gold items",
                hint: "give the file that gold seal has written")
        }
        guard sealed.dataset == dataset, sealed.org == home.origin else {
            throw NodeError(
                .badFile,
                "the file holds gold items of \(sealed.org) for \(sealed.dataset)",
                hint: "only who sealed them can open them, in their dataset")
        }
        let view = try gold(sealed.set.name, of: home.origin, in: dataset)
        guard view.seal.commitment == sealed.commitment else {
            throw NodeError(
                .goldIsWrong, "the file is not what was sealed as \(sealed.set.name)",
                hint: "find the file of that set; nothing was written")
        }
        if view.state == .opened { return (sealed.set.name, false) }
        try write(
            dataset, message: "gold open \(sealed.set.name)",
            [.governance(.openGold(sealed.set, salt: sealed.salt))])
        return (sealed.set.name, true)
    }

    // MARK: Measuring

    /// How far raters have found the answers of an opened set.
    ///
    /// Labels count as they were when the set was opened: what its company had merged by then, as its changeset signs.
    /// What was written or changed by those who could know the answers changes nothing. The company's own labels do
    /// not count at all.
    public func goldScore(
        _ view: GoldView, in dataset: DatasetID, _ question: QualityQuestion
    ) throws -> GoldScore {
        guard let opening = view.opening else {
            throw NodeError(
                .goldIsSealed,
                view.state == .isWrong
                    ? "what \(view.org) gave out as \(view.seal.name) is not what it had sealed"
                    : "\(view.seal.name) of \(view.org) is sealed: nobody can be measured on it yet",
                hint: view.state == .isWrong
                    ? "do not use it, and ask \(view.org) for the answers that it sealed"
                    : "\(view.org) opens it with countermark gold open \(dataset) FILE")
        }
        let sizes = try read(dataset) { merge in
            var sizes = [view.org: opening.operation.slot.entry]
            for part in try merge.rows.context(opening.operation.entryKey).parts {
                if let log = merge.state.logs[part.log] { sizes[log.origin] = part.size }
            }
            return sizes
        }
        let past = try Node(replaying: self, at: sizes)
        past.onProgress = onProgress
        let labels = try past.qualityLabels(
            dataset, question, gold: GoldReference(set: opening.set, org: view.org))
        return try GoldScore(view, labels, dataset, question)
    }
}
