// swift-tools-version: 6.2
import PackageDescription

/// Rules for every Swift target: the language mode is Swift 6 (from the tools version), imports are internal unless
/// they say otherwise, and a warning fails the build.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

/// The same for modules that call C: every unsafe expression is marked `unsafe`.
let strictWithC: [SwiftSetting] = strict + [.strictMemorySafety()]

func systemLibrary(_ name: String, packages: [String], pkgConfig: String? = nil) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt(packages)])
}

func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], touchesC: Bool = false, resources: [Resource]? = nil
)
    -> Target
{
    .target(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: touchesC ? strictWithC : strict)
}

func tool(_ name: String) -> Target {
    .executableTarget(name: name, dependencies: ["CommandLineTools"], swiftSettings: strict)
}

func tests(_ module: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
    .testTarget(
        name: module + "Tests",
        dependencies: [.target(name: module), "TestSupport"] + dependencies,
        resources: resources,
        swiftSettings: strict)
}

let package = Package(
    name: "faultline",
    products: [
        .executable(name: "fl-train", targets: ["fl-train"]),
        .executable(name: "fl-place", targets: ["fl-place"]),
        .executable(name: "fl-server", targets: ["fl-server"]),
        .executable(name: "fl-worker", targets: ["fl-worker"]),
        .executable(name: "fl-alerts", targets: ["fl-alerts"]),
    ],
    targets: [
        // Layer 0: C libraries.
        systemLibrary("COpenBLAS", packages: ["libopenblas-dev", "liblapacke-dev"]),
        systemLibrary("CZeroMQ", packages: ["libzmq3-dev"]),
        systemLibrary("CSQLite", packages: ["libsqlite3-dev"]),
        systemLibrary("CMicroHTTP", packages: ["libmicrohttpd-dev"]),
        .target(name: "CVectorKernels", cSettings: [.unsafeFlags(["-O3"])]),
        .target(name: "COpenCL"),

        // Layer 1: values that know nothing of the domain.
        module("TensorModule"),
        module("Checksums"),
        module("Observability"),
        module("TextParsing"),
        module("Charts"),
        module("CommandLineSupport", ["TextParsing"]),

        // Layer 2.
        module("LinearAlgebra", ["COpenBLAS", "TensorModule"], touchesC: true),
        module(
            "Telemetry", ["Checksums", "TensorModule", "TextParsing"],
            resources: [.embedInCode("Resources/groups.json")]),
        module("Transport", ["CZeroMQ"], touchesC: true),
        module("Storage", ["CSQLite", "Checksums", "TensorModule", "TextParsing"], touchesC: true),

        // Layer 3.
        module(
            "Accelerators", ["COpenCL", "CVectorKernels", "LinearAlgebra", "TensorModule"], touchesC: true,
            resources: [.embedInCode("Resources/autoencoder.cl")]),
        module("Placement", ["TensorModule", "TextParsing"]),

        // Layer 4.
        module(
            "Autoencoders", ["Accelerators", "Checksums", "Storage", "Telemetry", "TensorModule", "TextParsing"]),
        module("Federation", ["Checksums", "Placement", "TensorModule"]),
        module("Alarms", []),

        // Layer 5.
        module("Detection", ["LinearAlgebra", "Telemetry", "TensorModule", "TextParsing"]),
        module("Fingerprinting", ["Alarms", "Charts", "Detection", "Telemetry"]),

        // Layer 6.
        module(
            "Monitoring",
            [
                "Accelerators", "Autoencoders", "Detection", "Storage", "Telemetry", "TensorModule",
            ]),

        module(
            "Services",
            [
                "Accelerators", "Alarms", "Autoencoders", "CMicroHTTP", "Checksums", "Detection", "Federation",
                "Fingerprinting",
                "Monitoring", "Observability", "Placement", "Storage", "Telemetry", "TensorModule", "TextParsing",
                "Transport",
            ], touchesC: true),

        // Layer 7.
        module(
            "CommandLineTools",
            [
                "Accelerators", "Alarms", "Autoencoders", "Charts", "Checksums", "CommandLineSupport", "Detection",
                "Federation", "Fingerprinting", "Monitoring", "Observability", "Placement", "Services", "Storage",
                "Telemetry", "TensorModule", "TextParsing", "Transport",
            ]),

        // Layer 8.
        tool("fl-train"),
        tool("fl-place"),
        tool("fl-server"),
        tool("fl-worker"),
        tool("fl-alerts"),
        tool("fl-demo"),

        .target(
            name: "TestSupport", dependencies: ["Accelerators", "TensorModule"], path: "Tests/TestSupport",
            swiftSettings: strict),
        tests("CommandLineSupport", ["TextParsing"]),
        tests("Observability"),
        tests("Charts", ["TensorModule"]),
        tests("CommandLineTools", ["Telemetry", "fl-train"]),
        tests("Checksums", ["TensorModule"]),
        tests("TensorModule"),
        tests("TextParsing", ["TensorModule"]),
        tests("Telemetry", ["TensorModule"]),
        tests("Storage", ["Checksums", "TensorModule"]),
        tests(
            "Autoencoders", ["Accelerators", "Checksums", "Storage", "Telemetry", "TensorModule", "TextParsing"],
            resources: [.copy("Goldens")]),
        tests("Detection", ["TensorModule"], resources: [.copy("Goldens")]),
        tests("Fingerprinting", ["Alarms", "Charts", "Detection", "TensorModule"]),
        tests("LinearAlgebra", ["TensorModule"]),
        tests("Placement", ["TensorModule"], resources: [.copy("Goldens")]),
        tests("Accelerators", ["COpenCL", "TensorModule"]),
        tests("Federation", ["Checksums", "Placement", "TensorModule"]),
        tests("CVectorKernels"),
        tests("Alarms"),
        tests("Monitoring", ["Accelerators", "Autoencoders", "Detection", "Telemetry"]),
        tests("Transport"),
        tests(
            "Services",
            ["Accelerators", "Alarms", "Autoencoders", "Federation", "Placement", "Telemetry", "Transport"]),
    ])
