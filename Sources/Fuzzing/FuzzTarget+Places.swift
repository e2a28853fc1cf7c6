import Foundation
import Placement
import Platform

extension FuzzTarget {
    /// Placement's files.
    static let places: [FuzzTarget] = [
        FuzzTarget(
            "instance",
            texts: [
                #"{"nodes":[{"id":"a","tier":"access","accelerator":true},{"id":"b"},{"id":"c","canHost":false}],"latencySeconds":[[0,0.1,0.2],[0.1,0,0.3],[0.2,0.3,0]],"trainingTimeSeconds":[1,0.5,0.25],"server":"a","targetSeconds":5.0,"rounds":5,"acceleratorLimit":1,"accelerationFactor":0.5}"#,
                #"{"nodes":[{"id":"a"},{"id":"b","tier":"core"}],"links":[{"a":"a","b":"b","latencySeconds":0.01}],"trainingTimeBreakpoints":[{"workers":1,"seconds":1.1},{"workers":4,"seconds":0.4}],"targetSeconds":5,"rounds":5,"totalSamples":10}"#,
            ]
        ) { bytes in
            let instance = try InstanceReader.read(Data(bytes))
            let text = InstanceWriter.text(instance)
            try require(
                InstanceWriter.text(try InstanceReader.read(Data(text.utf8))) == text,
                "an instance is written as another")
        },
        FuzzTarget(
            "graphml",
            texts: [
                """
                <graphml><key attr.name="Latitude" for="node" id="d1"/><key attr.name="latency" for="edge" id="d2"/>\
                <graph><node id="0"><data key="d1">1.5</data></node><node id="1"/>\
                <edge source="0" target="1"><data key="d2">3</data></edge></graph></graphml>
                """
            ]
        ) { bytes in
            for fallback in [nil, 0.01] {
                var options = GraphMLReader.Options()
                options.latencyAttribute = "latency"
                options.fallbackSeconds = fallback
                _ = try GraphMLReader.read(Data(bytes), options)
            }
        },
        FuzzTarget("round-trips", texts: ["a,b,0.5\nb,c,0.25\na,c,1\n", "a b 10 ms\n"]) {
            _ = try RoundTripReader.read(Data($0))
        },
        FuzzTarget(
            "profile",
            texts: [
                #"{"measurements":[{"workers":1,"simultaneous":true,"largestShare":10,"seconds":[9,10],"heldOutLoss":[1]}],"trainingTimeBreakpoints":[{"workers":1,"seconds":10}]}"#
            ]
        ) { bytes in
            try Scratch.shared.with(bytes, named: "profile.json") { path in
                let profile = try MeasuredProfile.read(file: path)
                _ = try? profile.profile()
                _ = try LiveTrainingTimes(profile.measurements).profile(count: 4) { 1 / Double($0) }
            }
        },
    ]
}
