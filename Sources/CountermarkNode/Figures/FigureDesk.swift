import Foundation
import Synchronization

/// Makes the text of all figures of a serving node, at most once a second: it costs what the home is large.
final class FigureDesk: Sendable {
    private static let kept = Duration.seconds(1)

    private let node: SharedNode
    private let desk: PartnerDesk
    private let meter: NodeMeter
    private let last = Mutex<(at: ContinuousClock.Instant, text: String)?>(nil)
    private let begun = Date().timeIntervalSince1970

    init(_ node: SharedNode, _ desk: PartnerDesk, _ meter: NodeMeter) {
        (self.node, self.desk, self.meter) = (node, desk, meter)
    }

    /// The figures as Prometheus reads them.
    func text() async throws -> String {
        try await node.run { [self] node in
            // Those who asked at the same time wait for one, and share it.
            if let last = last.withLock({ $0 }), .now - last.at < Self.kept { return last.text }
            var text = FigureText()
            addProcess(to: &text)
            try node.figures().add(to: &text)
            meter.add(to: &text, partnersMax: NodeFigures.partnersMax)
            desk.add(to: &text)
            last.withLock { $0 = (.now, text.text) }
            return text.text
        }
    }

    private func addProcess(to text: inout FigureText) {
        #if DEBUG
            let mode = "debug"
        #else
            let mode = "release"
        #endif
        #if compiler(>=6.3)
            let compiler = "6.3"
        #else
            let compiler = "6.2"
        #endif
        text.add(
            .gauge, "build_info",
            "How the program was built, and the partners' protocol; always 1.",
            [([("protocol", "1"), ("mode", mode), ("swift", compiler)], 1)])
        text.add(
            .gauge, "process_start_timestamp_seconds", begun.rounded(),
            "When the node began to serve.")
    }
}
