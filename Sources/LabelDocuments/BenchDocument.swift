/// What `bench` prints.
public struct BenchDocument: Document {
    /// One measurement.
    public struct Row: Encodable, Sendable {
        /// What was measured.
        public let name: String
        /// The figures by name.
        public let figures: [String: Double]

        /// Makes one of its members.
        public init(name: String, figures: [String: Double]) {
            self.name = name
            self.figures = figures
        }
    }

    /// All of them.
    public let benchmarks: [Row]

    /// Makes one of its members.
    public init(benchmarks: [Row]) {
        self.benchmarks = benchmarks
    }
}
