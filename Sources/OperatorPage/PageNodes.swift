import CountermarkNode

/// The nodes of one home that work for the page, each on a thread of its own: who reads does not wait for who writes.
struct PageNodes: Sendable {
    private let quick: SharedNode
    private let slow: SharedNode
    /// Writes, one after another.
    let writing: SharedNode
    /// Looks whether anything moved.
    let watching: SharedNode

    init(_ home: Home) throws {
        quick = SharedNode(try Node(home))
        slow = SharedNode(try Node(home))
        writing = SharedNode(try Node(home))
        watching = SharedNode(try Node(home))
    }

    func at(_ pace: PageRoute.Pace) -> SharedNode {
        switch pace {
        case .quick: quick
        case .slow: slow
        }
    }
}
