import CommandLineSupport
import Detection
import TensorModule

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
                rows.append(
                    Row(
                        set: set, arm: arm, volumeUnderPR: volume, averagePrecision: precision,
                        againstCentral: arm.isNewSite ? nil : against(.central),
                        againstLocal: arm == .newSiteFederated
                            ? against(.newSiteLocal) : arm.isNewSite ? nil : against(.local)))
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
        }
        let seeds = Set(outcomes.map(\.seed)).count
        parts.append(
            "Means over entities and \(Quantity.count(seeds, "seed")); intervals over seeds, those of changes over pairs "
                + "with the same seed. \(setting.rounds) rounds of \(Quantity.count(setting.epochs, "epoch")); "
                + "\(Quantity.number(setting.trainingShare * 100, digits: 3)) % of the training parts.")
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
