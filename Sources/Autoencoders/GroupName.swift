/// Names of groups, which are also the names of their files.
package enum GroupName {
    /// Refuses a name that could not be a file of its own in the model's folder.
    ///
    /// - Throws: ``ModelError`` with the code `corrupt`.
    package static func validate(_ name: String) throws(ModelError) {
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "@"), UInt8(ascii: "+"):
                true
            default: false
            }
        }
        guard allowed, !name.isEmpty, name.utf8.count <= 200, !name.hasPrefix(".") else {
            throw ModelError(
                .corrupt, subject: "group '\(name.prefix(200))'", found: "a name that cannot name a file",
                expected: "letters, digits and . _ - + @, at most 200, not beginning with a dot")
        }
    }
}
