import AnnotationModel
import AnnotationStore
import Foundation
import Glibc
import LogStorage
import PlainErrors
import Signing

/// The folder of one company's node: its name, its keys, its partners' roots, its logs.
///
///     home/config.json   who we are
///     home/keys/         ca.key, node.key, log.key, witness.key (0600)
///     home/trust/        own.pem (with issuers), ca.pem (the root), issuer.pem, and one
///                        <partner>.json for each partner, with <partner>.crl
///     home/invitations/  what was offered to whom, and what this node answered (0600)
///     home/logs/         <member>/<owner>/<dataset>/{checkpoint,tile/…}
///     home/incoming/     what partners are sending, until all of it is here
///     home/company/      what the company's nodes have in common, as it is in their store
///     home/state.sqlite  derived
public struct Home: Sendable {
    /// How long a command waits for another process to finish its append.
    public static let lockTimeoutSeconds = 10.0

    /// The folder.
    public let path: String
    /// This organisation.
    public let origin: Origin
    /// Its name in words.
    public let name: String
    /// The keys that were opened, shared by all copies of this value.
    package let ring = KeyRing()
    /// The logs that were opened, shared in the same way.
    private let knownLogs = KnownFiles<LogReader>(countMax: 32_768)
    /// The partners whose files were read, shared in the same way.
    private let knownPartners = KnownFiles<Partner>(countMax: 4_096)
    /// The edges of the logs that were written to, shared in the same way.
    package let knownEdges = LogEdges()
    /// The certificates that were read, shared in the same way.
    let knownCertificates = KnownCertificates()
    /// How far the datasets were merged last, shared in the same way.
    package let knownStates = KnownStates()

    /// The store that this company's nodes share; nil where the logs lie in the home alone.
    package let company: CompanyStore?
    /// Which file `config.json` was when it was read.
    let configMark: FileMark?

    package struct Config: Codable {
        /// 1; or 2 for a home with a store, which earlier programs must not open: they would write past it.
        package let version: Int
        package let org: String
        package let name: String
        /// The address of the store that this company's nodes share.
        package var store: String?
        /// The URL of the object store that has their bytes; nil where the store has them, too.
        package var tiles: String?

        package init(
            version: Int, org: String, name: String, store: String? = nil, tiles: String? = nil
        ) {
            (self.version, self.org, self.name, self.store, self.tiles) = (
                version, org, name, store, tiles
            )
        }

        /// Whether the version is the one that its fields need.
        package var isConsistent: Bool {
            version == (store == nil ? 1 : 2) && (store != nil || tiles == nil)
        }

        package var text: String {
            get throws {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
                return String(decoding: try encoder.encode(self), as: UTF8.self)
            }
        }
    }

    /// A partner as the operator introduced it.
    public struct Partner: Codable, Sendable, Equatable {
        /// The partner's origin.
        public let org: String
        /// Where to dial it; nil if only it dials us.
        public let url: String?
        /// Its pinned roots, PEM.
        public let roots: String
        /// Its log key, if it was pinned by hand.
        public let vkey: String?

        /// A partner.
        public init(org: String, url: String?, roots: String, vkey: String?) {
            (self.org, self.url, self.roots, self.vkey) = (org, url, roots, vkey)
        }
    }

    /// Opens a home.
    ///
    /// - Throws: ``NodeError`` if the folder is no home.
    public init(opening path: String) throws {
        let file = path + "/config.json"
        configMark = FileMark(file)
        let text = try Self.config(path, file)
        guard let config = try? JSONDecoder().decode(Config.self, from: Data(text.utf8)),
            config.isConsistent
        else {
            throw NodeError(
                .badConfig, "\(file) is damaged or of another version",
                hint: "restore it from a backup")
        }
        self.path = path
        guard let origin = try? Origin(config.org) else {
            throw NodeError(
                .badConfig,
                "\(file) names no organisation: \"\(config.org)\" is no DNS name",
                hint:
                    "set org back to the name that countermark init was given, or restore the file")
        }
        self.origin = origin
        name = config.name
        company = config.store.map { CompanyStore($0, tiles: config.tiles) }
        // A backup need not hold folders that were empty, or of which the rest is made anew.
        HomeFolder(path).makeMissing()
        try requireOwnName()
    }

    /// The text of a home's `config.json`.
    ///
    /// - Throws: ``NodeError``: that there is no home, or that this user may not read the one that is there.
    private static func config(_ path: String, _ file: String) throws -> String {
        if let text = try WholeFile.read(file) { return text }
        if try HomeFolder(path).isUsed() {
            throw NodeError(
                .missingFile, "\(file) is missing, and keys or logs of a home are here",
                hint: "restore it from a backup; countermark init makes no home in this folder")
        }
        throw NodeError(
            .noHome, "\(path) is not a Countermark home",
            hint: "run countermark init, or name the home with --home or COUNTERMARK_HOME")
    }

