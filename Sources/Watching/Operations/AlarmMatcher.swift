/// Tells which alarms something is about: every field that is given must fit. In each, `*` stands for any text.
package struct AlarmMatcher: Codable, Equatable, Sendable {
    /// The alarm's identity.
    package var alarm: String?
    /// The place.
    package var site: String?
    /// The entity's name there.
    package var entity: String?
    /// One of the resource groups whose thresholds were exceeded.
    package var group: String?
    /// One of the metrics that deviate.
    package var metric: String?
    /// The known fault that it is like.
    package var fault: String?
    /// As severe as this, or less.
    package var severity: AlarmEvent.Severity?

    /// Bytes of a field.
    package static let longest = 600

    /// A matcher with every field given.
    package init(
        alarm: String? = nil, site: String? = nil, entity: String? = nil, group: String? = nil, metric: String? = nil,
        fault: String? = nil, severity: AlarmEvent.Severity? = nil
    ) {
        self.alarm = alarm
        self.site = site
        self.entity = entity
        self.group = group
        self.metric = metric
        self.fault = fault
        self.severity = severity
    }

    private var patterns: [(field: String, pattern: String?)] {
        [
            ("alarm", alarm), ("site", site), ("entity", entity), ("group", group), ("metric", metric),
            ("fault", fault),
        ]
    }

    /// What keeps it from being used, in one line; `nil` for a good one.
    package var flaw: String? {
        guard severity != nil || patterns.contains(where: { $0.pattern != nil }) else {
            return
                "matcher: found no field, expected at least one of alarm, site, entity, group, metric, fault, severity"
        }
        for (field, pattern) in patterns {
            guard let pattern, !(1...Self.longest).contains(pattern.utf8.count) else { continue }
            return "matcher.\(field): found \(pattern.utf8.count) bytes, expected 1 to \(Self.longest)"
        }
        return nil
    }

    /// Whether an alarm's event fits.
    ///
    /// - Parameter fault: the fault that the library names for it.
    package func matches(_ event: AlarmEvent, fault name: String?) -> Bool {
        func fits(_ pattern: String?, _ texts: [String]) -> Bool {
            guard let pattern else { return true }
            return texts.contains { Self.fits(Array(pattern.utf8), Array($0.utf8)) }
        }
        if let severity, event.severity > severity { return false }
        return fits(alarm, [event.id]) && fits(site, [event.site]) && fits(entity, [event.entity])
            && fits(fault, name.map { [$0] } ?? []) && fits(group, event.groups)
            && fits(metric, event.fingerprint.map(\.metric))
    }

    /// Whether a text is what a pattern describes. O(pattern · text) at worst: of earlier stars none is tried again.
    static func fits(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        let star = UInt8(ascii: "*")
        var (p, t) = (0, 0)
        var last: (star: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == star {
                last = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let found = last {
                last = (found.star, found.text + 1)
                p = found.star + 1
                t = found.text + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == star }
    }
}

extension AlarmMatcher {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case alarm, site, entity, group, metric, fault, severity
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads a matcher.
    ///
    /// - Throws: `DecodingError` for a field that it does not know too: one that was misspelt would fit everything.
    package init(from decoder: any Decoder) throws {
        for key in try decoder.container(keyedBy: AnyKey.self).allKeys
        where CodingKeys(stringValue: key.stringValue) == nil {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath + [key], debugDescription: "not a field of a matcher"))
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        alarm = try container.decodeIfPresent(String.self, forKey: .alarm)
        site = try container.decodeIfPresent(String.self, forKey: .site)
        entity = try container.decodeIfPresent(String.self, forKey: .entity)
        group = try container.decodeIfPresent(String.self, forKey: .group)
        metric = try container.decodeIfPresent(String.self, forKey: .metric)
        fault = try container.decodeIfPresent(String.self, forKey: .fault)
        severity = try container.decodeIfPresent(AlarmEvent.Severity.self, forKey: .severity)
    }
}
