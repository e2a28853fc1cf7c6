/// Units as dashboards and spreadsheets write them behind a number.
enum UnitSuffix {
    /// A unit of a family whose members can be turned into one another.
    struct Unit: Hashable, Sendable {
        /// What the values are in after scaling: `bytes`, `bytes/s`, `seconds`, `%`, …
        let base: String
        /// How many of the base one of these is.
        let factor: Double
    }

    /// The unit that a suffix means; `nil` for one that is not in the list.
    static func unit(_ text: String) -> Unit? {
        if let unit = exact[text] { return unit }
        for (ending, rate) in [("/s", "/s"), ("/sec", "/s"), ("ps", "/s"), ("/min", "/min"), ("/h", "/h")]
        where text.hasSuffix(ending) && text.utf8.count > ending.utf8.count {
            if let unit = exact[String(text.dropLast(ending.count))], unit.base == "bytes" || unit.base == "bits" {
                return Unit(base: unit.base + rate, factor: unit.factor)
            }
        }
        return nil
    }

    private static let exact: [String: Unit] = {
        var units: [String: Unit] = [
            "%": Unit(base: "%", factor: 1), "°C": Unit(base: "°C", factor: 1), "°F": Unit(base: "°F", factor: 1),
            "ns": Unit(base: "seconds", factor: 1e-9), "µs": Unit(base: "seconds", factor: 1e-6),
            "μs": Unit(base: "seconds", factor: 1e-6), "us": Unit(base: "seconds", factor: 1e-6),
            "ms": Unit(base: "seconds", factor: 1e-3), "s": Unit(base: "seconds", factor: 1),
            "sec": Unit(base: "seconds", factor: 1), "secs": Unit(base: "seconds", factor: 1),
            "second": Unit(base: "seconds", factor: 1), "seconds": Unit(base: "seconds", factor: 1),
            "min": Unit(base: "seconds", factor: 60), "mins": Unit(base: "seconds", factor: 60),
            "minute": Unit(base: "seconds", factor: 60), "minutes": Unit(base: "seconds", factor: 60),
            "h": Unit(base: "seconds", factor: 3600), "hour": Unit(base: "seconds", factor: 3600),
            "hours": Unit(base: "seconds", factor: 3600), "d": Unit(base: "seconds", factor: 86400),
            "day": Unit(base: "seconds", factor: 86400), "days": Unit(base: "seconds", factor: 86400),
            "week": Unit(base: "seconds", factor: 604_800), "weeks": Unit(base: "seconds", factor: 604_800),
            "B": Unit(base: "bytes", factor: 1), "Bytes": Unit(base: "bytes", factor: 1),
            "bytes": Unit(base: "bytes", factor: 1), "b": Unit(base: "bits", factor: 1),
            "bit": Unit(base: "bits", factor: 1), "bits": Unit(base: "bits", factor: 1),
            "Hz": Unit(base: "Hz", factor: 1), "W": Unit(base: "W", factor: 1), "V": Unit(base: "V", factor: 1),
            "A": Unit(base: "A", factor: 1), "mA": Unit(base: "A", factor: 1e-3), "mV": Unit(base: "V", factor: 1e-3),
            "mW": Unit(base: "W", factor: 1e-3), "m": Unit(base: "", factor: 1e-3),
            // Kubernetes' quantities.
            "u": Unit(base: "", factor: 1e-6), "µ": Unit(base: "", factor: 1e-6), "n": Unit(base: "", factor: 1e-9),
        ]
        let decimal: [(String, Double)] = [("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15)]
        let binary: [(String, Double)] = [
            ("Ki", 1024), ("ki", 1024), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("Pi", 0x1p50),
        ]
        for (prefix, factor) in decimal + binary {
            units[prefix + "B"] = Unit(base: "bytes", factor: factor)
            units[prefix + "b"] = Unit(base: "bits", factor: factor)
            units[prefix + "bit"] = Unit(base: "bits", factor: factor)
            units[prefix + "bits"] = Unit(base: "bits", factor: factor)
            // Bare prefixes count things: `1.5 K`, Kubernetes' `512Mi`.
            units[prefix] = Unit(base: "", factor: factor)
        }
        for (prefix, factor) in decimal { units[prefix + "Hz"] = Unit(base: "Hz", factor: factor) }
        for (prefix, factor) in decimal { units[prefix + "W"] = Unit(base: "W", factor: factor) }
        units["Mil"] = Unit(base: "", factor: 1e6)
        units["Bil"] = Unit(base: "", factor: 1e9)
        units["Tri"] = Unit(base: "", factor: 1e12)
        return units
    }()
}
