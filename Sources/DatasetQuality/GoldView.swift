import AnnotationModel
import Provenance

/// A sealed set of gold items with what is known of it here.
public struct GoldView: Sendable {
    /// How far it is.
    public enum State: String, Sendable {
        /// Nobody but the company knows the answers.
        case sealed
        /// The answers are known, and they are those that were sealed.
        case opened
        /// What the company gave out is not what it had sealed.
        case isWrong = "wrong"
    }

    /// What the log says.
    public let seal: GoldSeal
    /// The company.
    public let org: Origin
    /// The first opening that is what was sealed; nil while there is none.
    public let opening: GoldSeal.Opening?

    package init(seal: GoldSeal, org: Origin, opening: GoldSeal.Opening?) {
        (self.seal, self.org, self.opening) = (seal, org, opening)
    }

    /// How far it is.
    public var state: State {
        opening != nil ? .opened : seal.openings.isEmpty ? .sealed : .isWrong
    }
}

/// The answers that labels are held against.
package struct GoldReference {
    package let set: GoldSet
    package let org: Origin

    package init(set: GoldSet, org: Origin) {
        (self.set, self.org) = (set, org)
    }
}
