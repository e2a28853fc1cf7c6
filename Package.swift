// swift-tools-version: 6.2
import PackageDescription

/// Rules for every Swift target: the language mode is Swift 6 (from the tools version), imports are internal unless
/// they say otherwise, and a warning fails the build.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

/// Rules for tests: the same, and not optimised, since compiling most tests takes longer than running them; those that
/// hold an oracle of their own against the product are (`compute`).
let strictTests: [SwiftSetting] = strict + [.unsafeFlags(["-Onone"])]

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

func tool(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: ["CommandLine"] + dependencies, swiftSettings: strict)
}

func tests(
    _ module: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil, compute: Bool = false
) -> Target {
    .testTarget(
        name: module + "Tests",
        dependencies: [.target(name: module), "TestSupport"] + dependencies,
        resources: resources,
        swiftSettings: compute ? strict : strictTests)
}

/// The page that fl-server serves, file by file, and the schema of what it says.
let pageFiles = [
    "alarm-event.schema.json", "openapi-schemas.json", "page.html", "page.css", "page.svg", "main.js", "state.js",
    "text.js", "draw.js",
    "incidents.js", "alarms.js",
    "places.js", "actions.js", "scores.js", "topology.js", "placement.js", "system.js",
]

/// What `make fuzz` builds besides, and nobody else: it is linked with libFuzzer.
let fuzzer: [Target] =
    Context.environment["FAULTLINE_FUZZ"] == nil
    ? []
    : [
        .target(name: "CFuzzer"),
        .executableTarget(
            name: "fl-fuzz", dependencies: ["CFuzzer", "Fuzzing", "Platform"], swiftSettings: strictWithC),
    ]

