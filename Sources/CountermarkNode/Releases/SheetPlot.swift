import LabelText
import PlainErrors
import Signing

/// A drawing of a data sheet, as SVG that stands in HTML and in Markdown; it names no font, no file and no script.
enum SheetPlot {
    /// How often something occurs.
    case bars([(name: String, count: Int)])
    /// What one says where another says what.
    case matrix(rows: String, columns: String, cells: [(row: String, column: String, count: Int)])
    /// Figures between -1 and 1 over time.
    case lines([(name: String, points: [(time: Int64, value: Double)])])

    /// The most bars: more are unreadable.
    static let barsMax = 30
    /// The most classes on a side of a matrix, the most frequent.
    static let classesMax = 15
    private static let nameMax = 28

    /// The drawing; `title` is what it shows, for those who do not see it.
    func svg(_ title: String) -> String {
        let (width, height, body) =
            switch self {
            case .bars(let bars): Self.draw(bars)
            case .matrix(let rows, let columns, let cells): Self.draw(rows, columns, cells)
            case .lines(let lines): Self.draw(lines)
            }
        return
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
            + "height=\"\(height)\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">"
            + "<title>\(Self.escaped(title))</title>" + body + "</svg>"
    }

    /// Text as XML and HTML have it; what is invisible is shown as a code.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in InertText.line(text) {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&apos;"
            default: result.append(character)
            }
        }
        return result
    }

    private static func short(_ name: String) -> String {
        escaped(name.count > nameMax ? name.prefix(nameMax - 1) + "…" : name)
    }

    private static func text(_ x: Int, _ y: Int, _ text: String, _ more: String = "") -> String {
        "<text x=\"\(x)\" y=\"\(y)\"\(more)>\(text)</text>"
    }

    private static func draw(_ bars: [(name: String, count: Int)]) -> (Int, Int, String) {
        let most = max(1, bars.map(\.count).max() ?? 1)
        var body = ""
        for (index, bar) in bars.enumerated() {
            let y = index * 20
            let width = bar.count * 340 / most
            body += text(205, y + 14, short(bar.name), " text-anchor=\"end\"")
            body +=
                "<rect x=\"212\" y=\"\(y + 3)\" width=\"\(max(1, width))\" height=\"14\" fill=\"#3b6ea5\"/>"
            body += text(218 + width, y + 14, "\(bar.count)")
        }
        return (640, max(20, bars.count * 20), body)
    }

    private static func draw(
        _ rows: String, _ columns: String, _ cells: [(row: String, column: String, count: Int)]
    ) -> (Int, Int, String) {
        var counts: [String: Int] = [:]
        for cell in cells {
            counts[cell.row, default: 0] += cell.count
            if cell.row != cell.column { counts[cell.column, default: 0] += cell.count }
        }
        let names = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(classesMax)
            .map(\.key)
        let places = Dictionary(
            names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let most = max(1, cells.map(\.count).max() ?? 1)
        let (side, left, top) = (30, 210, 120)
        var body =
            text(left - 8, top - 24, short(rows), " text-anchor=\"end\" font-weight=\"bold\"")
            + text(left, 14, short(columns), " font-weight=\"bold\"")
        for (index, name) in names.enumerated() {
            let place = index * side
            body += text(left - 6, top + place + 19, short(name), " text-anchor=\"end\"")
            let (x, y) = (left + place + 18, top - 6)
            body += text(x, y, short(name), " transform=\"rotate(-45 \(x) \(y))\"")
        }
        for cell in cells {
            guard let row = places[cell.row], let column = places[cell.column] else { continue }
            let (x, y) = (left + column * side, top + row * side)
            let shade = String(Double(cell.count) / Double(most) * 0.9 + 0.1)
            let color = row == column ? "#3b8a4f" : "#b5482f"
            body +=
                "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(side - 2)\" height=\"\(side - 2)\" fill=\"\(color)\" "
                + "fill-opacity=\"\(shade.prefix(5))\"/>"
                + text(
                    x + side / 2 - 1, y + 18, "\(cell.count)",
                    " text-anchor=\"middle\" font-size=\"10\"")
        }
        return (left + names.count * side + 130, top + names.count * side + 10, body)
    }

    private static func draw(
        _ lines: [(name: String, points: [(time: Int64, value: Double)])]
    ) -> (Int, Int, String) {
        let times = lines.flatMap { $0.points.map(\.time) }
        let (first, last) = (times.min() ?? 0, times.max() ?? 1)
        let lowest = min(0, lines.flatMap { $0.points.map(\.value) }.min() ?? 0) < 0 ? -1.0 : 0
        func x(_ time: Int64) -> Int {
            50 + Int((Double(time) - Double(first)) / max(1, Double(last) - Double(first)) * 420)
        }
        func y(_ value: Double) -> Int { 180 - Int((value - lowest) / (1 - lowest) * 160) }
        var body = ""
        for value in lowest < 0 ? [-1, -0.5, 0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1] {
            body +=
                "<line x1=\"50\" y1=\"\(y(value))\" x2=\"470\" y2=\"\(y(value))\" stroke=\"#ccc\"/>"
                + text(44, y(value) + 4, "\(value)", " text-anchor=\"end\"")
        }
        body +=
            text(50, 200, ReadableTime.text(first))
            + text(470, 200, ReadableTime.text(last), " text-anchor=\"end\"")
        let colors = ["#3b6ea5", "#b5482f", "#3b8a4f"]
        for (index, line) in lines.enumerated() {
            let color = colors[index % colors.count]
            let points = line.points.map { "\(x($0.time)),\(y($0.value))" }.joined(separator: " ")
            body +=
                "<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\"/>"
            for point in line.points {
                body +=
                    "<circle cx=\"\(x(point.time))\" cy=\"\(y(point.value))\" r=\"3\" fill=\"\(color)\"/>"
            }
            body += text(482, 30 + index * 18, short(line.name), " fill=\"\(color)\"")
        }
        return (640, 210, body)
    }
}
