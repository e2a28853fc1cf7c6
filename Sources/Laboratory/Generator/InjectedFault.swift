/// A fault as it was put into data: what an interpretation file says, and more.
public struct InjectedFault: Hashable, Sendable, Codable {
    /// A metric that the fault moved.
    public struct TouchedMetric: Hashable, Sendable, Codable {
        /// Position among the metric columns, counted from 0.
        public var column: Int
        /// The metric's name.
        public var name: String
        /// Its resource group.
        public var group: String
        /// The size asked for at the fault's height, signed, in units of the metric's spread.
        public var intended: Double
        /// The largest size reached, signed, in units of the metric's spread; smaller than asked for where the metric
        /// has a bound.
        public var reached: Double
        /// The first row at which the fault moves the metric.
        public var firstRow: Int

        /// A metric from its facts.
        public init(column: Int, name: String, group: String, intended: Double, reached: Double, firstRow: Int) {
            self.column = column
            self.name = name
            self.group = group
            self.intended = intended
            self.reached = reached
            self.firstRow = firstRow
        }
    }

    /// The kind's name.
    public var fault: String
    /// How it unfolds.
    public var shape: FaultKind.Shape
    /// Rows of the fault.
    public var rows: Range<Int>
    /// Units of each metric's spread: 1 to 8.
    public var severity: Double
    /// The metrics that it moved, first those that moved first.
    public var metrics: [TouchedMetric]

    /// A fault from its facts.
    public init(
        fault: String, shape: FaultKind.Shape, rows: Range<Int>, severity: Double, metrics: [TouchedMetric]
    ) {
        self.fault = fault
        self.shape = shape
        self.rows = rows
        self.severity = severity
        self.metrics = metrics
    }

    /// The resource groups it moved, in the order in which they moved.
    public var groups: [String] {
        var seen: Set<String> = []
        return metrics.map(\.group).filter { seen.insert($0).inserted }
    }

    /// The same fault with its rows counted from another row.
    func shifted(by offset: Int) -> InjectedFault {
        var copy = self
        copy.rows = (rows.lowerBound + offset)..<(rows.upperBound + offset)
        for index in copy.metrics.indices { copy.metrics[index].firstRow += offset }
        return copy
    }
}
