import Foundation
import Telemetry
import TestSupport
import Testing

/// Small files in the shapes that people report trouble with. They are not part of the project; `FAULTLINE_CASES` names
/// their folder.
struct CaseTests {
    /// What a file must come to.
    enum Outcome: Sendable {
        /// Entities, and rows and columns of the first of them; seconds between rows.
        case read(entities: [String], rows: Int, columns: Int, step: Double = 60)
        /// One clear line with a word in it.
        case refused(String)
    }

    static let expectations: [(path: String, outcome: Outcome)] = [
        ("a01-grafana-units/panel-data.csv", .read(entities: ["panel-data"], rows: 600, columns: 4)),
        ("a01-grafana-units/panel-quoted.csv", .read(entities: ["panel-quoted"], rows: 600, columns: 2)),
        ("a02-grafana-raw/joined-excel.csv", .read(entities: ["joined-excel"], rows: 600, columns: 2)),
        ("a03-grafana-long/series-as-rows.csv", .read(entities: ["series-as-rows"], rows: 300, columns: 2)),
        ("a03-grafana-long/series-plain.csv", .read(entities: ["series-plain"], rows: 300, columns: 2)),
        (
            "a05-victoriametrics-export/export.jsonl",
            .read(entities: ["web1:9100", "web2:9100"], rows: 600, columns: 3)
        ),
        ("a06-exposition-text/node.prom", .refused("Prometheus")),
        ("a07-sadf/sa01-all.csv", .read(entities: ["web1"], rows: 600, columns: 8)),
        ("a07-sadf/sa01-percpu.csv", .read(entities: ["web1"], rows: 600, columns: 21)),
        ("a07-sadf/sa01-restart.csv", .read(entities: ["web1"], rows: 600, columns: 8)),
        ("a12-influx-annotated/long.csv", .read(entities: ["web1"], rows: 600, columns: 2)),
        ("a12-influx-annotated/pivoted.csv", .read(entities: ["web1"], rows: 600, columns: 2)),
        (
            "a15-excel-europe/iso-time-decimal-comma.csv",
            .read(entities: ["iso-time-decimal-comma"], rows: 600, columns: 2)
        ),
        ("a15-excel-europe/messwerte.csv", .read(entities: ["messwerte"], rows: 600, columns: 3)),
        ("a16-excel-us/quoted-newline.csv", .read(entities: ["quoted-newline"], rows: 600, columns: 2)),
        ("a16-excel-us/us.csv", .refused("--date-order")),
        ("a19-time-order/reversed.csv", .read(entities: ["reversed"], rows: 600, columns: 2)),
        ("a19-time-order/shuffled.csv", .read(entities: ["shuffled"], rows: 600, columns: 2)),
        ("a19-time-order/some-duplicates.csv", .read(entities: ["some-duplicates"], rows: 612, columns: 2)),
        ("a19-time-order/score-newest-first", .read(entities: ["host"], rows: 2880, columns: 7)),
        ("a20-dst/fall-back-local.csv", .read(entities: ["fall-back-local"], rows: 2000, columns: 2)),
        ("a20-dst/zone-names.csv", .read(entities: ["zone-names"], rows: 600, columns: 2)),
        ("a21-epoch/epoch-us.csv", .read(entities: ["epoch-us"], rows: 600, columns: 2)),
        ("a21-epoch/excel-serial.csv", .read(entities: ["excel-serial"], rows: 600, columns: 2)),
        ("a21-epoch/mixed-s-ms.csv", .refused("one unit in a column")),
        ("a22-date-formats/apache.csv", .read(entities: ["apache"], rows: 600, columns: 2)),
        ("a22-date-formats/ctime.csv", .read(entities: ["ctime"], rows: 600, columns: 2)),
        ("a22-date-formats/nanos-z.csv", .read(entities: ["nanos-z"], rows: 600, columns: 2)),
        ("a22-date-formats/rfc2822.csv", .read(entities: ["rfc2822"], rows: 600, columns: 2)),
        ("a22-date-formats/two-columns.csv", .read(entities: ["two-columns"], rows: 600, columns: 2)),
        ("a22-date-formats/us-slash.csv", .refused("--date-order")),
        ("a25-compressed/gz-named.csv", .read(entities: ["gz-named"], rows: 600, columns: 2)),
        ("a25-compressed/host.csv.gz", .read(entities: ["host"], rows: 600, columns: 2)),
        ("a27-small/comment-lines.csv", .read(entities: ["comment-lines"], rows: 600, columns: 2)),
        ("a27-small/no-header.csv", .refused("column names")),
        ("a28-constant/all-constant.csv", .read(entities: ["all-constant"], rows: 600, columns: 2)),
        ("a29-folder-with-other-files/data", .read(entities: ["host1", "host2"], rows: 600, columns: 2)),
        ("a31-decimal-comma-mixed/mixed.csv", .read(entities: ["mixed"], rows: 600, columns: 3)),
        ("a34-json-lines/array.json", .read(entities: ["array"], rows: 600, columns: 1)),
        ("a34-json-lines/late-key.jsonl", .read(entities: ["late-key"], rows: 600, columns: 2)),
        ("a34-json-lines/netdata.json", .read(entities: ["netdata"], rows: 600, columns: 2)),
        ("a34-json-lines/python-nan.jsonl", .read(entities: ["python-nan"], rows: 600, columns: 2)),
        ("a35-host-column/train", .read(entities: ["db1", "web1"], rows: 1499, columns: 7)),
        ("b14-train-test-names/train.csv", .read(entities: ["b14-train-test-names"], rows: 5760, columns: 7)),
    ]

