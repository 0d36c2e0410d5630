/// What a person may do on a node's page, within its organisation; each may what those before it may.
package enum PageRole: String, Sendable, Comparable, CaseIterable {
    /// Sees what the organisation may see.
    case viewer
    /// Labels, comments, and says what it has examined.
    case annotator
    /// Judges labels, settles conflicts, and says how far items are.
    case reviewer
    /// Sets the node up: items, datasets, imports, partners, people.
    case `operator`

    /// In the order of their rights.
    package static func < (left: PageRole, right: PageRole) -> Bool {
        let order = allCases
        return order.firstIndex(of: left) ?? 0 < order.firstIndex(of: right) ?? 0
    }
}
