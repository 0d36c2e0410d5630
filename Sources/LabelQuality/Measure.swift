/// A measure of agreement, by the name that the command line has for it.
public enum Measure: String, Sendable, CaseIterable {
    /// The share of agreeing pairs, the mean over units; not corrected for chance.
    case percent
    /// Cohen 1960: two raters, chance by the marginals of each.
    case cohenKappa = "cohen-kappa"
    /// Fleiss 1971, as Gwet generalises it to missing judgements.
    case fleissKappa = "fleiss-kappa"
    /// Gwet 2008.
    case gwetAC1 = "gwet-ac1"
    /// Krippendorff 2004.
    case krippendorffAlpha = "krippendorff-alpha"
}

/// How far apart two categories are, for Krippendorff's alpha.
public enum Level: String, Sendable, CaseIterable {
    /// Equal or not.
    case nominal
    /// By the number of judgements between them.
    case ordinal
    /// By the square of their difference.
    case interval
    /// By the square of their difference in proportion to their sum.
    case ratio
}
