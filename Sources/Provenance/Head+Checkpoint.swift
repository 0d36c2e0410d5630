import AnnotationModel
import Signing
import TransparencyLog

extension Head {
    /// A head of a log under one of its checkpoints; nil where the log's key did not sign that in the plain form of
    /// three lines, or where it covers less than was merged.
    ///
    /// - Parameters:
    ///   - merged: How many of the log's first entries the author had merged.
    ///   - note: The checkpoint, a signed note.
    ///   - key: The log's key, Ed25519, 32 bytes.
    /// - Throws: ``TransparencyLogError`` for a note or a key that is none.
    public init?(
        _ origin: Origin, of dataset: DatasetID, merged: UInt64, note: [UInt8], key: [UInt8]
    ) throws {
        let note = try SignedNote(note)
        let checkpoint = try Checkpoint(text: note.text)
        let name = "\(origin)/\(dataset)"
        let verifier = try NoteVerifier(name: name, publicKey: key)
        guard checkpoint.extensions.isEmpty, checkpoint.origin == name,
            merged > 0, merged <= checkpoint.size, checkpoint.size <= Slot.entryLimit,
            let line = note.signatures.first(where: { verifier.signed($0) })
        else { return nil }
        self.init(
            origin: origin, merged: merged, size: checkpoint.size, root: checkpoint.root.bytes,
            signature: line.bytes)
    }
}
