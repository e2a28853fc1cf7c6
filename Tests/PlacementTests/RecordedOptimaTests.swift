import Foundation
import Placement
import Testing

/// Optima found by an independent MILP (HiGHS), recorded by `scripts/check-placement-optima --record`.
@Suite("Recorded optima of an independent MILP solver")
struct RecordedOptimaTests {
    @Test("320 instances, four models each")
    func optima() throws {
        let url = try #require(Bundle.module.url(forResource: "Goldens/highs-optima", withExtension: "jsonl"))
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 320)
        let objectives = [
            "baseline": PlacementObjective(.baseline), "aif-p": PlacementObjective(.aifP),
            "aif-p-var": PlacementObjective(.aifPVariant),
            "aif-p-var-as-published": PlacementObjective(.aifPVariant, asPublished: true),
        ]
        var compared = 0
        for (index, line) in lines.enumerated() {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let text = try JSONSerialization.data(withJSONObject: try #require(object["instance"]))
            let instance = try InstanceReader.read(text)
            let optima = try #require(object["optima"] as? [String: Any])
            for (name, value) in optima {
                let objective = try #require(objectives[name])
                let placement = try PlacementSolver.solve(instance, objective).placement
                compared += 1
                guard let optimum = value as? Double else {
                    #expect(placement == nil, "\(name), line \(index + 1)")
                    continue
                }
                // HiGHS keeps constraints to about 1e-6 s, which the spread weighs with 1000.
                let ours = try #require(placement, "\(name), line \(index + 1)")
                #expect(abs(ours.objective - optimum) < 5e-3, "\(name), line \(index + 1)")
                #expect(ours.objective <= optimum + 2e-3, "\(name), line \(index + 1)")
            }
        }
        #expect(compared >= 1200)
    }

    /// Sets that need a worker each, with nodes of different speed; recorded by `scripts/record-coverage-optima`.
    @Test("125 instances with sets that need a worker, three models each")
    func coverage() throws {
        let url = try #require(Bundle.module.url(forResource: "Goldens/coverage-optima", withExtension: "jsonl"))
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 125)
        var solved = 0
        for (index, line) in lines.enumerated() {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let text = try JSONSerialization.data(withJSONObject: try #require(object["instance"]))
            var instance = try InstanceReader.read(text)
            instance.coverage = try WorkerCoverage(try #require(object["coverage"] as? [[Int]]))
            let optima = try #require(object["optima"] as? [String: Any])
            #expect(optima.count == 3)
            for (name, value) in optima {
                let model = try #require(PlacementModel(rawValue: name))
                let placement = try PlacementSolver.solve(instance, PlacementObjective(model)).placement
                guard let optimum = value as? Double else {
                    #expect(placement == nil, "\(name), line \(index + 1)")
                    continue
                }
                let ours = try #require(placement, "\(name), line \(index + 1)")
                solved += 1
                #expect(instance.coverage.isMet(by: ours.workers), "\(name), line \(index + 1)")
                // What is recorded is the objective of the choice itself, which may be a little worse than the best.
                #expect(abs(ours.objective - optimum) < 5e-3, "\(name), line \(index + 1)")
                #expect(ours.objective <= optimum + 1e-6, "\(name), line \(index + 1)")
            }
        }
        #expect(solved > 150)
    }
}
