import AnnotationModel

/// What one member may put into its log of one dataset.
///
/// Every member pays for what any member writes, for as long as the dataset lives: so what grows with the number
/// of acts or names, and not with the bytes of the labels, is bounded for each log. The bounds are part of the
/// protocol: all nodes find the same acts beyond them, because they are counted in the log's own order.
public enum MemberLimits {
    /// Signing keys that one log introduces: a node's yearly, and those of some hundred people.
    ///
    /// A log with more is refused: beyond it nobody could check its signatures.
    public static let keysMax = 1_024
    /// Retirements of keys: each key once.
    public static let retirementsMax = 1_024
    /// Keys with which one organisation cosigns: one, and its successors.
    public static let witnessKeysMax = 16
    /// Changes of a log's audience: partners keep a checkpoint for each.
    public static let audiencesMax = 32
    /// Agreements with releases.
    public static let countersignaturesMax = 4_096
    /// Sets of gold items, and openings of them: every node keeps an opening's 32 KiB.
    public static let goldMax = 64
    /// Distinct attribute names, which bound the registers that one member can give one label.
    public static let attributeNamesMax = 4_096

    /// How many acts of a kind count in one log, counted in its order; nil where their number is not bounded.
    ///
    /// The steward's acts are not: it governs, and a dataset is its to spoil.
    public static func actsMax(_ act: GovernanceAct) -> Int? {
        switch act {
        case .addKey: keysMax
        case .retireKey: retirementsMax
        case .addWitness: witnessKeysMax
        case .setAudience: audiencesMax
        case .countersign: countersignaturesMax
        case .sealGold, .openGold: goldMax
        case .defineDataset, .setMember, .cutLog, .setSchema, .setPolicy, .release,
            .setWitnessPolicy, .setReleasePolicy, .succeedLog, .setBlind:
            nil
        }
    }
}
