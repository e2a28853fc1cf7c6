import Collection
import Federation
import Foundation
import Platform
import Services

extension FuzzTarget {
    /// What server and worker have written and read again, damaged or not.
    static let stored: [FuzzTarget] = [
        FuzzTarget("identity", texts: [identity]) { bytes in
            let record = try DeterministicJSON.decode(IdentityRecord.self, from: bytes)
            let again = try DeterministicJSON.encode(record)
            try require(
                DeterministicJSON.decode(IdentityRecord.self, from: again) == record,
                "principals are written as others than were read")
        },
        FuzzTarget(
            "audit",
            texts: [
                "\n",
                #"{"event":"http","hash":"","number":1,"previous":"","subject":"a","text":"b","time":3}"# + "\n\n{}\n",
            ]
        ) { bytes in
            try Scratch.shared.with(bytes, named: "audit.log") { path in
                let log = AuditLog(path: path)
                try log.verify(try log.entries(), head: AuditLog.Head())
            }
        },
        FuzzTarget(
            "round-entry",
            texts: [
                #"{"round":1,"kind":"training","attempt":1,"baseVersion":1,"version":2,"committed":true,"seconds":1,"modelBytes":9,"contributions":[],"groupLosses":{},"rejected":0,"rejections":[]}"#
            ]
        ) { bytes in
            let entry = try JSONDecoder().decode(RoundEntry.self, from: Data(bytes))
            let again = try DeterministicJSON.encode(entry)
            try require(
                DeterministicJSON.encode(DeterministicJSON.decode(RoundEntry.self, from: again)) == again,
                "a round is written as another than was read")
        },
        FuzzTarget("copy-list", texts: [copyList]) { bytes in
            try Scratch.shared.with(bytes, named: "copies.json") { path in
                let root = Scratch.shared.folder + "/mirror"
                try FolderContents.makeFolder(root + "/w/b")
                try FileContents.writeAtomically(bytes, to: root + "/w/b/copy.json")
                let folder = MirrorFolder(root, limit: 1 << 20, reading: "r")
                folder.verify(isCancelled: { false }, found: {}, damaged: { _, _ in })
            }
        },
        FuzzTarget("sealed", texts: ["abc\u{0}\(SHA256.hexadecimalDigest(of: "abc".utf8))  sealed\n"]) { bytes in
            let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            try Scratch.shared.with(Array(parts.last ?? []), named: "sealed.sha256") { _ in
                let path = Scratch.shared.folder + "/sealed"
                try FileContents.writeAtomically(Array(parts[0]), to: path)
                _ = try SealedFile.read(path)
            }
        },
    ]

    private static let identity =
        #"{"audit":{"hash":"","number":0},"registry":{"invitations":[],"principals":[]},"tokens":[{"digest":"00","name":"a","role":"read"}]}"#
    private static let copyList =
        #"{"entity":"a/b","files":[{"bytes":3,"digest":"00","name":"b.csv","part":"training"}],"holder":"w","reading":"r","streamFormat":"csv","trainingFormat":"csv","type":"b"}"#
}
