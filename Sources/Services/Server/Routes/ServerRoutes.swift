import Platform

/// Everything that the server answers over HTTP. What is not here is not there: requests are held against this list before
/// anything else looks at them, and `/openapi.json` is made from it.
enum ServerRoutes {
    /// All routes.
    static let all: [Route] =
        looking + watched + files + library + operating + models + ForwardersAPI.routes
        + FaultManagementAPI.routes

    /// Whether a path is one of them.
    static func serves(_ path: String) -> Bool { all.contains { $0.takes(path) } }

    /// What may be done with a path, as the header `Allow` has it (RFC 9110, 10.2.1).
    static func allowed(_ path: String) -> String {
        let fitting = all.filter { $0.takes(path) }
        // What stands for any text stands for none that has a route of its own.
        let nearest = fitting.max {
            ($0.path == path ? .max : $0.path.count) < ($1.path == path ? .max : $1.path.count)
        }
        let methods = fitting.filter { $0.path == nearest?.path }.map(\.method.rawValue)
        return (methods + (methods.contains("GET") ? ["HEAD"] : [])).sorted().joined(separator: ", ")
    }

    // MARK: Looking

    private static let looking: [Route] =
        [
            Route(
                method: .get, path: "/healthz", summary: "How the server is, and what it waits for",
                answers: [.json("Health")]),
            Route(
                method: .get, path: "/metrics", summary: "Figures for Prometheus",
                answers: [.bytes("text/plain", "Prometheus' text format 0.0.4.")]),
            Route(
                method: .get, path: OpenAPIDocument.path, summary: "This document",
                answers: [.bytes("application/json", "OpenAPI 3.1.")]),
            Route(
                method: .get, path: "/v1/workers", summary: "Workers by name, with those that are not here any more",
                parameters: [ServerAPI.workersLimit.parameter, ServerAPI.workersAfter.parameter],
                answers: [.json("Workers")], refusals: [400]),
            Route(
                method: .get, path: "/v1/rounds", summary: "How learning stands, and the latest rounds, oldest first",
                parameters: [ServerAPI.roundsLimit.parameter], answers: [.json("Rounds")], refusals: [400]),
            Route(
                method: .get, path: "/v1/placement", summary: "The placement, its reasons, and what was measured",
                answers: [.json("Placement")], refusals: [404]),
            Route(
                method: .post, path: "/v1/placement/target", summary: "Changes the learning loop's target",
                role: .operate, bodies: [("application/json", "Target")], answers: [.json("Target")],
                refusals: [400, 409, 415]),
            Route(
                method: .put, path: "/v1/placement/target", summary: "Changes the learning loop's target",
                role: .operate, bodies: [("application/json", "Target")], answers: [.json("Target")],
                refusals: [400, 409, 415]),
            Route(
                method: .get, path: CandidatesAPI.path,
                summary: "What should run on each node that could run a worker, and what does",
                answers: [.json("PlacementNodes")], refusals: [404]),
            Route(
                method: .put, path: CandidatesAPI.path,
                summary: "Says which nodes could run a worker, all of them, until its time is over", role: .operate,
                bodies: [("application/json", "Candidates")], answers: [.json("CandidatesTaken")],
                refusals: [400, 409, 413, 415]),
            Route(
                method: .get, path: "/v1/alarms", summary: "Events of alarms, in the order of their numbers",
                parameters: [
                    ServerAPI.since.parameter, ServerAPI.latest.parameter, ServerAPI.kinds.parameter,
                    ServerAPI.alarmsLimit.parameter, AlarmView.form.parameter,
                ],
                answers: [.json("Alarms")], refusals: [400]),
            Route(
                method: .get, path: "/v1/alarms/stream",
                summary: "The same as they come, by server-sent events, which never ends",
                parameters: [
                    ServerAPI.since.parameter, AlarmView.form.parameter,
                    ServerAPI.tellsOperations.parameter, ServerAPI.tellsScores.parameter,
                    Route.Parameter(
                        place: "header", name: "Last-Event-ID", text: "Where to go on; instead of since.",
                        schema: [
                            "type": .string("integer"), "minimum": .number(0),
                            "maximum": JSONValue(NumberParameter.most),
                        ]),
                ],
                answers: [.bytes("text/event-stream", "WHATWG server-sent events.")], refusals: [400, 503]),
            Route(
                method: .get, path: "/v1/incidents", summary: "The latest incidents, oldest first",
                parameters: [ServerAPI.incidentsLimit.parameter], answers: [.json("Incidents")], refusals: [400]),
        ]

