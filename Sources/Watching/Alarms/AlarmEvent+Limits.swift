import Platform

extension AlarmEvent {
    /// Bytes of an event that travels.
    package static let longest = 48 << 10
    /// Rows that a stream may have, so that nothing that is computed from them overflows.
    package static let mostRows = 1 << 53

    /// The largest distance of a time from nought, in seconds: 30 million years.
    static let latest = 1e15

    /// What keeps an event that came from elsewhere from being one, in one line; `nil` for a sound one.
    package var flaw: String? {
        func name(_ text: String, _ field: String, _ limit: Int) -> String? {
            NameRule.flaw(in: text, limit: limit).map { "\(field): found \($0.found), expected \($0.expected)" }
        }
        if let flaw = name(site, "site", NameRule.longestEntity) ?? name(entity, "entity", NameRule.longestEntity) {
            return flaw
        }
        if let flaw = AlarmIdentity.flaw(of: self) { return "id: found \(flaw)" }
        guard (0...AlarmIdentity.mostRevision).contains(revision) else {
            return "revision: found \(revision), expected 0 to \(AlarmIdentity.mostRevision)"
        }
        guard groups.count <= 256, fingerprint.count <= 64 else {
            return "groups and fingerprint: found \(groups.count) and \(fingerprint.count), expected at most 256 and 64"
        }
        guard flaps.map({ (1...AlarmIdentity.mostRevision).contains($0) }) ?? true else {
            return "flaps: found \(flaps ?? 0), expected 1 to \(AlarmIdentity.mostRevision)"
        }
        guard quality?.isBounded ?? true else {
            return
                "quality: found texts or subjects beyond the bounds, expected at most \(Quality.mostSubjects) subjects"
        }
        let points = [onset, at, lastAlarm, signatureStart].compactMap { $0 }
        guard points.allSatisfy({ $0.time.magnitude <= Self.latest }) else {
            return "time: found no number, or one beyond \(Self.latest) s, expected seconds"
        }
        guard fingerprint.allSatisfy({ (0...1.001).contains($0.share) && !$0.deviation.isNaN }) else {
            return "fingerprint: found a share that is none, expected 0 to 1"
        }
        guard groupScores?.count ?? 0 <= 256, groupScores?.values.allSatisfy({ $0.isFinite && $0 >= 0 }) ?? true else {
            return "groupScores: found too many, or a number that is not finite or below 0, expected at most 256"
        }
        guard score.isFinite, score >= 0, reconstruction?.isFinite ?? true else {
            return "score: found a number that is not finite, or below 0"
        }
        return nil
    }

    /// The event as it travels: what it could do without goes where it would be too long.
    package func encodedToTravel() throws -> [UInt8] {
        let bytes = try encoded()
        guard bytes.count > Self.longest else { return bytes }
        var shorter = self
        shorter.signature = nil
        shorter.signatureSamples = nil
        shorter.signatureStart = nil
        shorter.groups = Array(groups.prefix(64))
        shorter.groupScores = groupScores?.filter { shorter.groups.contains($0.key) }
        shorter.fingerprint = fingerprint.prefix(6).map { cause in
            var cause = cause
            cause.metric = String(cause.metric.prefix(256))
            return cause
        }
        return try shorter.encoded()
    }
}
