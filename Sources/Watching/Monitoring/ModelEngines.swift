package import Autoencoders

/// The autoencoders of a model, ready to run: one for each group, made when first asked for and shared by all streams
/// of a thread.
package final class ModelEngines {
    private let bundle: ModelBundle
    private let backend: any AcceleratorBackend
    private var made: [String: ResidualScorer]?

    /// Nothing made yet.
    package init(_ bundle: ModelBundle, backend: any AcceleratorBackend) {
        self.bundle = bundle
        self.backend = backend
    }

    /// A scorer for each group, by its name.
    ///
    /// - Throws: what the backend throws.
    func scorers() throws -> [String: ResidualScorer] {
        if let made { return made }
        var scorers: [String: ResidualScorer] = [:]
        for group in bundle.manifest.groups {
            scorers[group.name] = try bundle.scorer(for: group.name, backend: backend)
        }
        made = scorers
        return scorers
    }
}