    private static let pictures: [Route.Answer] = [
        .bytes("image/svg+xml", "Where the form is svg."), .bytes("image/png", "Where the form is png."),
    ]

    /// What is watched, and how it was scored.
    private static let watched: [Route] = [
        Route(
            method: .get, path: EntitiesAPI.sitesPath, summary: "Sites by name, with what their entities come to",
            parameters: [EntitiesAPI.sitesLimit.parameter, EntitiesAPI.sitesAfter.parameter],
            answers: [.json("Sites")], refusals: [400]),
        Route(
            method: .get, path: EntitiesAPI.path,
            summary: "Entities by site and name: who watches them, and how they are",
            parameters: [EntitiesAPI.limit.parameter, EntitiesAPI.after.parameter, EntitiesAPI.site.parameter],
            answers: [.json("Entities")], refusals: [400]),
        Route(
            method: .get, path: EntitiesAPI.scoresPath,
            summary: "How entities were scored in the last hour, as their workers told it",
            parameters: [
                EntitiesAPI.entities.parameter, EntitiesAPI.form.parameter, EntitiesAPI.stripsLimit.parameter,
                EntitiesAPI.after.parameter,
            ], answers: [.json("Strips")] + pictures, refusals: [400, 404]),
        Route(
            method: .get, path: EntitiesAPI.radiographyPath, summary: "The same of one entity, group by group",
            parameters: [EntitiesAPI.entity.parameter, EntitiesAPI.form.parameter],
            answers: [.json("Strip")] + pictures, refusals: [400, 404]),
        Route(
            method: .get, path: LoopsAPI.path, summary: "Learning loops with their rounds and losses, oldest first",
            parameters: [LoopsAPI.limit.parameter], answers: [.json("Loops")], refusals: [400]),
    ]

    private static let files: [Route] = PageFiles.types.map { path, type in
        Route(
            method: .get, path: path, summary: path == "/" ? "The page for operators" : "A file of the server's",
            answers: [.bytes(type, "As it is in the program.")])
    }

    // MARK: What operators say

    private static func name(_ name: String, _ text: String) -> Route.Parameter {
        Route.Parameter(
            place: "path", name: name, text: text,
            schema: [
                "type": .string("string"), "minLength": .number(1),
                "maxLength": .number(Double(LibraryAPI.longestName)),
                "pattern": .string(LibraryAPI.namePattern),
            ])
    }

    private static let fault = name("fault", "A fault's name.")

    private static let library: [Route] = [
        Route(
            method: .get, path: LibraryAPI.path, summary: "The known faults",
            parameters: [LibraryAPI.form.parameter], answers: [.json("Library")], refusals: [400]),
        Route(
            method: .post, path: LibraryAPI.path, summary: "Confirms that something was this fault", role: .operate,
            bodies: [("application/json", "Confirmation")], answers: [.json("Confirmed")],
            refusals: [400, 404, 409, 415, 507]),
        Route(
            method: .get, path: LibraryAPI.path + "/{fault}", summary: "One fault, as a library of its own",
            parameters: [fault], answers: [.json("LibraryFile")], refusals: [404]),
        Route(
            method: .delete, path: LibraryAPI.path + "/{fault}", summary: "Forgets a fault", role: .operate,
            parameters: [fault], answers: [.json("Removed")], refusals: [404, 507]),
    ]

    private static let silence = Route.Parameter(
        place: "path", name: "number", text: "A silence's number.",
        schema: ["type": .string("integer"), "minimum": .number(1)])

