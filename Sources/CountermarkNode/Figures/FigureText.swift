/// Figures as Prometheus reads them (text format 0.0.4): each family has its help and its type.
struct FigureText {
    /// The labels of one value, in the order in which they are written.
    typealias Labels = [(name: String, value: String)]

    /// What a family is.
    enum Kind: String {
        case gauge, counter
    }

    private(set) var text = ""

    /// Adds a family without labels.
    mutating func add(_ kind: Kind, _ name: String, _ value: Double, _ help: String) {
        add(kind, name, help, [([], value)])
    }

    /// Adds a family.
    ///
    /// - Parameter name: Without `countermark_`; it ends with its unit, and a counter's with `_total`.
    mutating func add(
        _ kind: Kind, _ name: String, _ help: String, _ values: [(labels: Labels, value: Double)]
    ) {
        begin(kind.rawValue, name, help)
        for (labels, value) in values { line(name, labels, value) }
    }

    /// Adds a histogram.
    mutating func add(_ name: String, _ help: String, _ histogram: Histogram) {
        begin("histogram", name, help)
        for (bound, count) in histogram.cumulative {
            line(name + "_bucket", [("le", bound.map(Self.number) ?? "+Inf")], Double(count))
        }
        line(name + "_sum", [], histogram.sum)
        line(name + "_count", [], Double(histogram.count))
    }

    private mutating func begin(_ kind: String, _ name: String, _ help: String) {
        let help = help.replacingEach(["\\": "\\\\", "\n": "\\n"])
        text += "# HELP countermark_\(name) \(help)\n# TYPE countermark_\(name) \(kind)\n"
    }

    private mutating func line(_ name: String, _ labels: Labels, _ value: Double) {
        let labels = labels.map { label in
            let value = label.value.replacingEach(["\\": "\\\\", "\n": "\\n", "\"": "\\\""])
            return "\(label.name)=\"\(value)\""
        }.joined(separator: ",")
        text += "countermark_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.number(value))\n"
    }

    /// A whole number as such.
    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}

extension String {
    /// The text with single characters replaced.
    fileprivate func replacingEach(_ replacements: [Character: String]) -> String {
        reduce(into: "") { $0 += replacements[$1] ?? String($1) }
    }
}
