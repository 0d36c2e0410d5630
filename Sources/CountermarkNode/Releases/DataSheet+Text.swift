extension DataSheet {
    /// As Markdown, with the plots as SVG within it.
    public var markdown: String {
        var text = "# \(Self.plain(title))\n"
        for part in parts {
            text += "\n"
            switch part {
            case .heading(let heading): text += "## \(Self.plain(heading))\n"
            case .text(let paragraph): text += Self.plain(paragraph) + "\n"
            case .table(let head, let rows):
                text += Self.row(head) + Self.row(head.map { _ in "---" })
                for row in rows { text += Self.row(row.map(Self.plain)) }
            // A blank line within would end the drawing.
            case .plot(let plot, let title):
                text += plot.svg(title) + "\n\n*\(Self.plain(title))*\n"
            case .commands(let lines): text += "```\n" + lines.joined(separator: "\n") + "\n```\n"
            }
        }
        return text
    }

    /// As a page that needs nothing else.
    public var html: String {
        var body = "<h1>\(SheetPlot.escaped(title))</h1>\n"
        for part in parts {
            switch part {
            case .heading(let heading): body += "<h2>\(SheetPlot.escaped(heading))</h2>\n"
            case .text(let paragraph): body += "<p>\(SheetPlot.escaped(paragraph))</p>\n"
            case .table(let head, let rows): body += Self.table(head, rows)
            case .plot(let plot, let title):
                body +=
                    "<figure>\(plot.svg(title))<figcaption>\(SheetPlot.escaped(title))</figcaption></figure>\n"
            case .commands(let lines):
                body += "<pre>" + lines.map(SheetPlot.escaped).joined(separator: "\n") + "</pre>\n"
            }
        }
        return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            + "<title>\(SheetPlot.escaped(title))</title>\n<style>\n"
            + "body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }\n"
            + "table { border-collapse: collapse }\n"
            + "td, th { border: 1px solid #bbb; padding: 0.25em 0.6em; text-align: left; vertical-align: top }\n"
            + "td { overflow-wrap: anywhere }\n"
            + "@media print { h2 { break-after: avoid } figure { break-inside: avoid } }\n"
            + "</style>\n</head>\n<body>\n\(body)</body>\n</html>\n"
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        func cells(_ row: [String], _ tag: String) -> String {
            "<tr>" + row.map { "<\(tag)>\(SheetPlot.escaped($0))</\(tag)>" }.joined() + "</tr>\n"
        }
        let top = head.allSatisfy(\.isEmpty) ? "" : cells(head, "th")
        return "<table>\n" + top + rows.map { cells($0, "td") }.joined() + "</table>\n"
    }

    private static func row(_ cells: [String]) -> String {
        "| " + cells.joined(separator: " | ") + " |\n"
    }

    /// Text that means nothing in Markdown but itself.
    private static func plain(_ text: String) -> String {
        var result = ""
        for character in SheetPlot.escaped(text) {
            if "\\`*_{}[]|#~".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
