import Foundation

/// The page for operators at `/`: a few files that are part of the program. They ask this server and nobody else.
enum PageFiles {
    /// What the page may do: load its own files, ask its own server, and nothing besides.
    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"

    private static let script = "text/javascript; charset=utf-8"

    private static let files: [String: (type: String, body: [UInt8])] = [
        "/": ("text/html; charset=utf-8", PackageResources.page_html),
        "/page.css": ("text/css; charset=utf-8", PackageResources.page_css),
        "/page.svg": ("image/svg+xml", PackageResources.page_svg),
        "/main.js": (script, PackageResources.main_js),
        "/state.js": (script, PackageResources.state_js),
        "/text.js": (script, PackageResources.text_js),
        "/draw.js": (script, PackageResources.draw_js),
        "/incidents.js": (script, PackageResources.incidents_js),
        "/alarms.js": (script, PackageResources.alarms_js),
        "/places.js": (script, PackageResources.places_js),
        "/actions.js": (script, PackageResources.actions_js),
        "/scores.js": (script, PackageResources.scores_js),
        "/topology.js": (script, PackageResources.topology_js),
        "/placement.js": (script, PackageResources.placement_js),
        "/system.js": (script, PackageResources.system_js),
        "/v1/schemas/alarm-event": ("application/schema+json", PackageResources.alarm_event_schema_json),
    ]

    /// The paths of all files with their types, without parameters of these.
    static var types: [(path: String, type: String)] {
        files.map { (path: $0.key, type: String($0.value.type.prefix { $0 != ";" })) }.sorted { $0.path < $1.path }
    }

    /// The file of a path; `nil` where there is none.
    static func answer(_ path: String) -> HTTPResponse? {
        files[path].map { .whole(status: 200, type: $0.type, body: $0.body) }
    }
}
