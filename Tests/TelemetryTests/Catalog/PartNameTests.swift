import Foundation
import Telemetry
import Testing

/// Which files are parts to learn from and to judge on, by what they and those beside them are called.
struct PartNameTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let table = "time,a\n1740787200,1\n1740787260,2\n"

    private func found(_ names: [String]) throws -> [String] {
        let folder = "\(UUID().uuidString)/set"
        for name in names { try scratch.write("\(folder)/\(name)", Self.table) }
        return try DataCatalog.discover([scratch.path + "/" + folder]).map {
            "\($0.entity) \($0.part) \($0.files.map { URL(filePath: $0).lastPathComponent }.joined(separator: "+"))"
        }
    }

    @Test(
        "Names of parts that public sets have",
        arguments: [
            // HAI: parts of one system.
            (
                ["train1.csv", "train2.csv", "train10.csv", "test1.csv", "test2.csv"],
                ["set test test1.csv+test2.csv", "set train train1.csv+train2.csv+train10.csv"]
            ),
            (["hai-test1.csv", "hai-train1.csv"], ["hai test hai-test1.csv", "hai train hai-train1.csv"]),
            (["TRAIN.csv", "TEST.csv"], ["set test TEST.csv", "set train TRAIN.csv"]),
            (["X_TRAIN_NA.csv", "X_TEST.csv"], ["X test X_TEST.csv", "X train X_TRAIN_NA.csv"]),
            (["X_TRAIN_A.csv", "X_TEST.csv"], ["X test X_TEST.csv", "X train X_TRAIN_A.csv"]),
            // Both kinds of training: the one without anomalies.
            (
                ["test.csv", "train_anomaly.csv", "train_no_anomaly.csv"],
                ["set test test.csv", "set train train_no_anomaly.csv"]
            ),
            (["ecg.train.csv", "ecg.test.csv"], ["ecg test ecg.test.csv", "ecg train ecg.train.csv"]),
            (
                ["UNSW_NB15_training-set.csv", "UNSW_NB15_testing-set.csv"],
                ["UNSW_NB15 test UNSW_NB15_testing-set.csv", "UNSW_NB15 train UNSW_NB15_training-set.csv"]
            ),
            (["train_FD001.csv", "test_FD001.csv"], ["FD001 test test_FD001.csv", "FD001 train train_FD001.csv"]),
            (
                ["SWaT_Dataset_Normal_v1.csv", "SWaT_Dataset_Attack_v0.csv"],
                [
                    "SWaT_Dataset test SWaT_Dataset_Attack_v0.csv", "SWaT_Dataset train SWaT_Dataset_Normal_v1.csv",
                ]
            ),
        ])
    func parts(_ names: [String], _ expected: [String]) throws { #expect(try found(names) == expected) }

    @Test(
        "What says nothing of a part without a file of the other part beside it is a name",
        arguments: [
            ["train1.csv", "train2.csv"], ["web-test.csv"], ["test_rig.csv", "rig.csv"], ["a.train.csv"],
            ["normal.csv"], ["net_normal.csv", "net_normal_v2.csv", "net_attack.csv"],
            ["attack_a.csv", "normal_b.csv"],
        ])
    func names(_ names: [String]) throws {
        #expect(try found(names).allSatisfy { $0.contains(" all ") && !$0.contains("+") })
    }

    @Test("A file that is named alone is the part that it is in its folder, and a pair is said")
    func named() throws {
        for name in ["train1.csv", "test1.csv"] { try scratch.write("hai/\(name)", Self.table) }
        let source = try #require(try DataCatalog.discover([scratch.path + "/hai/test1.csv"]).first)
        #expect(source.part == .test && source.entity == "hai")
        for name in ["P1_normal.csv", "P1_attack.csv"] { try scratch.write("swat/\(name)", Self.table) }
        let contents = try DataCatalog.search([scratch.path + "/swat"])
        let said = "P1_normal.csv is taken as the part to learn from, P1_attack.csv as the one to judge on"
        #expect(contents.notes == [said])
    }

    @Test("What was passed over is said folder by folder, and a binary file by what it is")
    func passedOver() throws {
        try scratch.write("set/train/a.csv", Self.table)
        for folder in ["test", "train"] {
            try scratch.write("set/\(folder)/x.npy", [0x93] + Array("NUMPY".utf8))
            try scratch.write("set/\(folder)/y.parquet", Array("PAR1".utf8))
            try scratch.write("set/\(folder)/z.py", "import numpy\n")
        }
        let line = try #require(try DataCatalog.search([scratch.path]).passedOverLine)
        #expect(line.hasPrefix("passed over 6 files: in test: x.npy (a NumPy file; expected CSV"), "\(line)")
        #expect(line.contains("; in train: x.npy") && line.contains("y.parquet (a Parquet file; expected CSV"))
        #expect(line.contains("z.py (not named like a table"))
        let error = #expect(throws: TelemetryError.self) { try DataCatalog.discover([scratch.path + "/set/test"]) }
        #expect(error?.description.contains("a NumPy file; expected CSV") == true, "\(String(describing: error))")
    }
}
