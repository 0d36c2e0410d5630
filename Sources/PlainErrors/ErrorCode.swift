/// A stable word for an error, with the exit status of a command that ends with it, the status of HTTP where
/// somebody else is told of it, and what to do.
///
/// This is the one table of them, which is why it is long; `Docs/Errors.md` is made of it.
public struct ErrorCode: Sendable, Hashable {
    /// The word, for scripts.
    public let word: String
    /// What decides the exit status.
    public let kind: NodeError.Kind
    /// The status of HTTP: what the caller cannot mend by another request alone is 422.
    public let http: Int
    /// What to do, for the table of all errors.
    public let advice: String

    private init(
        _ word: String, _ kind: NodeError.Kind, http: Int = 422, _ advice: String
    ) {
        (self.word, self.kind, self.http, self.advice) = (word, kind, http, advice)
    }

    /// The code that another node names: one of ours, or a word that only it knows.
    public init(told word: String) {
        self =
            Self.all.first { $0.word == word }
            ?? ErrorCode(word, .network, "a newer program's word: see its own documentation")
    }

    /// Two codes are one if their words are.
    public static func == (one: ErrorCode, other: ErrorCode) -> Bool { one.word == other.word }

    /// Hashes the word.
    public func hash(into hasher: inout Hasher) { hasher.combine(word) }
}

