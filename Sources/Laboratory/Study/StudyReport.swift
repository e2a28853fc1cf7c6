import CommandLine
import Numerics
import Watching

/// What a study found, as a table for people and as JSON.
struct StudyReport: Encodable {
    /// A mean over seeds, with its interval and what it rests on.
    struct Row: Encodable {
        var set: String
        var arm: StudyArm
        var volumeUnderPR: BootstrapInterval
        var averagePrecision: BootstrapInterval
        /// VUS-PR over that of central learning with the same seed, less one.
        var againstCentral: BootstrapInterval?
        /// The same against learning alone.
        var againstLocal: BootstrapInterval?
        /// What alarms are worth, by how thresholds follow the stream.
        var alarms: [String: Alarms]
    }

    /// Alarms with one kind of threshold.
    struct Alarms: Encodable {
        var eventF1: BootstrapInterval
        var falseAlarmsPerDay: BootstrapInterval
        var alarmShare: BootstrapInterval
    }

    let setting: FederatedStudy.Setting
    let rows: [Row]
    let outcomes: [FederatedStudy.Outcome]

    init(setting: FederatedStudy.Setting, outcomes: [FederatedStudy.Outcome], seed: UInt64) {
        self.setting = setting
        self.outcomes = outcomes
        var rows: [Row] = []
        for set in Set(outcomes.map(\.set)).sorted() {
            for arm in StudyArm.allCases {
                let own = outcomes.filter { $0.set == set && $0.arm == arm }
                func interval(_ values: [Double]) -> BootstrapInterval? {
                    var generator = CounterBasedGenerator(seed: seed, purpose: "study/interval")
                    return BootstrapInterval(meanOf: values, generator: &generator)
                }
                func against(_ other: StudyArm) -> BootstrapInterval? {
                    guard arm != other else { return nil }
                    return interval(
                        own.compactMap { outcome in
                            let peer = outcomes.first { $0.set == set && $0.arm == other && $0.seed == outcome.seed }
                            return peer.map { outcome.meanVolume / $0.meanVolume - 1 }
                        })
                }
                guard let volume = interval(own.map(\.meanVolume)), let precision = interval(own.map(\.meanPrecision))
                else { continue }
                var alarms: [String: Alarms] = [:]
                for adaptation in JudgedEntity.adaptations {
                    func figure(_ value: (JudgedEntity.AlarmFigures) -> Double) -> BootstrapInterval? {
                        interval(own.map { $0.mean(adaptation, value) })
                    }
                    guard let score = figure(\.eventF1), let wrong = figure(\.falseAlarmsPerDay),
                        let share = figure(\.alarmShare)
                    else { continue }
                    alarms[adaptation.rawValue] = Alarms(eventF1: score, falseAlarmsPerDay: wrong, alarmShare: share)
                }
                rows.append(
                    Row(
                        set: set, arm: arm, volumeUnderPR: volume, averagePrecision: precision,
                        againstCentral: arm.isNewSite ? nil : against(.central),
                        againstLocal: arm == .newSiteFederated
                            ? against(.newSiteLocal) : arm.isNewSite ? nil : against(.local), alarms: alarms))
            }
        }
        self.rows = rows
    }

    /// One table for each set.
    var text: String {
        var parts: [String] = []
        for set in Set(rows.map(\.set)).sorted() {
            var table = Table([set, "VUS-PR", "[95 %]", "AUC-PR", "[95 %]", "against central", "against local"])
            for row in rows where row.set == set {
                table.add([
                    row.arm.rawValue, Self.number(row.volumeUnderPR.mean), Self.interval(row.volumeUnderPR),
                    Self.number(row.averagePrecision.mean), Self.interval(row.averagePrecision),
                    row.againstCentral.map(Self.change) ?? "-", row.againstLocal.map(Self.change) ?? "-",
                ])
            }
            parts.append(table.text)
            var alarms = Table([
                "alarms", "event F1, fixed", "following", "false/day, fixed", "following", "in alarm, fixed",
                "following",
            ])
            for row in rows where row.set == set {
                let kinds = JudgedEntity.adaptations.map { row.alarms[$0.rawValue] }
                func cells(_ show: (Alarms) -> String) -> [String] { kinds.map { $0.map(show) ?? "-" } }
                alarms.add(
                    [row.arm.rawValue]
                        + cells { "\(Self.number($0.eventF1.mean)) [\(Self.interval($0.eventF1))]" }
                        + cells { "\(Self.number($0.falseAlarmsPerDay.mean)) [\(Self.interval($0.falseAlarmsPerDay))]" }
                        + cells { "\(Self.number($0.alarmShare.mean * 100)) %" })
            }
            parts.append(alarms.text)
        }
        let seeds = Set(outcomes.map(\.seed)).count
        parts.append(
            "Means over entities and \(Quantity.count(seeds, "seed")); intervals over seeds, those of changes over pairs "
                + "with the same seed. \(setting.rounds) rounds of \(Quantity.count(setting.epochs, "epoch")); "
                + "\(Quantity.number(setting.trainingShare * 100, digits: 3)) % of the training parts. Thresholds for one "
                + "false alarm a day and entity, fixed, or following level and tail of the stream."
                + (setting.drift > 0 ? " The test parts drift by \(Quantity.number(setting.drift)) σ." : ""))
        return parts.joined(separator: "\n\n")
    }

    private static func number(_ value: Double) -> String { Quantity.number(value, digits: 3) }
    private static func interval(_ value: BootstrapInterval) -> String {
        "\(number(value.lower)) … \(number(value.upper))"
    }
    private static func change(_ value: BootstrapInterval) -> String {
        func percent(_ share: Double) -> String { (share < 0 ? "" : "+") + Quantity.number(share * 100, digits: 2) }
        return "\(percent(value.mean)) % [\(percent(value.lower)), \(percent(value.upper))]"
    }
}
