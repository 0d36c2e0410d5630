import Signing

/// Which logs are believed, and which witnesses have to have cosigned their checkpoints (C2SP
/// tlog-policy).
///
/// Witnesses stand in groups, and groups in groups; each name is a member once at most, so that no
/// witness counts twice.
public struct WitnessPolicy: Sendable, Equatable {
    /// A log whose checkpoints are accepted.
    public struct Log: Sendable, Equatable {
        /// The key, which bears the log's origin as its name.
        public let verifier: NoteVerifier
        /// Where the log is, if the policy says so.
        public let url: String?
    }

    /// A witness.
    public struct Witness: Sendable, Equatable {
        /// The name within the policy; the key has one of its own.
        public let name: String
        /// The key.
        public let verifier: NoteVerifier
        /// Where the witness is, if the policy says so.
        public let url: String?
    }

    /// Some witnesses and groups, of which a number has to agree.
    public struct Group: Sendable, Equatable {
        /// The name within the policy.
        public let name: String
        /// How many members have to have cosigned.
        public let threshold: Int
        /// The names of the members.
        public let members: [String]
    }

    /// What witnesses say about one checkpoint.
    public struct Verdict: Sendable, Equatable {
        /// The cosignatures that hold, each key once.
        public let cosignatures: [Cosignature]
        /// The names, within the policy, of the witnesses that did not cosign.
        public let missing: [String]
        /// Whether the quorum is there.
        public let isMet: Bool
    }

    /// The specification asks for room for 32 of each kind; a large consortium has more members.
    public static let entriesMax = 256
    /// That many lines with keys and addresses.
    public static let bytesMax = 1 << 20

    /// The logs that are accepted, none where the log is known from elsewhere.
    public let logs: [Log]
    /// The witnesses that are known.
    public let witnesses: [Witness]
    /// The groups, each after its members.
    public let groups: [Group]
    /// The name of the witness or group that has to have cosigned; nil for none.
    public let quorum: String?

    /// A policy of `threshold` of some witnesses, who go by their keys' names.
    ///
    /// - Throws: ``TransparencyLogError/badPolicy(line:why:)`` with line 0 for a threshold that cannot be
    ///   met, repeated names or keys.
    public init(
        witnesses: [NoteVerifier], threshold: Int
    ) throws(TransparencyLogError) {
        var reading = PolicyReader(line: 0)
        for witness in witnesses {
            try reading.add(Witness(name: witness.name, verifier: witness, url: nil))
        }
        if threshold == 0 {
            reading.quorum = .some(nil)
        } else {
            // The name is free: a key's name never holds a plus sign.
            let name = "all+together"
            try reading.add(
                Group(name: name, threshold: threshold, members: witnesses.map(\.name)))
            reading.quorum = name
        }
        self = try reading.policy()
    }

    /// Reads a policy file.
    ///
    /// - Throws: ``TransparencyLogError/badPolicy(line:why:)``.
    public init(file: [UInt8]) throws(TransparencyLogError) {
        self = try PolicyReader.read(file)
    }

    init(logs: [Log], witnesses: [Witness], groups: [Group], quorum: String?) {
        (self.logs, self.witnesses, self.groups, self.quorum) = (logs, witnesses, groups, quorum)
    }

    /// The policy as a file, without comments.
    public var file: String {
        let logs = logs.map { "log \($0.verifier.vkey)" + ($0.url.map { " " + $0 } ?? "") }
        let witnesses = witnesses.map {
            "witness \($0.name) \($0.verifier.vkey)" + ($0.url.map { " " + $0 } ?? "")
        }
        let groups = groups.map {
            "group \($0.name) \($0.threshold) \($0.members.joined(separator: " "))"
        }
        return (logs + witnesses + groups + ["quorum \(quorum ?? "none")"])
            .joined(separator: "\n") + "\n"
    }

    /// Which witnesses cosigned a checkpoint, when, and whether they suffice.
    ///
    /// The log's own signature is not looked at: see ``accept(_:)``.
    ///
    /// - Throws: ``TransparencyLogError/badSignature(key:)`` if a known witness's line does not hold.
    public func judge(_ note: SignedNote) throws(TransparencyLogError) -> Verdict {
        let cosignatures = try note.cosignatures(by: witnesses.map(\.verifier))
        let signed = witnesses.filter { witness in
            cosignatures.contains { $0.witness.publicKey == witness.verifier.publicKey }
        }
        var holds = Set(signed.map { Array($0.name.utf8) })
        let missing = witnesses.filter { !holds.contains(Array($0.name.utf8)) }.map(\.name)
        // Members stand before their groups, so that one pass settles all.
        for group in groups {
            let count = group.members.count { holds.contains(Array($0.utf8)) }
            if count >= group.threshold { holds.insert(Array(group.name.utf8)) }
        }
        return Verdict(
            cosignatures: cosignatures, missing: missing,
            isMet: quorum.map { holds.contains(Array($0.utf8)) } ?? true)
    }

    /// Reads a checkpoint that one of the policy's logs signed and enough witnesses cosigned.
    ///
    /// - Throws: ``TransparencyLogError/quorumMissing(signed:known:)``, or why the checkpoint is none of
    ///   these logs.
    public func accept(_ bytes: [UInt8]) throws(TransparencyLogError) -> Checkpoint {
        let note = try SignedNote(bytes)
        let signers = try note.verify(logs.map(\.verifier))
        let checkpoint = try Checkpoint(text: note.text)
        guard signers.contains(where: { $0.name.utf8.elementsEqual(checkpoint.origin.utf8) })
        else { throw .otherOrigin(expected: signers[0].name, found: checkpoint.origin) }
        try require(note)
        return checkpoint
    }

    /// Checks that enough witnesses cosigned a checkpoint.
    ///
    /// - Throws: ``TransparencyLogError/quorumMissing(signed:known:)``.
    public func require(_ note: SignedNote) throws(TransparencyLogError) {
        let verdict = try judge(note)
        guard verdict.isMet else {
            throw .quorumMissing(signed: verdict.cosignatures.count, known: witnesses.count)
        }
    }
}
