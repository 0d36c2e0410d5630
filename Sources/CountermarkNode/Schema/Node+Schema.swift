import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import DatasetReading
import LabelSchema
import LogStorage
import PlainErrors
import Provenance
import Signing

extension Node {
    /// A dataset's present schema.
    public func schema(of dataset: DatasetID) throws -> DatasetSchema {
        try merged(dataset).schema()
    }

    /// What judges labels of a dataset by its present schema.
    public func judging(_ dataset: DatasetID) throws -> LabelJudging {
        LabelJudging(merged(dataset), try schema(of: dataset))
    }

    /// The text of a schema as it goes into the log.
    public static func logText(_ schema: LabelSchema) throws -> String {
        let text = schema.text
        guard text.utf8.count <= GovernanceAct.schemaBytesMax else {
            throw NodeError(
                .schemaTooLarge,
                "the schema takes \(text.utf8.count) bytes in the log, the limit is "
                    + "\(GovernanceAct.schemaBytesMax)",
                hint: "shorten descriptions, or split the dataset")
        }
        return text
    }

    /// The steward's act that gives the dataset another schema.
    ///
    /// - Returns: False if the dataset has this schema already, and nothing was written.
    @discardableResult
    public func setSchema(_ dataset: DatasetID, _ schema: LabelSchema) throws -> Bool {
        try requireSteward(dataset)
        try catchUp(dataset)
        let text = try Self.logText(schema)
        if try read(dataset, { $0.state.membership.schema }) == text { return false }
        try write(dataset, [.governance(.setSchema(text))])
        return true
    }

    /// One version of a dataset's schema.
    public struct SchemaVersion: Sendable {
        /// From 1, in the order of the steward's log.
        public let number: Int
        /// The act.
        public let operation: OperationID
        /// Who signed: the certificate's thumbprint in hexadecimal.
        public let signer: String
        /// The name in the signer's certificate; empty if the log does not hold it.
        public let signerName: String
        /// When, as the signer says, in seconds since 1970.
        public let time: Int64
        /// The schema.
        public let schema: DatasetSchema
    }

    /// All versions of a dataset's schema, oldest first.
    public func schemaVersions(_ dataset: DatasetID) throws -> [SchemaVersion] {
        try require(dataset)
        try catchUp(dataset)
        let steward = try logNames(dataset).filter { $0.value == dataset.owner }
        let names = [String: String](
            try keys(dataset).map {
                ($0.certificate.fingerprint.hex, NodeIdentity.name(of: $0.certificate))
            }, uniquingKeysWith: { first, _ in first })
        var versions: [SchemaVersion] = []
        for (operation, act) in try store.acts(steward) {
            let text: String
            switch act {
            // A second definition does not count.
            case .defineDataset(_, let schema) where versions.isEmpty: text = schema
            case .setSchema(let schema): text = schema
            default: continue
            }
            let (signer, time) = try signer(of: operation, dataset)
            versions.append(
                SchemaVersion(
                    number: versions.count + 1, operation: operation, signer: signer,
                    signerName: names[signer] ?? "", time: time,
                    schema: DatasetSchema(text: text)))
        }
        return versions
    }

    private func signer(of operation: OperationID, _ dataset: DatasetID) throws -> (String, Int64) {
        let reader = try home.log(operation.origin, dataset)
        return try reader.entry(at: operation.slot.entry).withUnsafeBytes { bytes in
            let statement = try COSESign1.parse(bytes)
            return (statement.certificateThumbprint?.hex ?? "", statement.issuedAt ?? 0)
        }
    }
}
