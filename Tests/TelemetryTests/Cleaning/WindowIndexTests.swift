import Telemetry
import Testing

struct WindowIndexTests {
    @Test("Windows lie inside segments, at the stride from each segment's start")
    func windows() {
        let segments = [0..<5, 5..<7, 10..<14]
        #expect(WindowIndex(segments: segments, window: 3).starts == [0, 1, 2, 10, 11])
        #expect(WindowIndex(segments: segments, window: 3, stride: 2).starts == [0, 2, 10])
        #expect(WindowIndex(segments: segments, window: 6).starts.isEmpty)
        #expect(WindowIndex(segments: [], window: 1).count == 0)
        #expect(WindowIndex(segments: [3..<3], window: 1).count == 0)
    }
}
