import AnnotationModel
import NIOCore
import NIOEmbedded
import Testing

@testable import CountermarkNode
@testable import PartnerNet

@Suite("Room for connections")
struct ConnectionRoomTests {
    private final class Visitor {
        let channel = EmbeddedChannel()
        let address: String
        let number: UInt64

        init(_ room: ConnectionRoom, from address: String) throws {
            self.address = address
            try channel.connect(to: .init(unixDomainSocketPath: "/x")).wait()
            number = room.enter(channel, address: address)
        }

        var isOpen: Bool { channel.isActive }
    }

    private func room(_ change: (inout ConnectionRoom.Sizes) -> Void) -> ConnectionRoom {
        var sizes = ConnectionRoom.Sizes()
        change(&sizes)
        return ConnectionRoom(sizes)
    }

    @Test("handshakes of one address crowd out its own, never those of another")
    func knocking() throws {
        let room = room { $0.knocking = 10 }
        let honest = try Visitor(room, from: "192.0.2.1")
        let crowd = try (0..<30).map { _ in try Visitor(room, from: "192.0.2.9") }
        #expect(honest.isOpen)
        #expect(crowd.count(where: \.isOpen) == 9)
        #expect(crowd.suffix(9).filter(\.isOpen).count == 9)
    }

    @Test("a partner's connections beyond its number are told so, then closed; others are served")
    func partners() throws {
        let room = room { ($0.perPartner, $0.told) = (4, 2) }
        let (greedy, honest) = (try Origin("a.example"), try Origin("b.example"))
        var welcomes: [ConnectionRoom.Welcome] = []
        var visitors: [Visitor] = []
        for _ in 0..<8 {
            let visitor = try Visitor(room, from: "192.0.2.1")
            visitors.append(visitor)
            welcomes.append(room.introduce(visitor.number, as: greedy, address: visitor.address))
        }
        #expect(
            welcomes == [.served, .served, .served, .served, .told, .told, .closed, .closed])
        let other = try Visitor(room, from: "192.0.2.1")
        #expect(room.introduce(other.number, as: honest, address: other.address) == .served)
        #expect(room.byPartner == [greedy: 8, honest: 1])
        for visitor in visitors { room.leave(visitor.number) }
        #expect(room.byPartner == [honest: 1])
        let again = try Visitor(room, from: "192.0.2.1")
        #expect(room.introduce(again.number, as: greedy, address: again.address) == .served)
    }

    @Test("strangers make room for one another while an invitation is open")
    func strangers() throws {
        let room = room { $0.strangers = 3 }
        let slow = try (0..<5).map { _ in try Visitor(room, from: "192.0.2.9") }
        for visitor in slow {
            _ = room.introduce(visitor.number, as: nil, address: visitor.address)
        }
        #expect(slow.count(where: \.isOpen) == 3)
        let newcomer = try Visitor(room, from: "192.0.2.1")
        #expect(room.introduce(newcomer.number, as: nil, address: newcomer.address) == .served)
        #expect(newcomer.isOpen)
        #expect(slow.count(where: \.isOpen) == 2)
    }

    @Test("where all places are taken, whoever has the most loses its oldest")
    func full() throws {
        let room = room { $0.inAll = 6 }
        let (greedy, honest) = (try Origin("a.example"), try Origin("b.example"))
        let first = try Visitor(room, from: "192.0.2.1")
        _ = room.introduce(first.number, as: honest, address: first.address)
        let many = try (0..<5).map { _ in try Visitor(room, from: "192.0.2.9") }
        for visitor in many {
            _ = room.introduce(visitor.number, as: greedy, address: visitor.address)
        }
        let second = try Visitor(room, from: "192.0.2.1")
        #expect(room.introduce(second.number, as: honest, address: second.address) == .served)
        #expect(first.isOpen && second.isOpen)
        #expect(many.map(\.isOpen) == [false, true, true, true, true])
        // Who has left meanwhile is not introduced any more.
        #expect(room.introduce(many[0].number, as: greedy, address: "192.0.2.9") == .closed)
    }

    @Test("connections fit into the files that the system grants")
    func files() {
        let connections = OpenFiles.raise()
        #expect(connections >= 64)
        #expect(connections == OpenFiles.raise())
    }
}
