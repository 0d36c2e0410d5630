import DatasetReading

/// Shows how far long work is: a bar that is drawn over itself on a terminal, a plain line now and then elsewhere.
///
/// The clock and the place where it goes are given, so that it is the same in every test. Work that is done at once
/// shows nothing.
public final class ProgressBar {
    /// What is drawn on.
    public enum Style: Equatable, Sendable {
        /// A terminal with so many columns.
        case terminal(columns: Int)
        /// A file or a pipe.
        case lines
    }

    /// Work that is done sooner shows nothing.
    public static let quietSeconds = 0.5
    /// Between two drawings on a terminal: an eye takes no more.
    public static let redrawSeconds = 0.1
    /// Between two lines elsewhere: a log stays readable.
    public static let lineSeconds = 10.0
    /// The length of the bar in columns.
    private static let barColumns = 24
    private static let clearLine = "\r\u{1b}[K"

    private let style: Style
    private let now: () -> Double
    private let write: (String) -> Void
    private let begun: Double
    private var stage: WorkProgress.Stage?
    private var last = WorkProgress(.reading, labels: 0)
    /// When the stage began, and when it was shown last.
    private var (stageBegun, shown) = (0.0, 0.0)
    private var isOpen = false

    /// A bar.
    ///
    /// - Parameters:
    ///   - now: Seconds of a clock that nobody sets.
    ///   - write: Writes a text as it is.
    public init(_ style: Style, now: @escaping () -> Double, write: @escaping (String) -> Void) {
        (self.style, self.now, self.write) = (style, now, write)
        begun = now()
        shown = begun
    }

    /// Shows a state of the work, if it is time.
    public func show(_ progress: WorkProgress) {
        let time = now()
        if stage != progress.stage || progress.labels < last.labels {
            endStage(time)
            // The first labels of the first stage took the time before.
            stageBegun = stage == nil ? begun : time
            stage = progress.stage
        }
        last = progress
        let isDue =
            switch style {
            case .terminal:
                time - begun >= Self.quietSeconds
                    && (!isOpen || time - shown >= Self.redrawSeconds)
            case .lines: time - shown >= Self.lineSeconds
            }
        if isDue { draw(time) }
    }

    /// Ends what is drawn, so that the next line stands by itself.
    public func finish() { endStage(now()) }

    private func endStage(_ time: Double) {
        guard isOpen else { return }
        draw(time)
        if case .terminal = style { write("\n") }
        isOpen = false
    }

    private func draw(_ time: Double) {
        (isOpen, shown) = (true, time)
        let text = line(time)
        switch style {
        // The last column would move some terminals to the next line.
        case .terminal(let columns):
            write(Self.clearLine + text.prefix(max(0, columns - 1)))
        case .lines: write(text + "\n")
        }
    }

    private func line(_ time: Double) -> String {
        let seconds = max(time - stageBegun, 0.001)
        var parts = [last.stage.rawValue]
        if let fraction = last.fraction {
            if case .terminal = style { parts.append(Self.bar(fraction)) }
            parts.append("\(Int(fraction * 100)) %")
        }
        parts.append("\(last.labels) \(last.stage.unit)")
        parts.append("\(Int((Double(last.labels) / seconds).rounded()))/s")
        if let fraction = last.fraction, fraction > 0, fraction < 1 {
            let left = seconds * (1 - fraction) / fraction
            parts.append("\(Self.duration(left)) left")
        } else {
            parts.append(Self.duration(seconds))
        }
        return parts.joined(separator: "  ")
    }

    private static func bar(_ fraction: Double) -> String {
        let full = Int((fraction * Double(barColumns)).rounded(.down))
        return "[" + String(repeating: "#", count: full)
            + String(repeating: ".", count: barColumns - full) + "]"
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(min(seconds.rounded(.up), 359_999))
        if whole < 60 { return "\(whole) s" }
        let (minutes, rest) = (whole / 60, whole % 60)
        if minutes < 60 { return "\(minutes) min \(rest) s" }
        return "\(minutes / 60) h \(minutes % 60) min"
    }
}