extension ErrorCode {
    package static let ambiguousId = ErrorCode(
        "ambiguous-id", .usage,
        "an id or key means one in several datasets, which are named: `--dataset D`; or"
            + " leave out the one that contradicts. Nothing was written")
    package static let ambiguousItem = ErrorCode(
        "ambiguous-item", .usage,
        "an id or key means one in several datasets, which are named: `--dataset D`; or"
            + " leave out the one that contradicts. Nothing was written")
    package static let badAnswer = ErrorCode(
        "bad-answer", .network,
        "is it a node of a matching version? its log may be damaged")
    package static let badCertificate = ErrorCode(
        "bad-certificate", .failed, http: 401,
        "the page was not shown a certificate that signs somebody in: of this organisation's authority, neither over "
            + "nor revoked, with the mail address of somebody whom `countermark people add` has taken in"
    )
    package static let badConfig = ErrorCode(
        "bad-config", .failed,
        "restore the file from a backup")
    package static let badEntry = ErrorCode(
        "bad-entry", .failed,
        "what a browser signed is not what a person may put into the log; the message says why. Nothing was written"
    )
    package static let badExpression = ErrorCode(
        "bad-expression", .usage,
        "correct the regular expression of `--group-by`")
    package static let badFile = ErrorCode(
        "bad-file", .failed,
        "a label file that cannot be read or written; the message names file, place and"
            + " reason; also a link where an export writes, or a file that another export is "
            + "writing")
    package static let badIdentifier = ErrorCode(
        "bad-identifier", .usage,
        "an origin, dataset or annotation id of another form; the message gives the "
            + "rule")
    package static let badInvitationRecord = ErrorCode(
        "bad-invitation-record", .failed,
        "move old files out of the home's `invitations`")
    package static let badLink = ErrorCode(
        "bad-link", .failed, http: 401,
        "a link to the page that was used, is over, or is none: `countermark people "
            + "link` prints a new one")
    package static let badLog = ErrorCode(
        "bad-log", .failed,
        "TransparencyLogError below")
    package static let badName = ErrorCode(
        "bad-name", .usage,
        "the message gives the rule")
    package static let badPartner = ErrorCode(
        "bad-partner", .failed,
        "a partner's file is damaged, and that partner is not trusted: `countermark "
            + "partner add ORG --root FILE` again")
    package static let badProof = ErrorCode(
        "bad-proof", .failed,
        "the file proves nothing: ask for it anew, and do not rely on it")
    package static let badProxy = ErrorCode(
        "bad-proxy", .usage,
        "`--proxy` or `HTTPS_PROXY` is `http://[NAME:PASSWORD@]HOST:PORT`")
    package static let badRange = ErrorCode(
        "bad-range", .failed, http: 416,
        "a part of a file that it does not have: ask for another range, or for the "
            + "whole")
    package static let badReason = ErrorCode(
        "bad-reason", .usage,
        "the message gives the rule")
    package static let badRequest = ErrorCode(
        "bad-request", .failed, http: 400,
        "the protocol does not allow it: Protocol.md, section 7")
    package static let badRoot = ErrorCode(
        "bad-root", .failed,
        "the root cannot be pinned: every handshake with it would fail; the message "
            + "says why")
    package static let badSchema = ErrorCode(
        "bad-schema", .failed,
        "SchemaError below; or the schema in the log cannot be read: use a newer "
            + "program")
    package static let badSelector = ErrorCode(
        "bad-selector", .usage,
        "write the selector as `show --json` prints one")
    package static let badStore = ErrorCode(
        "bad-store", .usage,
        "the address of a store is `postgresql://USER@HOST:PORT/DATABASE`, without a "
            + "password: that comes from `PGPASSFILE`, `PGPASSWORD` or `?passfile=`")
    package static let badSuccession = ErrorCode(
        "bad-succession", .failed,
        "a succession cannot lead back: make a new log under a new origin")
    package static let badThreshold = ErrorCode(
        "bad-threshold", .usage,
        "ask for as many witnesses as there are, at most 99, or fewer")
    package static let badUrl = ErrorCode(
        "bad-url", .usage,
        "use `https://HOST:PORT`")
    package static let badValue = ErrorCode(
        "bad-value", .failed,
        "a value or changeset beyond the model's limits; the message names it")
    package static let blind = ErrorCode(
        "blind", .failed, http: 403,
        "the dataset is blind: label the item, then `countermark examined`")
    package static let busy = ErrorCode(
        "busy", .failed, http: 503,
        "a partner is told so, waits and tries again; nobody else is concerned: "
            + "Operations.md, Limits")
    package static let cancelled = ErrorCode(
        "cancelled", .failed,
        "it was ended before it was done: run it again")
    package static let cannotDial = ErrorCode(
        "cannot-dial", .network,
        "nobody is dialled, so nothing was synced: `countermark partner add ORG --root "
            + "FILE --url https://HOST:PORT`")
    package static let cannotOffer = ErrorCode(
        "cannot-offer", .failed,
        "one log cannot be read: `countermark verify`")
    package static let cannotServe = ErrorCode(
        "cannot-serve", .network,
        "is the port in use? `--peer HOST:PORT`")
    package static let certificateExpired = ErrorCode(
        "certificate-expired", .failed,
        "`countermark key rotate`, or set the clock; nothing was written")
    package static let chainTooLong = ErrorCode(
        "chain-too-long", .failed,
        "at most four certificates can stand in a log, the signer's own among them")
    package static let circularSource = ErrorCode(
        "circular-source", .failed,
        "`--from` is the item that was cleaned, ITEM its result")
    package static let clockDiffers = ErrorCode(
        "clock-differs", .failed,
        "set the clock of the machine whose clock is wrong and `countermark sync`; if "
            + "this one is right, `--clock-is-right`. Nothing was written")
    package static let configChanged = ErrorCode(
        "config-changed", .failed,
        "the logs were moved into a store, or out of it, while this node ran: start it "
            + "again")
    package static let configContradicts = ErrorCode(
        "config-contradicts", .failed,
        "`org` in `config.json` is not the certificate's: set it back; a company is "
            + "renamed by a new home (Operations.md)")
    package static let crossSite = ErrorCode(
        "cross-site", .failed, http: 403,
        "a request to the page's API that another site caused, or without the session's "
            + "`X-CSRF-Token`: reload the page")
    package static let cutOff = ErrorCode(
        "cut-off", .failed,
        "what would be written would not count: the hint names the way out. Nothing was"
            + " signed")
    package static let cutPush = ErrorCode(
        "cut-push", .failed,
        "a push is cut or has more than 4 GiB: send it again, or push at an earlier "
            + "checkpoint first")
    package static let damagedFile = ErrorCode(
        "damaged-file", .failed,
        "a small file of the home is not what was written to it: restore it from a "
            + "backup; if you have edited it, take the line or the member `sha256` out of it")
    package static let datasetExists = ErrorCode(
        "dataset-exists", .failed,
        "use the dataset that is there")
    package static let datasetLeft = ErrorCode(
        "dataset-left", .failed,
        "what would be written would not count: the hint names the way out. Nothing was"
            + " signed")
    package static let digestsDiffer = ErrorCode(
        "digests-differ", .failed,
        "`countermark verify` on both sides, then `rebuild` where it fails")
    package static let diskFull = ErrorCode(
        "disk-full", .failed,
        "make room on the disk; a push that was refused for it is sent again by itself")
    package static let doesNotExtend = ErrorCode(
        "does-not-extend", .failed,
        "entries and checkpoint do not continue what is held: damage on the way, or "
            + "another history; the next sync with a partner that is dialled finds out")
    package static let ended = ErrorCode(
        "ended", .failed, http: 408,
        "the request ended before it was whole: send it again")
    package static let equivocation = ErrorCode(
        "equivocation", .failed,
        "a log signed two histories: `countermark evidence` shows the proof; call the "
            + "partner. Only what both histories share counts, and nothing beyond it is taken")
    package static let failed = ErrorCode(
        "failed", .failed,
        "what this program has no words for: `countermark doctor`, then report it")
    package static let fetchEnded = ErrorCode(
        "fetch-ended", .failed,
        "a fetch was ended by another: sync again")
    package static let fileExists = ErrorCode(
        "file-exists", .failed,
        "for a proposed mapping name another file, or remove the one that is there; for"
            + " `key issue-person` name another folder with `-o`. Nothing was written")
    package static let goldExists = ErrorCode(
        "gold-exists", .failed,
        "a set of gold items has that name: choose another one")
    package static let goldIsSealed = ErrorCode(
        "gold-is-sealed", .failed,
        "nobody can be measured on gold items before their company has opened them")
    package static let goldIsWrong = ErrorCode(
        "gold-is-wrong", .failed,
        "the file of gold items is not what was sealed: find the right one")
    package static let hasStore = ErrorCode(
        "has-store", .usage,
        "the logs lie in another store: `countermark store move --to folder` first")
    package static let homeExists = ErrorCode(
        "home-exists", .failed,
        "choose another folder; nothing was changed")
    package static let homeNotReadable = ErrorCode(
        "home-not-readable", .failed,
        "permission is denied: run the command as the user who owns the home")
    package static let internalFailure = ErrorCode(
        "internal", .failed, http: 500,
        "this node could not do it: its own log has the reason")
    package static let interrupted = ErrorCode(
        "interrupted", .interrupted,
        "somebody pressed Ctrl-C: the message says how far it was and what stays; run it again")
    package static let invitation = ErrorCode(
        "invitation", .failed,
        "the text is damaged, altered, expired or from somebody else: the message says "
            + "which; ask the steward for a new one")
    package static let invitationClosed = ErrorCode(
        "invitation-closed", .network,
        "ask the steward for a new invitation; if it was used and not by you, somebody "
            + "has read the mail: call")
    package static let invitationExpired = ErrorCode(
        "invitation-expired", .failed,
        "ask the steward for a new invitation; if it was used and not by you, somebody "
            + "has read the mail: call")
    package static let invitationRevoked = ErrorCode(
        "invitation-revoked", .network,
        "ask the steward for a new invitation; if it was used and not by you, somebody "
            + "has read the mail: call")
    package static let invitationUnknown = ErrorCode(
        "invitation-unknown", .network,
        "ask the steward for a new invitation; if it was used and not by you, somebody "
            + "has read the mail: call")
    package static let invitationUsed = ErrorCode(
        "invitation-used", .failed,
        "ask the steward for a new invitation; if it was used and not by you, somebody "
            + "has read the mail: call")
    package static let joinFailed = ErrorCode(
        "join-failed", .network,
        "check the address, and that both sides added each other")
    package static let joinProof = ErrorCode(
        "join-proof", .network,
        "somebody may stand between the companies, or the text was damaged: call, go on"
            + " with nothing")
    package static let keyInUse = ErrorCode(
        "key-in-use", .failed,
        "`countermark key rotate` retires the key that the node signs with")
    package static let keyNotReached = ErrorCode(
        "key-not-reached", .failed,
        "PIN in `COUNTERMARK_PIN` or `COUNTERMARK_PIN_FILE`; check the module")
    package static let keyRetired = ErrorCode(
        "key-retired", .failed,
        "what would be written would not count: the hint names the way out. Nothing was"
            + " signed")
    package static let keyRevoked = ErrorCode(
        "key-revoked", .failed,
        "what would be written would not count: the hint names the way out. Nothing was"
            + " signed")
    package static let labelTable = ErrorCode(
        "label-table", .failed,
        "AnnotationStoreError below; mostly `countermark rebuild`")
    package static let locked = ErrorCode(
        "locked", .locked, http: 503,
        "wait for the other process, or stop it")
    package static let logKeyMismatch = ErrorCode(
        "log-key-mismatch", .failed,
        "the log introduces another key than the one pinned with `partner add --vkey`: "
            + "compare `countermark key show` by phone")
    package static let logStorage = ErrorCode(
        "log-storage", .failed,
        "LogStorageError below")
    package static let missingFile = ErrorCode(
        "missing-file", .failed,
        "restore the file from a backup; where only `config.json` is missing, "
            + "`countermark init` makes no home over what is there")
    package static let namesNotUtf8 = ErrorCode(
        "names-not-utf8", .failed,
        "write the file of names in UTF-8")
    package static let namesTooLarge = ErrorCode(
        "names-too-large", .failed,
        "cut the file of names into several")
    package static let network = ErrorCode(
        "network", .network,
        "the network failed: the address, the port, the network")
    package static let noAddress = ErrorCode(
        "no-address", .usage,
        "`countermark invite … --url https://HOST:PORT`")
    package static let noAuthorityKey = ErrorCode(
        "no-authority-key", .failed,
        "give `--ca-key FILE`, or a certificate that your PKI has issued")
    package static let noBackup = ErrorCode(
        "no-backup", .failed,
        "name the folder that `countermark backup` wrote; a backup that was broken off "
            + "is made whole by the next one")
    package static let noBackupFolder = ErrorCode(
        "no-backup-folder", .failed,
        "name a folder outside the home that is empty or holds an earlier backup of it")
    package static let noCandidate = ErrorCode(
        "no-candidate", .failed,
        "the organisation named to `resolve` proposes nothing; see `countermark show`")
    package static let noCertificate = ErrorCode(
        "no-certificate", .failed,
        "give a PEM file with a certificate")
    package static let noCheckpoint = ErrorCode(
        "no-checkpoint", .failed,
        "nobody has a checkpoint of the log that its key signed: `countermark sync`, "
            + "then `repair` again, or restore a backup")
    package static let noClasses = ErrorCode(
        "no-classes", .failed,
        "a mapping leads to classes of the schema: `countermark schema set` first")
    package static let noConsensus = ErrorCode(
        "no-consensus", .failed,
        "raters have too little in common for this method: take another one")
    package static let noDigest = ErrorCode(
        "no-digest", .failed,
        "`countermark items add` with the file registers its SHA-256")
    package static let noEvidence = ErrorCode(
        "no-evidence", .failed,
        "the evidence file cannot be read")
    package static let noFile = ErrorCode(
        "no-file", .failed,
        "check the path and its permissions")
    package static let noHome = ErrorCode(
        "no-home", .failed,
        "`countermark init`, or `--home`, or `COUNTERMARK_HOME`")
    package static let noItems = ErrorCode(
        "no-items", .usage,
        "name items, or `--items-from FILE`")
    package static let noKeyRequest = ErrorCode(
        "no-key-request", .failed, http: 404,
        "the person has to ask for a certificate in the page first")
    package static let noLogKey = ErrorCode(
        "no-log-key", .failed,
        "the log's first entry must introduce its key")
    package static let noMedia = ErrorCode(
        "no-media", .failed, http: 404,
        "there is no such file to show: start `countermark serve` with `--media DIR`, "
            + "and put the item's file below that under its key")
    package static let noPartner = ErrorCode(
        "no-partner", .failed, http: 403,
        "the caller is no partner here: pair first")
    package static let noPassphrase = ErrorCode(
        "no-passphrase", .failed,
        "`COUNTERMARK_PASSPHRASE`, or `--passphrase-file FILE`, or a terminal")
    package static let noPort = ErrorCode(
        "no-port", .network,
        "free a port on 127.0.0.1")
    package static let noRoot = ErrorCode(
        "no-root", .failed,
        "`countermark partner add ORG --root FILE`, or give `--root`")
    package static let noStatement = ErrorCode(
        "no-statement", .failed,
        "why a node says nothing of a label's completeness; the proof is made without "
            + "its word")
    package static let noStore = ErrorCode(
        "no-store", .usage,
        "the logs lie in the home's folder: `countermark store move --to postgresql://…` first")
    package static let noTile = ErrorCode(
        "no-tile", .network,
        "is it a node of a matching version? its log may be damaged")
    package static let notSignedIn = ErrorCode(
        "not-signed-in", .failed, http: 401,
        "the page's session is over: sign in again, or open a link that `countermark "
            + "people link` prints")
    package static let noWord = ErrorCode(
        "no-word", .network,
        "in `prove --ask`: a partner did not answer; ask it, then prove again")
    package static let nobodyToDial = ErrorCode(
        "nobody-to-dial", .network,
        "nobody is dialled, so nothing was synced: `countermark partner add ORG --root "
            + "FILE --url https://HOST:PORT`")
    package static let earlierExport = ErrorCode(
        "earlier-export", .failed,
        "the folder holds files that are not of this export and that a reader would take for a part of it: the message"
            + " names one; move or remove what you do not need, or name another folder")
    package static let insideHome = ErrorCode(
        "inside-home", .usage,
        "a home's files are the program's own: name a file or folder elsewhere. Nothing was written"
    )
    package static let outputLost = ErrorCode(
        "output-lost", .failed,
        "what standard output goes to takes no more: a full disk, or nothing at all. What the command did is done"
            + " all the same: make room, and look before you run it again")
    package static let unknownName = ErrorCode(
        "unknown-name", .usage,
        "nothing in the dataset is called so: correct the spelling. Nothing was written")
    package static let notAnExport = ErrorCode(
        "not-an-export", .failed,
        "name another file: only an earlier export of tables is replaced")
    package static let notChecked = ErrorCode(
        "not-checked", .failed,
        "the home was copied or restored: `countermark sync` first, or `--offline` if "
            + "no newer entry of yours ever left it")
    package static let notCosigned = ErrorCode(
        "not-cosigned", .failed,
        "a note in a sync's report: a witness did not cosign, and why; the entries are "
            + "synced all the same")
    package static let notCounted = ErrorCode(
        "not-counted", .failed,
        "what would be written would not count: the hint names the way out. Nothing was"
            + " signed")
    package static let notFound = ErrorCode(
        "not-found", .failed, http: 404,
        "list what there is: `dataset list`, `partner list`, `list`")
    package static let notLive = ErrorCode(
        "not-live", .failed,
        "`bench --live`: fewer labels, a quieter machine")
    package static let notMember = ErrorCode(
        "not-member", .failed,
        "what would be written would not count: the hint names the way out. Nothing was"
            + " signed")
    package static let notOfAnnotations = ErrorCode(
        "not-of-annotations", .usage,
        "name the label's item: filter, clean and annotate are stages of items")
    package static let notOffered = ErrorCode(
        "not-offered", .network,
        "ask the steward for `countermark member set`")
    package static let notOwn = ErrorCode(
        "not-own", .failed,
        "a link, or something of another user, lies where the home is to be: name a "
            + "folder that does not exist yet")
    package static let notOwner = ErrorCode(
        "not-owner", .usage,
        "create datasets under your own origin")
    package static let notRepaired = ErrorCode(
        "not-repaired", .failed,
        "a partner who holds the log repairs it when it dials, or `countermark repair "
            + "--from FOLDER`; nothing that is whole was touched")
    package static let notSteward = ErrorCode(
        "not-steward", .failed,
        "ask the steward")
    package static let notWritable = ErrorCode(
        "not-writable", .failed,
        "check the path and its permissions")
    package static let notYoursToDecide = ErrorCode(
        "not-yours-to-decide", .failed,
        "the annotation's company or a reviewer decides a suggestion")
    package static let nothingCarried = ErrorCode(
        "nothing-carried", .failed,
        "give the folder that `carry out` wrote")
    package static let nothingToAccept = ErrorCode(
        "nothing-to-accept", .failed,
        "nobody has answered: `countermark invite list`")
    package static let onlySuggested = ErrorCode(
        "only-suggested", .failed,
        "the organisation named to `resolve` has only suggested a value: `countermark "
            + "review ID accept`, as the hint has it")
    package static let originTaken = ErrorCode(
        "origin-taken", .failed,
        "the organisation is known with another root: `partner remove` or `partner add`"
            + " after a call")
    package static let otherCertificate = ErrorCode(
        "other-certificate", .network,
        "somebody may stand between the companies, or the text was damaged: call, go on"
            + " with nothing")
    package static let otherContent = ErrorCode(
        "other-content", .failed,
        "the two items have different bytes: compare their SHA-256 in `countermark "
            + "show`")
    package static let otherHistory = ErrorCode(
        "other-history", .failed,
        "the folder to carry out to holds another history, or more, of a log: `carry "
            + "in` first, or take an empty folder")
    package static let otherIssuer = ErrorCode(
        "other-issuer", .failed,
        "the certificate to revoke comes from another authority: `--ca-key` of that one")
    package static let otherPerson = ErrorCode(
        "other-person", .failed, http: 403,
        "the key that signed is not one of the person who is logged in")
    package static let otherSteward = ErrorCode(
        "other-steward", .network,
        "somebody may stand between the companies, or the text was damaged: call, go on"
            + " with nothing")
    package static let otherStore = ErrorCode(
        "other-store", .failed,
        "the store holds no logs of this home: another company's, another version's, or "
            + "they were taken out; the message says which")
    package static let otherWord = ErrorCode(
        "other-word", .failed,
        "in `prove --ask`: a partner says another thing; sync with it, then prove again")
    package static let ownLog = ErrorCode(
        "own-log", .failed,
        "entries of this node's own log came by a way on which it takes none back")
    package static let ownLogBehind = ErrorCode(
        "own-log-behind", .failed,
        "`countermark repair` or `countermark sync`, then the backup again")
    package static let ownLogDiffers = ErrorCode(
        "own-log-differs", .failed,
        "`countermark verify`, then `countermark repair`; nothing was written")
    package static let ownLogForked = ErrorCode(
        "own-log-forked", .failed,
        "what would be written would not count: the hint names the way out. Nothing was"
            + " signed")
    package static let ownLogLost = ErrorCode(
        "own-log-lost", .failed,
        "the own log and the record of what was signed are gone, and something else in "
            + "the home says that it was begun: `countermark sync`, or restore a backup; "
            + "`--offline` only if no entry ever left")
    package static let ownOrigin = ErrorCode(
        "own-origin", .usage,
        "name a partner, not this organisation")
    package static let ownRelease = ErrorCode(
        "own-release", .failed,
        "the steward's own word is the release itself: other members countersign it")
    package static let partner = ErrorCode(
        "partner", .network,
        "PartnerTLSError below: the connection to a partner")
    package static let passphraseNeeded = ErrorCode(
        "passphrase-needed", .failed,
        "`COUNTERMARK_PASSPHRASE`, or `--passphrase-file FILE`, or a terminal")
    package static let pictureTooLarge = ErrorCode(
        "picture-too-large", .failed, http: 413,
        "a picture of more pixels than a browser is given: its header may be wrong")
    package static let proofTooLarge = ErrorCode(
        "proof-too-large", .failed,
        "carry the whole dataset instead")
    package static let pushRefused = ErrorCode(
        "push-refused", .network,
        "see the partner's message and its log")
    package static let readerRole = ErrorCode(
        "reader-role", .failed,
        "what would be written would not count: the hint names the way out. Nothing was"
            + " signed")
    package static let refused = ErrorCode(
        "refused", .failed,
        "an entry must not be stored (ProvenanceError below)")
    package static let releaseExists = ErrorCode(
        "release-exists", .failed,
        "a release of that name holds something else: choose another name")
    package static let releaseIsWrong = ErrorCode(
        "release-is-wrong", .failed,
        "the logs give another digest than the steward signed: do not use it, and tell "
            + "the steward")
    package static let releaseNotHere = ErrorCode(
        "release-not-here", .failed,
        "`countermark sync`: entries that the release names are not here, or cannot be "
            + "merged without others")
    package static let releaseNotWhole = ErrorCode(
        "release-not-whole", .failed,
        "`countermark sync`: entries that the release names are not here, or cannot be "
            + "merged without others")
    package static let releaseOfOtherHistory = ErrorCode(
        "release-of-other-history", .failed,
        "the release names another root of a log: `countermark verify`, `countermark "
            + "evidence`")
    package static let releaseWithdrawn = ErrorCode(
        "release-withdrawn", .failed,
        "the steward has withdrawn it; the reason is told")
    package static let roleTooSmall = ErrorCode(
        "role-too-small", .failed, http: 403,
        "this person may not do that: the node's operator gives roles with `countermark "
            + "people add`")
    package static let sameItem = ErrorCode(
        "same-item", .usage,
        "give two keys")
    package static let schemaTooLarge = ErrorCode(
        "schema-too-large", .failed,
        "shorten descriptions, or split the dataset")
    package static let signAnew = ErrorCode(
        "sign-anew", .failed, http: 409,
        "the log has gone on since the page asked: look at the present state and sign anew. "
            + "Nothing was written"
    )
    package static let signing = ErrorCode(
        "signing", .failed,
        "SigningError below")
    package static let slowBody = ErrorCode(
        "slow-body", .failed, http: 408,
        "the body came too slowly: the slowest line that is served is in Operations.md,"
            + " Limits")
    package static let spoolFull = ErrorCode(
        "spool-full", .failed,
        "transfers of one partner, or of all, take the room that there is: finish or "
            + "end them")
    package static let stewardCannotLeave = ErrorCode(
        "steward-cannot-leave", .failed,
        "keep serving the dataset, or cut the members")
    package static let stewardIsReadByAll = ErrorCode(
        "steward-is-read-by-all", .failed,
        "the steward's log cannot be narrowed; use a dataset of another steward")
    package static let storeBusy = ErrorCode(
        "store-busy", .locked, http: 503,
        "other nodes of this company have written first all the time: run it again. "
            + "Nothing was written")
    package static let storeDamaged = ErrorCode(
        "store-damaged", .failed,
        "what the store holds is not what was put there: `countermark store check`; "
            + "nothing was taken from it")
    package static let storeRefuses = ErrorCode(
        "store-refuses", .failed, http: 503,
        "PostgreSQL does not let this user do that, is full, or takes no writes: the "
            + "message says which. Nothing was acknowledged")
    package static let storeUnconfirmed = ErrorCode(
        "store-unconfirmed", .failed, http: 503,
        "the store was lost at the moment of writing: see `countermark history` before "
            + "you run it again")
    package static let storeUnreachable = ErrorCode(
        "store-unreachable", .network, http: 503,
        "PostgreSQL does not answer: see that it runs, and the way to it. Nothing was "
            + "acknowledged; a node that serves goes on by itself")
    package static let superseded = ErrorCode(
        "superseded", .failed, http: 409,
        "a newer push of the same log took its place")
    package static let system = ErrorCode(
        "system", .failed,
        "the system refused a call: check the disk, and who owns the files")
    package static let tooFast = ErrorCode(
        "too-fast", .failed, http: 429,
        "a partner is told so, waits and tries again; nobody else is concerned: "
            + "Operations.md, Limits")
    package static let tooLarge = ErrorCode(
        "too-large", .failed, http: 413,
        "a push is cut or has more than 4 GiB: send it again, or push at an earlier "
            + "checkpoint first")
    package static let tooMany = ErrorCode(
        "too-many", .failed,
        "this log holds as many of these acts as count (DataModel.md, \"What one log may"
            + " hold\"); nothing was written")
    package static let tooManyConnections = ErrorCode(
        "too-many-connections", .failed, http: 503,
        "a partner is told so, waits and tries again; nobody else is concerned: "
            + "Operations.md, Limits")
    package static let tooManyInvitations = ErrorCode(
        "too-many-invitations", .failed,
        "move old files out of the home's `invitations`")
    package static let tooManyLogs = ErrorCode(
        "too-many-logs", .failed,
        "a release names 512 logs at most: split the dataset")
    package static let tooManyPushes = ErrorCode(
        "too-many-pushes", .failed, http: 429,
        "a partner is told so, waits and tries again; nobody else is concerned: "
            + "Operations.md, Limits")
    package static let tooManyStatements = ErrorCode(
        "too-many-statements", .failed, http: 429,
        "a partner is told so, waits and tries again; nobody else is concerned: "
            + "Operations.md, Limits")
    package static let tooManyWatches = ErrorCode(
        "too-many-watches", .failed, http: 429,
        "a partner is told so, waits and tries again; nobody else is concerned: "
            + "Operations.md, Limits")
    package static let tooMuchAtOnce = ErrorCode(
        "too-much-at-once", .failed, http: 429,
        "a partner is told so, waits and tries again; nobody else is concerned: "
            + "Operations.md, Limits")
    package static let trustEnded = ErrorCode(
        "trust-ended", .failed, http: 403,
        "the partner was removed, cut or revoked, or its certificate ended, while it "
            + "was connected")
    package static let twoDatasets = ErrorCode(
        "two-datasets", .usage,
        "an id or key means one in several datasets, which are named: `--dataset D`; or"
            + " leave out the one that contradicts. Nothing was written")
    package static let unknownItem = ErrorCode(
        "unknown-item", .failed,
        "`countermark items same DATASET` lists the items of equal content")
    package static let unknownRater = ErrorCode(
        "unknown-rater", .failed,
        "`--against` names a rater as `--by` calls them; the hint lists some")
    package static let unprovenHistory = ErrorCode(
        "unproven-history", .failed,
        "a partner shows another history of a log, and its tiles do not lead to its "
            + "checkpoint: nothing was taken; ask where it has the log from")
    package static let unreadable = ErrorCode(
        "unreadable", .failed,
        "a file does not hold what it should: `countermark doctor`")
    package static let unsupportedType = ErrorCode(
        "unsupported-type", .failed, http: 415,
        "the body is of another content type than the request takes")
    package static let unwritable = ErrorCode(
        "unwritable", .failed,
        "a value is no JSON: tell who wrote it")
    package static let usage = ErrorCode(
        "usage", .usage, http: 400,
        "see `countermark help COMMAND`")
    package static let whoseLabels = ErrorCode(
        "whose-labels", .failed,
        "another person or batch: `--author NAME`, `--root` or `--map`; a newer version"
            + " of the same labels: `--update`. Nothing was imported")
    package static let wordsDiffer = ErrorCode(
        "words-differ", .failed,
        "the words are not those of the key that waits: compare them again")
    package static let writeOnlyFormat = ErrorCode(
        "write-only-format", .usage,
        "export as jsonl what is to be imported again")
    package static let wrongCheckpoint = ErrorCode(
        "wrong-checkpoint", .failed,
        "send exactly the entries that the checkpoint covers")
    package static let wrongHost = ErrorCode(
        "wrong-host", .failed, http: 421,
        "the page was asked for under a name that is not its own: use the address that "
            + "`countermark serve` prints, or name it with `--ui-name`")
    package static let wrongLogKey = ErrorCode(
        "wrong-log-key", .failed,
        "`keys/log.key` is not the key that the log has introduced: restore it from a "
            + "backup; nothing was written")
    package static let wrongPassphrase = ErrorCode(
        "wrong-passphrase", .failed,
        "`COUNTERMARK_PASSPHRASE`, or `--passphrase-file FILE`, or a terminal")
    package static let wrongMethod = ErrorCode(
        "wrong-method", .failed, http: 405,
        "the answer's header `Allow` names the methods that this resource of the page takes")
    package static let wrongPassword = ErrorCode(
        "wrong-password", .failed, http: 401,
        "name and password do not belong together")
    package static let wrongPosition = ErrorCode(
        "wrong-position", .failed,
        "send the entries from the size that the message names")
    package static let wrongSteward = ErrorCode(
        "wrong-steward", .network,
        "somebody may stand between the companies, or the text was damaged: call, go on"
            + " with nothing")