let package = Package(
    name: "faultline",
    products: [
        .executable(name: "fl-train", targets: ["fl-train"]),
        .executable(name: "fl-place", targets: ["fl-place"]),
        .executable(name: "fl-server", targets: ["fl-server"]),
        .executable(name: "fl-worker", targets: ["fl-worker"]),
        .executable(name: "fl-alerts", targets: ["fl-alerts"]),
        .executable(name: "fl-engine", targets: ["fl-engine"]),
    ],
    targets: fuzzer + [
        // Layer 0: C libraries.
        systemLibrary("COpenBLAS", packages: ["libopenblas-dev", "liblapacke-dev"]),
        systemLibrary("CZeroMQ", packages: ["libzmq3-dev"]),
        systemLibrary("CSQLite", packages: ["libsqlite3-dev"]),
        systemLibrary("CMosquitto", packages: ["libmosquitto-dev"]),
        systemLibrary("CMicroHTTP", packages: ["libmicrohttpd-dev"]),
        systemLibrary("CExpat", packages: ["libexpat1-dev"]),
        systemLibrary("CCurl", packages: ["libcurl4-openssl-dev"]),
        systemLibrary("CSnappy", packages: ["libsnappy-dev"]),
        systemLibrary("CZlib", packages: ["zlib1g-dev"]),
        systemLibrary("COpenSSL", packages: ["libssl-dev"]),
        systemLibrary("CZstd", packages: ["libzstd-dev"]),
        .target(name: "CVectorKernels", cSettings: [.unsafeFlags(["-O3"])]),
        .target(name: "COpenCL"),

        // Layer 1: what knows nothing of the domain.
        module("Numerics", ["COpenBLAS"], touchesC: true),
        module("Platform", ["CExpat", "COpenSSL", "CZlib", "CZstd"], touchesC: true),
        module("Web", ["CCurl"], touchesC: true),

        // Layer 2.
        module("Charts", ["Platform"]),
        module("CommandLine", ["Platform"]),
        module(
            "Telemetry", ["Numerics", "Platform"],
            resources: [.embedInCode("Resources/groups.json"), .embedInCode("Resources/presets.json")]),
        module("Placement", ["Numerics", "Platform"]),
        // Cluster engines and the controller that makes them run what placement decides.
        module("Engines", ["Platform", "Web"]),

        // Layer 3.
        module(
            "Autoencoders", ["COpenCL", "CVectorKernels", "Numerics", "Platform", "Telemetry"], touchesC: true,
            resources: [.embedInCode("Engines/Resources/autoencoder.cl")]),
        module("Federation", ["Numerics", "Placement", "Platform"]),

        // Layer 4.
        module(
            "Watching", ["Autoencoders", "Charts", "Numerics", "Platform", "Telemetry"],
            resources: [.embedInCode("Resources/metric-kinds.json")]),
        // Whole federations on one time line, with the nodes of fl-server and fl-worker.
        module("Simulation", ["Engines", "Federation", "Numerics", "Placement", "Platform"]),

        // Layer 5.
        module(
            "Services",
            [
                "Autoencoders", "CMicroHTTP", "CSQLite", "CZeroMQ", "Charts", "CommandLine", "Federation", "Numerics",
                "Placement", "Platform",
                "Telemetry", "Watching", "Web",
            ], touchesC: true, resources: pageFiles.map { .embedInCode("Page/Resources/" + $0) }),

        // Layer 6: live sources and the sample store, which only some tools need.
        module(
            "Collection", ["CCurl", "CSnappy", "CZlib", "CZstd", "Platform", "Services", "Telemetry", "Web"],
            touchesC: true),

        // Layer 6: where alarms are sent on to, which only the server needs.
        module(
            "Forwarding",
            ["CCurl", "CMosquitto", "CommandLine", "Platform", "Services", "Telemetry", "Watching", "Web"],
            touchesC: true),

        // Layer 6: what experiments need and an edge process does not.
        module(
            "Laboratory",
            [
                "Autoencoders", "Charts", "CommandLine", "Federation", "Numerics", "Placement", "Platform", "Services",
                "Telemetry", "Watching",
            ]),

        // Layer 7: every decoder that a peer or a file reaches, as functions of bytes: for `make fuzz`, and for tests.
        module(
            "Fuzzing",
            [
                "Autoencoders", "Collection", "CommandLine", "Federation", "Forwarding", "Numerics", "Placement",
                "Platform", "Services", "Telemetry", "Watching",
            ]),

        // Layer 7: one target a tool.
        tool(
            "fl-train",
            [
                "Autoencoders", "Charts", "Collection", "Laboratory", "Numerics", "Platform", "Services", "Telemetry",
                "Watching",
            ]),
        tool("fl-place", ["Charts", "Laboratory", "Numerics", "Placement", "Platform"]),
        tool(
            "fl-server",
            [
                "Autoencoders", "Federation", "Forwarding", "Placement", "Platform", "Services", "Telemetry",
                "Watching",
            ]),
        tool("fl-worker", ["Autoencoders", "Collection", "Platform", "Services", "Telemetry", "Watching"]),
        tool("fl-alerts", ["Platform", "Services", "Telemetry", "Watching"]),
        tool("fl-engine", ["Engines", "Platform", "Services"]),
        tool("fl-simulate", ["Engines", "Platform", "Simulation"]),
        tool("fl-demo", ["Laboratory", "Platform", "Services", "Telemetry", "Watching"]),

        .target(
            name: "TestSupport", dependencies: ["Autoencoders", "Numerics", "Watching"], path: "Tests/TestSupport",
            swiftSettings: strictTests),
        tests("Numerics"),
        tests("Platform", ["Numerics"]),
        tests("Charts", ["Numerics", "Platform"]),
        tests("CommandLine", ["Platform"]),
        tests("CVectorKernels"),
        tests("Telemetry", ["Laboratory", "Numerics", "Platform"]),
        tests("Engines", ["Platform", "Simulation"]),
        tests("Placement", ["Laboratory", "Numerics"], resources: [.copy("Goldens")], compute: true),
        tests(
            "Autoencoders", ["COpenCL", "Numerics", "Platform", "Telemetry"],
            resources: [.copy("Goldens")], compute: true),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation"],
            swiftSettings: strictTests),
        tests("Federation", ["Numerics", "Placement", "Platform"], compute: true),
        tests(
            "Watching", ["Autoencoders", "Charts", "Numerics", "Platform", "Telemetry"],
            resources: [.copy("Detectors/Goldens")]),
        tests(
            "Services",
            ["Autoencoders", "Federation", "Laboratory", "Numerics", "Platform", "Telemetry", "Watching"]),
        tests("Forwarding", ["CommandLine", "Platform", "Services", "Watching"]),
        tests(
            "Collection", ["Autoencoders", "Fuzzing", "Platform", "Services", "Telemetry", "Watching"],
            resources: [.copy("Corpus")]),
        tests(
            "Laboratory", ["Autoencoders", "Numerics", "Telemetry", "Watching"],
            resources: [.copy("Evaluation/Goldens")]),
        .testTarget(
            name: "ToolTests",
            dependencies: [
                "Collection", "Laboratory", "Placement", "Telemetry", "TestSupport", "fl-train", "fl-place",
                "fl-server",
                "fl-worker", "fl-alerts", "fl-demo", "fl-engine",
            ], swiftSettings: strictTests),
    ])
