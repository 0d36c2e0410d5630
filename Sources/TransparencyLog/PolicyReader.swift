import Signing

/// Puts a witness policy together and refuses what makes no sense (C2SP tlog-policy).
struct PolicyReader {
    /// The line that is being read, 1 for the first; 0 where there is no file.
    private var line: Int
    private var logs: [WitnessPolicy.Log] = []
    private var witnesses: [WitnessPolicy.Witness] = []
    private var groups: [WitnessPolicy.Group] = []
    /// Names in bytes: what merely looks alike is different.
    private var defined: Set<[UInt8]> = []
    private var grouped: Set<[UInt8]> = []
    /// Nil until the quorum is named, then the name, or nil for none.
    var quorum: String??

    init(line: Int) { self.line = line }

    static func read(_ file: [UInt8]) throws(TransparencyLogError) -> WitnessPolicy {
        guard file.count <= WitnessPolicy.bytesMax else {
            throw .badPolicy(line: 0, why: "a file of \(file.count) bytes")
        }
        guard file.isEmpty || file.last == 0x0a else {
            throw .badPolicy(line: 0, why: "its last line has no end")
        }
        var reader = PolicyReader(line: 0)
        for line in file.split(separator: 0x0a, omittingEmptySubsequences: false) {
            reader.line += 1
            try reader.read(line)
        }
        return try reader.policy()
    }

    private func refusal(_ why: String) -> TransparencyLogError {
        .badPolicy(line: line, why: why)
    }

    private mutating func read(_ line: ArraySlice<UInt8>) throws(TransparencyLogError) {
        guard line.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7f }) else {
            throw refusal("it holds a control character")
        }
        let words = line.split { $0 == 0x09 || $0 == 0x20 }
        guard let first = words.first, first.first != UInt8(ascii: "#") else { return }
        var texts: [String] = []
        for word in words {
            guard let text = word.validText else { throw refusal("it is not UTF-8") }
            texts.append(text)
        }
        try add(texts)
    }

    private mutating func add(_ words: [String]) throws(TransparencyLogError) {
        switch (words[0], words.count) {
        case ("log", 2...3):
            try add(
                WitnessPolicy.Log(
                    verifier: try key(words[1]), url: words.count == 3 ? words[2] : nil))
        case ("witness", 3...4):
            try add(
                WitnessPolicy.Witness(
                    name: words[1], verifier: try key(words[2]),
                    url: words.count == 4 ? words[3] : nil))
        case ("group", 4...):
            let members = Array(words[3...])
            let threshold: Int?
            switch words[2] {
            case "any": threshold = 1
            case "all": threshold = members.count
            case let digits:
                threshold = Checkpoint.decimal(Array(digits.utf8)[...]).flatMap { Int(exactly: $0) }
            }
            guard let threshold else { throw refusal("\"\(words[2])\" is no number of members") }
            try add(WitnessPolicy.Group(name: words[1], threshold: threshold, members: members))
        case ("quorum", 2):
            guard quorum == nil else { throw refusal("a second quorum") }
            guard words[1] == "none" || defined.contains(Array(words[1].utf8)) else {
                throw refusal("\"\(words[1])\" is not defined above")
            }
            quorum = .some(words[1] == "none" ? nil : words[1])
        default: throw refusal("a line of \(words.count) words that begins with \"\(words[0])\"")
        }
    }

    private func key(_ vkey: String) throws(TransparencyLogError) -> NoteVerifier {
        do throws(TransparencyLogError) { return try NoteVerifier(vkey: vkey) } catch {
            throw refusal(error.description)
        }
    }

    private mutating func define(_ name: String) throws(TransparencyLogError) {
        guard name != "none", defined.count < 2 * WitnessPolicy.entriesMax,
            defined.insert(Array(name.utf8)).inserted
        else { throw refusal("the name \"\(name)\" is taken, or there are too many names") }
    }

    private mutating func add(_ log: WitnessPolicy.Log) throws(TransparencyLogError) {
        guard logs.count < WitnessPolicy.entriesMax else { throw refusal("too many logs") }
        guard log.verifier.kind == .ed25519 else { throw refusal("a witness's key for a log") }
        try checkFresh(log.verifier)
        logs.append(log)
    }

    mutating func add(_ witness: WitnessPolicy.Witness) throws(TransparencyLogError) {
        guard witnesses.count < WitnessPolicy.entriesMax else {
            throw refusal("too many witnesses")
        }
        guard witness.verifier.kind == .cosignature else {
            throw refusal("a log's key for a witness")
        }
        try checkFresh(witness.verifier)
        try define(witness.name)
        witnesses.append(witness)
    }

    /// One public key has one part to play: a log is no witness of its own.
    private func checkFresh(_ key: NoteVerifier) throws(TransparencyLogError) {
        guard !logs.contains(where: { $0.verifier.publicKey == key.publicKey }),
            !witnesses.contains(where: { $0.verifier.publicKey == key.publicKey })
        else { throw refusal("the public key of \(key.name) stands there twice") }
    }

    mutating func add(_ group: WitnessPolicy.Group) throws(TransparencyLogError) {
        guard groups.count < WitnessPolicy.entriesMax else { throw refusal("too many groups") }
        guard (1...max(1, group.members.count)).contains(group.threshold), !group.members.isEmpty
        else { throw refusal("\(group.threshold) of \(group.members.count) members") }
        for member in group.members {
            let name = Array(member.utf8)
            guard defined.contains(name) else {
                throw refusal("\"\(member)\" is not defined above")
            }
            guard grouped.insert(name).inserted else {
                throw refusal("\"\(member)\" is a member twice")
            }
        }
        try define(group.name)
        groups.append(group)
    }

    func policy() throws(TransparencyLogError) -> WitnessPolicy {
        guard let quorum else { throw refusal("no quorum is named") }
        return WitnessPolicy(logs: logs, witnesses: witnesses, groups: groups, quorum: quorum)
    }
}
