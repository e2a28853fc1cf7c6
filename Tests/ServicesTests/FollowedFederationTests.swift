import Foundation
import TestSupport
import Testing

@Suite struct FollowedFederationTests {
    @Test("Where another federation answers, its alarms are shown from the first on")
    func numbersOfOneFederationMeanNothingInAnother() throws {
        let server = try SeededServer(["ene", "mene", "muh"])
        try server.fleet.start("alerts", "fl-alerts", ["--server", "127.0.0.1:\(server.fleet.http)", "--follow"])
        #expect(eventually { server.fleet.log("alerts").contains("site1/muh") }, "\(server.fleet.log("alerts"))")
        try server.replace(by: ["raus"])
        #expect(eventually { server.fleet.log("alerts").contains("site1/raus") }, "\(server.fleet.log("alerts"))")
        #expect(server.fleet.log("alerts").contains("another federation is there"))
    }
}
