import Foundation
import TestSupport
import Testing

/// The demo in a short form.
@Suite struct DemoTests {
    @Test func theDemoRunsFromTrainingToAlarmsAndItsModelsAreTheSameEachTime() throws {
        let fleet = try Fleet(sites: 3)
        var models: Set<[String: Data]> = []
        for run in 1...2 {
            let work = fleet.folder.path("demo\(run)")
            let demo = try ToolProcess.run(
                "fl-demo",
                [
                    "--data", fleet.data, "--work", work, "--rounds", "2", "--epochs", "1", "--hidden", "8,4",
                    "--rows-per-second", "0",
                ])
            #expect(demo.status == 0, "\(demo.errors)")
            for line in ["rounds of training", "faults injected", "faults found", "radiography", "raised"] {
                #expect(demo.output.contains(line), "\(line) is not in:\n\(demo.output)")
            }
            let picture = try String(contentsOfFile: work + "/radiography.svg", encoding: .utf8)
            #expect(picture.hasPrefix("<svg") || picture.hasPrefix("<?xml"))
            models.insert(try Fleet.weights(work + "/server/model"))
        }
        #expect(models.count == 1)
    }
}
