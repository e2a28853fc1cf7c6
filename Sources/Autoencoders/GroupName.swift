import Platform

/// Names of groups.
package enum GroupName {
    /// Refuses a name that no reader of a model takes.
    ///
    /// - Throws: ``ModelError`` with the code `corrupt`.
    package static func validate(_ name: String) throws(ModelError) {
        if let flaw = NameRule.flaw(in: name, limit: NameRule.longestGroup) {
            throw ModelError(
                .corrupt, subject: "group '\(PrintableText.line(name, limit: 80))'", found: flaw.found,
                expected: flaw.expected)
        }
    }
}
