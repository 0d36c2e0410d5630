/// A document of the contract: what `--json` prints, and whoever else serves it.
///
/// Each has an example with its bytes among the tests, so that no member is renamed, lost or made null by
/// accident.
public protocol Document: Encodable, Sendable {}