    /// Throws if the certificate does not speak for the name in `config.json`: what is written under it would be
    /// refused by everybody, and by this node's own `verify`.
    private func requireOwnName() throws {
        // A certificate that is missing or damaged is told of where it is needed.
        guard let certificate = try? certificate(), !certificate.speaks(for: origin.description)
        else { return }
        throw NodeError(
            .configContradicts,
            "\(path)/config.json names \(origin), and the certificate in \(path)/trust/own.pem is for "
                + "\(NodeIdentity.name(of: certificate))",
            hint:
                "set org back to that name; a company that is renamed makes a new home, and the steward "
                + "lets it go on for the old one (Docs/Operations.md, \"Renaming and moving\")")
    }

    /// Makes a home, in which nobody else reads anything: the organisation's authority (or the company's own),
    /// node key, log key.
    public static func make(
        _ path: String, origin: Origin, name: String, keys: KeyPlan = KeyPlan(), time: Int64
    ) throws -> Home {
        let folder = HomeFolder(path)
        if try DurableFile.isThere(path + "/config.json") || folder.isUsed() {
            throw NodeError(
                .homeExists, "\(path) is a home already",
                hint: "choose another folder; nothing was changed")
        }
        try folder.make()
        // Until all of it is there, what a crash left may be made anew; after that the keys are never made again.
        try WholeFile.replace(folder.beingMade, with: "")
        try makeKeys(keys, path: path, origin: origin, ring: KeyRing(), time: time)
        let config = Config(version: 1, org: origin.description, name: name)
        try WholeFile.replace(path + "/config.json", with: try config.text)
        try WholeFile.remove(folder.beingMade)
        let home = try Home(opening: path)
        try home.settle()
        return home
    }

    package func read(_ file: String) throws -> String {
        guard let text = try WholeFile.read("\(path)/\(file)") else {
            throw NodeError(
                .missingFile, "\(path)/\(file) is missing",
                hint: "restore it from a backup")
        }
        // An authority of the organisation's own has no issuer above it.
        if text.isEmpty, file != "trust/issuer.pem" {
            throw NodeError(
                .damagedFile, "\(path)/\(file) is empty",
                hint: "restore it from a backup")
        }
        return text
    }

    /// The certificates in one of the home's files.
    package func certificates(in file: String) throws -> [Certificate] {
        let text = try read(file)
        do throws(SigningError) {
            return try knownCertificates.all(pem: text)
        } catch {
            throw NodeError(
                .damagedFile,
                "\(path)/\(file) holds no certificates that can be read: \(PlainError.line(error))",
                hint: "restore it from a backup")
        }
    }

    /// What this home's witness has cosigned.
    package var witnessRegister: WitnessRegister {
        WitnessRegister(
            folder: "\(path)/witness", shared: company == nil ? nil : CompanyWitness(home: self))
    }

    // MARK: Partners

    /// The partners by origin.
    public func partners() throws -> [Partner] {
        try partnerFiles().compactMap { try? $0.found.get() }
    }

    /// The partners whose files cannot be read, and why: they are not trusted, and nobody else is concerned.
    public func damagedPartners() throws -> [(org: String, error: any Error)] {
        try partnerFiles().compactMap { org, found in
            if case .failure(let error) = found { (org, error) } else { nil }
        }
    }

    /// Whether any partner was introduced, also one whose file cannot be read.
    package func hasPartners() throws -> Bool { try !partnerFiles().isEmpty }

    /// What the files of all partners hold.
    ///
    /// - Throws: `LogStorageError` for a folder that cannot be read: that is not one without partners, and a
    ///   copied home would not ask anybody.
    func partnerFiles() throws -> [(org: String, found: Result<Partner, any Error>)] {
        try names(in: "trust").filter { $0.hasSuffix(".json") }.map { name in
            let org = String(name.dropLast(5))
            return (org, Result { try partner(org) })
        }
    }

    /// A partner as it was introduced; nil for an organisation that was not.
    ///
    /// - Throws: ``NodeError`` for a file that cannot be read.
    package func partner(_ origin: Origin) throws -> Partner? {
        guard try DurableFile.isThere("\(path)/trust/\(origin).json") else { return nil }
        return try partner(origin.description)
    }

    private func partner(_ org: String) throws -> Partner {
        try knownPartners.value(of: "\(path)/trust/\(org).json") { try readPartner(org) }
    }

    private func readPartner(_ org: String) throws -> Partner {
        let damaged = NodeError(
            .badPartner, "trust/\(org).json is damaged, so \(org) is not trusted",
            hint: "run countermark partner add \(org) --root FILE again")
        do {
            let data = Data(try read("trust/\(org).json").utf8)
            let partner = try JSONDecoder().decode(Partner.self, from: data)
            // Under another name it would speak for somebody else.
            guard partner.org == org else { throw damaged }
            return partner
        } catch let error as NodeError where error.code == .damagedFile {
            throw damaged
        } catch is DecodingError {
            throw damaged
        }
    }

