import CountermarkNode

/// The nodes of one home that work for the page, each on a thread of its own: who reads does not wait for who writes.
struct PageNodes: Sendable {
    private let quick: SharedNode
    private let slow: SharedNode
    /// Writes, one after another.
    let writing: SharedNode
    /// Looks whether anything moved.
    let watching: SharedNode

    init(_ side: OperatorSide) throws {
        quick = try side.makeNode()
        slow = try side.makeNode()
        writing = try side.makeNode()
        watching = try side.makeNode()
    }

    func at(_ pace: PageRoute.Pace) -> SharedNode {
        switch pace {
        case .quick: quick
        case .slow: slow
        }
    }
}