    /// All codes, in the order of their words.
    public static let all: [ErrorCode] = [
        .ambiguousId, .ambiguousItem, .badAnswer, .badCertificate, .badConfig, .badEntry,
        .badExpression, .badFile, .badIdentifier, .badInvitationRecord, .badLink, .badLog,
        .badName, .badPartner, .badProof, .badProxy, .badRange, .badReason, .badRequest, .badRoot,
        .badSchema, .badSelector, .badStore, .badSuccession, .badThreshold, .badUrl, .badValue,
        .blind, .busy, .cancelled, .cannotDial, .cannotOffer, .cannotServe, .certificateExpired,
        .chainTooLong, .circularSource, .clockDiffers, .configChanged, .configContradicts,
        .crossSite, .cutOff, .cutPush, .damagedFile, .datasetExists, .datasetLeft, .digestsDiffer,
        .diskFull, .doesNotExtend, .earlierExport, .ended, .equivocation, .failed, .fetchEnded,
        .fileExists,
        .goldExists, .goldIsSealed, .goldIsWrong, .hasStore, .homeExists, .homeNotReadable,
        .insideHome, .internalFailure, .interrupted, .invitation, .invitationClosed,
        .invitationExpired,
        .invitationRevoked, .invitationUnknown, .invitationUsed, .joinFailed, .joinProof,
        .keyInUse, .keyNotReached, .keyRetired, .keyRevoked, .labelTable, .locked,
        .logKeyMismatch, .logStorage, .missingFile, .namesNotUtf8, .namesTooLarge, .network,
        .noAddress, .noAuthorityKey, .noBackup, .noBackupFolder, .noCandidate, .noCertificate,
        .noCheckpoint, .noClasses, .noConsensus, .noDigest, .noEvidence, .noFile, .noHome,
        .noItems, .noKeyRequest, .noLogKey, .noMedia, .noPartner, .noPassphrase, .noPort, .noRoot,
        .noStatement, .noStore, .noTile, .noWord, .nobodyToDial, .notAnExport, .notChecked,
        .notCosigned,
        .notCounted, .notFound, .notLive, .notMember, .notOfAnnotations, .notOffered, .notOwn,
        .notOwner, .notRepaired, .notSignedIn, .notSteward, .notWritable, .notYoursToDecide,
        .nothingCarried, .nothingToAccept, .onlySuggested, .originTaken, .otherCertificate,
        .otherContent, .otherHistory, .otherIssuer, .otherPerson, .otherSteward, .otherStore,
        .otherWord, .outputLost, .ownLog, .ownLogBehind, .ownLogDiffers, .ownLogForked, .ownLogLost,
        .ownOrigin, .ownRelease, .partner, .passphraseNeeded, .pictureTooLarge, .proofTooLarge,
        .pushRefused, .readerRole, .refused, .releaseExists, .releaseIsWrong, .releaseNotHere,
        .releaseNotWhole, .releaseOfOtherHistory, .releaseWithdrawn, .roleTooSmall, .sameItem,
        .schemaTooLarge, .signAnew, .signing, .slowBody, .spoolFull, .stewardCannotLeave,
        .stewardIsReadByAll, .storeBusy, .storeDamaged, .storeRefuses, .storeUnconfirmed,
        .storeUnreachable, .superseded, .system, .tooFast, .tooLarge, .tooMany,
        .tooManyConnections, .tooManyInvitations, .tooManyLogs, .tooManyPushes,
        .tooManyStatements, .tooManyWatches, .tooMuchAtOnce, .trustEnded, .twoDatasets,
        .unknownItem, .unknownName, .unknownRater, .unprovenHistory, .unreadable, .unsupportedType,
        .unwritable,
        .usage, .whoseLabels, .wordsDiffer, .writeOnlyFormat, .wrongCheckpoint, .wrongHost,
        .wrongLogKey, .wrongMethod, .wrongPassphrase, .wrongPassword, .wrongPosition,
        .wrongSteward,
    ]
}
