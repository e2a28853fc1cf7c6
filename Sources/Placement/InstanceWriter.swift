import Platform

/// Writes a placement instance as the JSON file that `InstanceReader` reads: links where it has them, else the matrix.
package enum InstanceWriter {
    /// The file's text; numbers in their shortest form that reads back the same.
    package static func text(_ instance: PlacementInstance) -> String {
        var text = "{"
        if !instance.name.isEmpty { text += "\"name\": \(JSONText.quoted(instance.name)),\n " }
        text += "\"nodes\": ["
        for (index, node) in instance.nodes.enumerated() {
            text += index == 0 ? "\n  " : ",\n  "
            var members = ["\"id\": \(JSONText.quoted(node.id))"]
            if let tier = node.tier { members.append("\"tier\": \(JSONText.quoted(tier))") }
            if node.accelerator { members.append("\"accelerator\": true") }
            if !node.canHost { members.append("\"canHost\": false") }
            if node.trainingTimeFactor != 1 { members.append("\"trainingTimeFactor\": \(node.trainingTimeFactor)") }
            if node.availability != 1 { members.append("\"availability\": \(node.availability)") }
            if node.capacity != 1 { members.append("\"capacity\": \(node.capacity)") }
            text += "{\(members.joined(separator: ", "))}"
        }
        text += "\n ],\n "
        if instance.links.isEmpty {
            text += "\"latencySeconds\": ["
            for row in instance.nodes.indices {
                text += row == 0 ? "\n  [" : ",\n  ["
                for column in instance.nodes.indices {
                    let value = instance.latency[row, column]
                    if column > 0 { text += ", " }
                    text += value < .infinity ? number(value) : "null"
                }
                text += "]"
            }
        } else {
            text += "\"links\": ["
            for (index, link) in instance.links.enumerated() {
                text += index == 0 ? "\n  " : ",\n  "
                text +=
                    "{\"a\": \(JSONText.quoted(instance.nodes[link.a].id)), \"b\": \(JSONText.quoted(instance.nodes[link.b].id)),"
                text += " \"latencySeconds\": \(number(link.latencySeconds))}"
            }
        }
        text += "\n ],\n "
        if instance.trainingTime.table.isEmpty {
            let points = instance.trainingTime.breakpoints.map {
                "{\"workers\": \($0.workers), \"seconds\": \(number($0.seconds))}"
            }
            text += "\"trainingTimeBreakpoints\": [\n  \(points.joined(separator: ",\n  "))\n ],\n "
        } else {
            let values = instance.trainingTime.table.map(number).joined(separator: ", ")
            text += "\"trainingTimeSeconds\": [\(values)],\n "
        }
        if let server = instance.fixedServer { text += "\"server\": \(JSONText.quoted(instance.nodes[server].id)), " }
        text += "\"targetSeconds\": \(number(instance.targetSeconds)), \"rounds\": \(instance.rounds), "
        text += "\"acceleratorLimit\": \(instance.acceleratorLimit), "
        text += "\"accelerationFactor\": \(number(instance.accelerationFactor))"
        if instance.totalSamples > 0 { text += ", \"totalSamples\": \(instance.totalSamples)" }
        if instance.minimumSamplesPerWorker > 0 {
            text += ", \"minimumSamplesPerWorker\": \(instance.minimumSamplesPerWorker)"
        }
        return text + "}\n"
    }

    private static func number(_ value: Double) -> String { Int(exactly: value).map { "\($0)" } ?? "\(value)" }
}
