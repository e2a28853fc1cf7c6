/// What the gate says of a contribution.
package enum GateVerdict: Sendable {
    /// It counts, with its sample counts capped.
    case counts(Contribution)
    /// Nothing is wrong with it and nothing is in it: it counts for nothing.
    case empty(String)
    /// It changes nothing, and why.
    case refused(FederationError)
}

/// Who sent a contribution.
package struct ContributionSender: Equatable, Sendable {
    /// Its name.
    package var worker: String
    /// What it serves.
    package var entities: [String]

    /// A sender with every field given.
    package init(worker: String, entities: [String]) {
        self.worker = worker
        self.entities = entities
    }
}

extension ContributionGate {
    /// Checks a contribution against the version that it starts from.
    package func judge(
        _ contribution: Contribution, kind: RoundKind, base: FederatedModel?, sender: ContributionSender,
        maker: any InitialModelMaker
    ) -> GateVerdict {
        do throws(FederationError) {
            let passed = try pass(contribution, kind: kind, base: base)
            if kind == .statistics {
                guard !passed.statistics.isEmpty else { return .empty("no statistics") }
                guard passed.statistics.count <= mostStatisticsBytes else {
                    throw FederationError(
                        .oversized,
                        "statistics of \(passed.statistics.count) bytes, at most \(mostStatisticsBytes) are allowed")
                }
                let hasRows = try maker.check(
                    statistics: passed.statistics, from: sender.worker, entities: sender.entities)
                return hasRows ? .counts(passed) : .empty("no row of any entity")
            }
            return passed.groups.isEmpty ? .empty("no samples of any group") : .counts(passed)
        } catch {
            return .refused(error)
        }
    }
}

extension FederatedModel {
    /// Checks that what is written is what its readers will read.
    ///
    /// - Returns: the bytes of the bundle.
    /// - Throws: ``FederationError`` of the reader.
    @discardableResult
    package func readable() throws(FederationError) -> [UInt8] {
        let bytes = encoded()
        guard try FederatedModel(decoding: bytes) == self else {
            throw FederationError(.malformed, "a version that reads as another")
        }
        return bytes
    }
}