    /// Introduces a partner, or changes what is known of it, on all nodes of this company.
    ///
    /// - Throws: ``NodeError``; ``SharedStoreError`` where other nodes would not learn of it.
    public func add(_ partner: Partner) throws {
        try changePartner(try Origin(partner.org)) { _ in partner }
    }

    /// Forgets a partner, on all nodes of this company; its logs stay.
    ///
    /// Where the company's store cannot be reached, it holds here already.
    public func removePartner(_ origin: Origin) throws {
        let isHere = try DurableFile.isThere("\(path)/trust/\(origin).json")
        _ = try documents.change(.partner(origin), offline: .keep) { known in
            guard isHere || known != nil else {
                throw NodeError.notFound(
                    "partner", origin.description, hint: "see countermark partner list")
            }
            return nil
        }
    }

    /// The roots pinned for an organisation by the operator.
    public func roots(of origin: Origin) throws -> [Certificate] {
        if origin == self.origin { return try certificates(in: "trust/ca.pem") }
        // Whose file is damaged is not trusted; `status` and `doctor` say so.
        let known = try NodeError.unlessDamaged { try partner(origin) } ?? nil
        guard let partner = known else { return [] }
        return try knownCertificates.all(pem: partner.roots)
    }

    // MARK: Logs

    /// The folder of an organisation's log of a dataset.
    public func logFolder(_ member: Origin, _ dataset: DatasetID) -> String {
        "\(path)/logs/\(member)/\(dataset)"
    }

    /// An organisation's log of a dataset; empty where there is none.
    ///
    /// - Throws: ``LogStorageError``, also where another log lies in its folder.
    public func log(_ member: Origin, _ dataset: DatasetID) throws(LogStorageError) -> LogReader {
        let folder = logFolder(member, dataset)
        return try knownLogs.value(of: folder + "/checkpoint") { () throws(LogStorageError) in
            try LogReader(directory: folder, of: "\(member)/\(dataset)")
        }
    }

    /// When a file was last put into or taken out of `trust`, in seconds since 1970.
    package func trustChanged() -> Double {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/trust")
        return (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    }

    /// The datasets of which any log is here.
    ///
    /// - Throws: `LogStorageError` for a folder that cannot be read: that is not a home without datasets.
    public func datasets() throws -> [DatasetID] {
        var found: Set<DatasetID> = []
        for member in try folders("logs") {
            for owner in try folders("logs/\(member)") {
                for name in try folders("logs/\(member)/\(owner)") {
                    if let id = try? DatasetID("\(owner)/\(name)") { found.insert(id) }
                }
            }
        }
        // What was signed here is not forgotten with the logs.
        return try found.union(signedDatasets()).filter { try !isUnpublished($0) }.sorted()
    }

    /// True if nothing of a dataset was ever published here: its creation was ended before its first entry was.
    private func isUnpublished(_ dataset: DatasetID) throws -> Bool {
        if try holds(dataset) { return false }
        let logs = try folders("logs").filter {
            try DurableFile.isThere("\(path)/logs/\($0)/\(dataset)")
        }
        guard logs.allSatisfy({ $0 == origin.description }) else { return false }
        // Entries of which nothing says that they were still to be published are damage.
        if try signedHeads(dataset).all().contains(where: { $0.size == 0 }) { return true }
        return try !DurableFile.isThere(logFolder(origin, dataset) + "/tile/entries")
    }

    /// Throws for a dataset of which nothing is here and in which this organisation takes no part.
    package func requireKnown(_ dataset: DatasetID) throws {
        if try holds(dataset) || datasets().contains(dataset) { return }
        throw NodeError.notFound(
            "dataset", dataset.description, hint: "see countermark dataset list")
    }

    /// True if any log of a dataset is here, or was: what this organisation has signed of it is recorded.
    package func holds(_ dataset: DatasetID) throws -> Bool {
        if try !members(of: dataset).isEmpty { return true }
        return try signedHeads(dataset).all().contains { $0.size > 0 }
    }

    /// The organisations whose log of a dataset is here.
    ///
    /// A log whose folder cannot be read is one of them: whoever reads it says what is wrong with it.
    public func members(of dataset: DatasetID) throws -> [Origin] {
        try folders("logs").compactMap { try? Origin($0) }.filter { member in
            access(logFolder(member, dataset) + "/checkpoint", F_OK) == 0
                || (errno != ENOENT && errno != ENOTDIR)
        }.sorted()
    }

    private func folders(_ below: String) throws -> [String] {
        do throws(LogStorageError) {
            return try DurableFile.names(in: "\(path)/\(below)")
        } catch {
            // What lies beside the folders of logs is none.
            if case .system(_, _, ENOTDIR) = error, below != "logs" { return [] }
            throw error
        }
    }
}
