extension MILPModel {
    /// The model in CPLEX's LP format, which HiGHS, CBC, GLPK (`glpsol --lp`), SCIP, CPLEX and Gurobi read.
    public var lpText: String {
        var text = "\\ \(title)\nMinimize\n objective:"
        var width = 0
        func append(_ coefficient: Double, _ variable: Int) {
            let term = " \(coefficient < 0 ? "-" : "+") \(Self.number(abs(coefficient))) \(variables[variable].name)"
            // Readers limit the length of a line.
            if width + term.utf8.count > 200 {
                text += "\n  "
                width = 0
            }
            text += term
            width += term.utf8.count
        }
        for index in variables.indices where variables[index].cost != 0 { append(variables[index].cost, index) }
        if variables.allSatisfy({ $0.cost == 0 }) { text += " 0 \(variables.first?.name ?? "t")" }
        text += "\nSubject To\n"
        for constraint in constraints where !constraint.terms.isEmpty {
            text += " \(constraint.name):"
            width = 0
            for term in constraint.terms { append(term.coefficient, term.variable) }
            text += " \(constraint.relation.rawValue) \(Self.number(constraint.bound))\n"
        }
        text += "Bounds\n"
        for variable in variables { text += " 0 <= \(variable.name) <= \(Self.number(variable.upper))\n" }
        text += "General\n"
        for variable in variables where variable.isInteger { text += " \(variable.name)\n" }
        return text + "End\n"
    }

    /// The model in free MPS format, which HiGHS, CBC, GLPK (`glpsol --freemps`), SCIP, CPLEX and Gurobi read.
    public var mpsText: String {
        var text = "* \(title)\nNAME placement\nROWS\n N objective\n"
        let used = constraints.filter { !$0.terms.isEmpty }
        for constraint in used {
            let kind =
                switch constraint.relation {
                case .atMost: "L"
                case .atLeast: "G"
                case .equal: "E"
                }
            text += " \(kind) \(constraint.name)\n"
        }
        var columns = [[(row: Int, coefficient: Double)]](repeating: [], count: variables.count)
        for (row, constraint) in used.enumerated() {
            for term in constraint.terms { columns[term.variable].append((row, term.coefficient)) }
        }
        text += "COLUMNS\n"
        // Whole variables stand between markers.
        var isInteger = false
        var markers = 0
        func mark(_ value: Bool) {
            guard value != isInteger else { return }
            isInteger = value
            markers += 1
            text += " MARKER\(markers) 'MARKER' '\(value ? "INTORG" : "INTEND")'\n"
        }
        for (index, variable) in variables.enumerated() {
            mark(variable.isInteger)
            if variable.cost != 0 || columns[index].isEmpty {
                text += " \(variable.name) objective \(Self.number(variable.cost))\n"
            }
            for entry in columns[index] {
                text += " \(variable.name) \(used[entry.row].name) \(Self.number(entry.coefficient))\n"
            }
        }
        mark(false)
        text += "RHS\n"
        for constraint in used where constraint.bound != 0 {
            text += " RHS \(constraint.name) \(Self.number(constraint.bound))\n"
        }
        text += "BOUNDS\n"
        for variable in variables { text += " UP BND \(variable.name) \(Self.number(variable.upper))\n" }
        return text + "ENDATA\n"
    }

    private static func number(_ value: Double) -> String { Int(exactly: value).map { "\($0)" } ?? "\(value)" }
}