    private static let operating: [Route] = [
        Route(
            method: .get, path: "/v1/operations", summary: "What was said of alarms, incidents and faults",
            parameters: [OperationsAPI.skip.parameter, OperationsAPI.limit.parameter], answers: [.json("Operations")],
            refusals: [400]),
        Route(
            method: .post, path: "/v1/operations", summary: "Says something of an alarm or an incident",
            role: .operate, bodies: [("application/json", "Operation")], answers: [.json("Number")],
            refusals: [400, 404, 409, 415, 507]),
        Route(
            method: .get, path: "/v1/audit", summary: "Who said what, and when, oldest first",
            parameters: [OperationsAPI.since.parameter, OperationsAPI.auditLimit.parameter],
            answers: [.json("Audit")], refusals: [400]),
        Route(
            method: .get, path: "/v1/silences", summary: "Silences, the latest first; some are over",
            answers: [.json("Silences")]),
        Route(
            method: .post, path: "/v1/silences", summary: "Keeps alarms from being sent on for a while",
            role: .operate, bodies: [("application/json", "SilenceWish")], answers: [.json("Number")],
            refusals: [400, 415, 507]),
        Route(
            method: .get, path: "/v1/silences/{number}", summary: "One silence", parameters: [silence],
            answers: [.json("Silence")], refusals: [404]),
        Route(
            method: .put, path: "/v1/silences/{number}", summary: "Changes when a silence ends", role: .operate,
            parameters: [silence], bodies: [("application/json", "SilenceChange")], answers: [.json("Number")],
            refusals: [400, 404, 415, 507]),
        Route(
            method: .delete, path: "/v1/silences/{number}", summary: "Ends a silence", role: .operate,
            parameters: [silence], answers: [.json("Number")], refusals: [404, 507]),
        Route(
            method: .get, path: "/v1/hints", summary: "What helps with known faults", answers: [.json("Hints")]),
        Route(
            method: .put, path: "/v1/hints/{fault}", summary: "Says what helps with a fault", role: .operate,
            parameters: [fault], bodies: [("application/json", "HintText")], answers: [.json("Number")],
            refusals: [400, 415, 507]),
        Route(
            method: .delete, path: "/v1/hints/{fault}", summary: "Forgets what helps with a fault", role: .operate,
            parameters: [fault], answers: [.json("Number")], refusals: [400, 404, 507]),
        Route(
            method: .get, path: PrincipalsAPI.path, summary: "Who may take part", role: .admin,
            answers: [.json("Principals")], refusals: [404]),
        Route(
            method: .post, path: PrincipalsAPI.path, summary: "Lets a worker in: makes the token that it enrols with",
            role: .admin, bodies: [("application/json", "InvitationWish")], answers: [.json("Invited")],
            refusals: [400, 404, 415]),
        Route(
            method: .delete, path: PrincipalsAPI.path + "/{name}", summary: "Shuts a worker out", role: .admin,
            parameters: [name("name", "A worker's name.")], answers: [.json("Revoked")], refusals: [404]),
    ]

    // MARK: Models

    private static let version = Route.Parameter(
        place: "path", name: "number", text: "A version's number.",
        schema: ["type": .string("integer"), "minimum": .number(1)])

    private static let models: [Route] = [
        Route(
            method: .get, path: ModelsAPI.path, summary: "The versions that are kept, the latest first",
            parameters: [ModelsAPI.limit.parameter, ModelsAPI.before.parameter], answers: [.json("Versions")],
            refusals: [400]),
        Route(
            method: .get, path: ModelsAPI.path + "/{number}", summary: "One version", parameters: [version],
            answers: [.json("Version")], refusals: [404]),
        Route(
            method: .get, path: ModelsAPI.path + "/{number}/model",
            summary: "A version as the model folder that fl-train reads, packed by tar", parameters: [version],
            answers: [.bytes("application/x-tar", "manifest.json and one .safetensors a group.")],
            refusals: [404, 503]),
        Route(
            method: .post, path: ModelsAPI.path + "/{number}/restore",
            summary: "Takes a version again, as one of its own: the federation goes on from there", role: .admin,
            parameters: [version], answers: [.json("Restored")], refusals: [404, 409, 503, 507]),
        Route(
            method: .get, path: ConfigurationAPI.path, summary: "Options that may change while the server runs",
            answers: [.json("Configuration")], refusals: [404]),
        Route(
            method: .patch, path: ConfigurationAPI.path,
            summary: "Changes options, all of them or none, from the next round on; null takes a change back",
            role: .admin,
            bodies: [
                ("application/merge-patch+json", "ConfigurationChange"), ("application/json", "ConfigurationChange"),
            ], answers: [.json("Configuration")], refusals: [400, 404, 415, 503, 507]),
        Route(
            method: .post, path: ScoringAPI.path, summary: "Scores rows with the current version", role: .operate,
            parameters: ScoringAPI.parameters,
            bodies: [
                ("text/csv", nil), ("application/json", "ScoreRows"), ("application/x-ndjson", nil),
            ],
            answers: [.json("Scores")], refusals: [400, 404, 409, 413, 415, 422, 503]),
    ]
}