    @Test(
        "Every reported shape is read as it is meant, or refused by name",
        .enabled(if: SharedDatasets.cases != nil, "needs the cases (FAULTLINE_CASES)"), arguments: expectations.indices)
    func shapes(_ index: Int) throws {
        let (path, outcome) = Self.expectations[index]
        let url = try #require(SharedDatasets.cases).appending(path: path)
        switch outcome {
        case .refused(let word):
            let error = #expect(throws: TelemetryError.self, "\(path)") {
                for source in try DataCatalog.discover([url.path]) { _ = try source.read() }
            }
            #expect(error?.description.contains(word) == true, "\(path): \(error?.description ?? "")")
        case .read(let entities, let rows, let columns, let step):
            let sources = try DataCatalog.discover([url.path])
            #expect(sources.map(\.entity) == entities, "\(path)")
            let frame = try #require(try sources.first?.read())
            #expect(
                frame.rowCount == rows && frame.columnCount == columns, "\(path): \(frame.rowCount) × \(frame.schema)")
            var clock = ClockFindings()
            for (row, time) in frame.times.enumerated() {
                clock.add(time: time, previous: row > 0 ? frame.times[row - 1] : nil)
            }
            #expect(
                clock.medianStep.map { abs($0 - step) < 0.01 * step } == true,
                "\(path): \(String(describing: clock.medianStep))")
            #expect(clock.backwardSteps <= 1 && (clock.firstTime ?? 0) > 1.7e9, "\(path)")
        }
    }

    @Test(
        "What is odd about the times is said",
        .enabled(if: SharedDatasets.cases != nil, "needs the cases (FAULTLINE_CASES)"))
    func notes() throws {
        let root = try #require(SharedDatasets.cases)
        func notes(_ path: String) throws -> String {
            let source = try #require(try DataCatalog.discover([root.appending(path: path).path]).first)
            var reader = try source.makeReader()
            var audit = ClockAudit()
            while let frame = try reader.nextChunk(maximumRows: 512) { audit.add(frame) }
            return audit.notes(reader.layout, isTraining: true).joined(separator: "\n")
        }
        #expect(try notes("a20-dst/fall-back-local.csv").contains("the clock goes back by an hour"))
        #expect(try notes("b10-clock-step/forward/host.csv").contains("an hour or so is missing"))
        #expect(try notes("a19-time-order/some-duplicates.csv").contains("12 of 612 rows repeat"))
        #expect(try notes("a19-time-order/reversed.csv").contains("newest first"))
        #expect(try notes("b12-short-training/t200/host.csv").contains("200 rows are few"))
        #expect(try notes("b00-base/train/host.csv").isEmpty)
    }
}
