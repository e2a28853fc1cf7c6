import Engines
import Platform
import Testing

@Suite struct EngineErrorTests {
    @Test func exitStatuses() {
        #expect(EngineError(.unavailable, "").exitStatus == .unavailable)
        #expect(EngineError(.configuration, "").exitStatus == .configuration)
        #expect(EngineError(.unreadable, "").exitStatus == .data)
        #expect("\(EngineError(.refused, "no such node"))" == "no such node")
    }
}
