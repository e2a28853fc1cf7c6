import Charts
import Foundation
import FoundationXML
import Numerics
import Platform
import Testing

/// What an XML parser finds in a document.
private final class Findings: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]
    var texts: [String] = []
    var attributes: [(element: String, name: String, value: String)] = []
    private var text = ""

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes found: [String: String]
    ) {
        counts[name, default: 0] += 1
        for (key, value) in found { attributes.append((name, key, value)) }
        text = ""
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
        if name == "text" { texts.append(text) }
        text = ""
    }
}

/// Parses the picture, expects it to be well-formed and its numbers to be numbers.
private func inspect(_ svg: String, _ comment: Comment? = nil) -> Findings {
    let findings = Findings()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = findings
    #expect(parser.parse(), comment)
    #expect(findings.counts["svg"] == 1, comment)
    for attribute in findings.attributes
    where ["x", "y", "width", "height", "cx", "cy", "r", "d"].contains(attribute.name) {
        let lowered = attribute.value.lowercased()
        #expect(!lowered.contains("nan") && !lowered.contains("inf"), comment)
        if attribute.name != "d" {
            let number = Double(attribute.value.replacing("%", with: ""))
            #expect(number?.isFinite == true, comment)
            if attribute.name == "width" || attribute.name == "height" { #expect((number ?? 0) >= 0, comment) }
        }
    }
    return findings
}

private let awkwardText = "a<b> & \"c\" 'd' \u{0}\u{1B}\n\u{FFFF} Ω 漢 🙂"

struct ChartTests {
    private func series(_ count: Int, seed: UInt64 = 1) -> (x: [Double], y: [Double]) {
        var random = CounterBasedGenerator(seed: seed, purpose: "chart")
        return ((0..<count).map(Double.init), (0..<count).map { _ in random.normal() })
    }

    private func every(_ x: [Double], _ y: [Double]) -> [Series] {
        let low = y.map { $0 - 1 }
        let high = y.map { $0 + 1 }
        return [
            .line("line", x: x, y: y, lower: low, upper: high), .step("step", x: x, y: y),
            .scatter("points", x: x, y: y, lower: low, upper: high), .bars("bars", x: x, y: y, lower: low, upper: high),
            .boxes("boxes", x: x, x.map { BoxSummary(of: [$0, $0 + 1, $0 + 9]) }.compactMap(\.self)),
            .band("band", x: x, lower: low, upper: high),
        ]
    }

    @Test func everyMarkIsWellFormed() {
        let (x, y) = series(50)
        let chart = Chart(
            "title", subtitle: "subtitle", xAxis: Axis("x", unit: "s"), yAxis: Axis("y"), series: every(x, y),
            referenceLines: [ReferenceLine(0.5, label: "threshold"), ReferenceLine(0.6, label: "other")],
            intervals: [ShadedInterval(3, 9, label: "event"), ShadedInterval(4, 10, label: "another")])
        let found = inspect(chart.svg())
        #expect(found.texts.contains("title") && found.texts.contains("x (s)") && found.texts.contains("threshold"))
        #expect(found.texts.contains("event") && found.texts.contains("another"))
        #expect(chart.svg() == chart.svg())
    }

    @Test(arguments: [0, 1, 2, 40, 100_000]) func sizesOfInput(_ count: Int) {
        let (x, y) = series(count)
        for scale in [Axis.Scale.linear, .logarithmic] {
            let chart = Chart(
                "n", xAxis: Axis("x"), yAxis: Axis("y", scale: scale),
                series: [.line("a", x: x, y: y), .step("b", x: x, y: y), .scatter("c", x: x, y: y)])
            let svg = chart.svg()
            _ = inspect(svg, "\(count) points, \(scale)")
            #expect(svg.utf8.count < 6_000_000)
        }
    }

    @Test func aLineOfManyPointsKeepsItsExtremes() {
        var (x, y) = series(100_000)
        y[77_777] = 1_000
        y[12_345] = -1_000
        x[5] = 5
        let line = Chart(
            "", xAxis: Axis(""), yAxis: Axis("", range: -1_000...1_000), series: [.line("", x: x, y: y)],
            preferredSize: Size(width: 600, height: 400))
        let path = inspect(line.svg()).attributes.first { $0.element == "path" && $0.name == "d" }?.value ?? ""
        let heights = path.split(whereSeparator: { "ML ".contains($0) }).enumerated().compactMap {
            $0.offset % 2 == 1 ? Double($0.element) : nil
        }
        #expect(heights.count < 4 * 600 + 8)
        // 16 + 6 pixels above, what the axis needs below: the extremes touch the plot's edges.
        let edges = (heights.min() ?? .nan, heights.max() ?? .nan)
        #expect(edges.1 - edges.0 > 300)
    }

    @Test func valuesThatAreNoNumbersAreGaps() {
        let x: [Double] = [0, 1, 2, .nan, 4, 5, .infinity, 7]
        let y: [Double] = [0, .nan, 2, 3, -.infinity, 5, 6, 1e308]
        for scale in [Axis.Scale.linear, .logarithmic] {
            let chart = Chart(
                "", xAxis: Axis("", scale: scale), yAxis: Axis("", scale: scale), series: every(x, y),
                referenceLines: [ReferenceLine(.nan, label: "nowhere")],
                intervals: [ShadedInterval(.nan, 3, label: "?")])
            _ = inspect(chart.svg(), "\(scale)")
        }
        _ = inspect(
            Chart("", xAxis: Axis(""), yAxis: Axis(""), series: every([1, 2], [-1e308, 1e308])).svg())
        _ = inspect(
            Chart("", xAxis: Axis("", format: .clock), yAxis: Axis(""), series: every([1e300, 2e300], [0, 0])).svg())
    }

    @Test func textIsEscaped() {
        let chart = Chart(
            awkwardText, subtitle: awkwardText, xAxis: .categories(awkwardText, [awkwardText, "b"]),
            yAxis: Axis(awkwardText, unit: awkwardText),
            series: [.bars(awkwardText, y: [1, 2]), .bars("z", y: [3, 4])],
            referenceLines: [ReferenceLine(1, label: awkwardText)],
            intervals: [ShadedInterval(0, 1, label: awkwardText)])
        let found = inspect(chart.svg())
        #expect(found.texts.contains { $0.contains("a<b> & \"c\" 'd'") })
    }

    @Test func tickLabelsDoNotOverlap() {
        var random = CounterBasedGenerator(seed: 3, purpose: "ticks")
        for _ in 0..<300 {
            let exponent = Double(Int(random.uniform() * 24)) - 9
            let low = random.normal() * Foundation.pow(10, exponent)
            let span = random.uniform() * Foundation.pow(10, exponent - random.uniform() * 3) + 1e-12
            let format = [Axis.Format.number, .percent, .elapsed, .clock][Int(random.uniform() * 4)]
            let chart = Chart(
                "", xAxis: Axis("", format: format), yAxis: Axis(""),
                series: [.line("", x: [low, low + span], y: [0, 1])], preferredSize: Size(width: 500, height: 200))
            let svg = chart.svg()
            let found = inspect(svg)
            // Labels below the plot: centred texts of size 11.
            var edges: [(Double, Double)] = []
            for line in svg.split(separator: "\n") where line.contains("text-anchor=\"middle\"") {
                guard line.contains("font-size=\"11\""), let x = line.firstMatch(of: /x="([-0-9.]+)"/),
                    let text = line.firstMatch(of: />([^<]*)</), let centre = Double(x.1)
                else { continue }
                let half = TextMetrics.width(of: String(text.1), size: 11) / 2
                edges.append((centre - half, centre + half))
            }
            edges.sort { $0.0 < $1.0 }
            for (a, b) in zip(edges, edges.dropFirst()) { #expect(a.1 <= b.0 + 0.5, "[\(low), +\(span)] \(format)") }
            #expect(!found.texts.isEmpty)
        }
    }

    @Test func aBoxSummaryHasTheQuartilesOfNumPy() throws {
        // numpy.percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 40], [25, 50, 75]) = 3.25, 5.5, 7.75
        let box = try #require(BoxSummary(of: [40, 2, 3, 9, 5, 6, 7, 8, 4, 1, .nan]))
        #expect(box.firstQuartile == 3.25 && box.median == 5.5 && box.thirdQuartile == 7.75)
        #expect(box.lowWhisker == 1 && box.highWhisker == 9 && box.outliers == [40])
        #expect(BoxSummary(of: [.nan]) == nil)
    }

    @Test(arguments: ["", "bytes"]) func tickLabelsOfTheVerticalAxisAreWhole(_ title: String) {
        let chart = Chart(
            "", xAxis: Axis("x"), yAxis: Axis(title), series: [.line("", x: [0, 1], y: [1_234_000, 1_279_000])],
            preferredSize: Size(width: 400, height: 200))
        let found = inspect(chart.svg())
        #expect(!found.texts.contains { $0.contains("…") })
        #expect(found.texts.contains("1.26 M"))
    }

    @Test func aGridHoldsItsPanels() {
        let (x, y) = series(10)
        let panel = Chart("panel", xAxis: Axis("x"), yAxis: Axis("y"), series: [.line("", x: x, y: y)])
        let found = inspect(ChartGrid("all", panels: [panel, panel, panel], columns: 2).svg())
        #expect(found.texts.count { $0 == "panel" } == 3)
        _ = inspect(ChartGrid("none", panels: []).svg())
    }
}

struct HeatMapTests {
    private func map(rows: Int, columns: Int, showsValues: Bool = false) -> HeatMap {
        var random = CounterBasedGenerator(seed: 5, purpose: "heat")
        var values = (0..<(rows * columns)).map { _ in Float(random.normal()) }
        for index in values.indices where index % 7 == 3 { values[index] = .nan }
        return HeatMap(
            "map",
            rows: (0..<rows).map {
                HeatMap.Row("row \($0)", groups: ["layer \($0 / 8)", "g<\($0 / 3)>"], threshold: 1)
            },
            columns: columns, values: values, xAxis: Axis("time", format: .elapsed), valueTitle: "deviation",
            threshold: (1, "threshold"), intervals: [ShadedInterval(1, 2, label: "event")], showsValues: showsValues)
    }

    @Test(arguments: [(0, 0), (1, 0), (1, 1), (3, 5), (24, 900), (200, 2_000)])
    func sizesOfInput(_ rows: Int, _ columns: Int) {
        let map = map(rows: rows, columns: columns)
        let svg = map.svg()
        let found = inspect(svg, "\(rows) × \(columns)")
        #expect(svg.utf8.count < 1_500_000)
        #expect(rows == 0 || columns == 0 || found.texts.contains("row 0"))
        #expect(svg == map.svg())
    }

    @Test func aPeakSurvivesTheJoiningOfColumns() {
        var values = [Float](repeating: 0, count: 100_000)
        values[54_321] = 9
        let map = HeatMap(
            "", rows: [HeatMap.Row("a", threshold: 5)], columns: 100_000, values: values, xAxis: Axis(""),
            valueTitle: "")
        // The darkest colour of the scale is in the picture, and the mark below the cell.
        #expect(map.svg().contains(ColorScale.deviation.color(at: 1).hex))
        #expect(inspect(map.svg()).attributes.contains { $0.name == "fill" && $0.value == Palette.blue.hex })
    }

    @Test func cellsShowTheirValues() {
        let map = HeatMap(
            "", rows: [HeatMap.Row("a"), HeatMap.Row("b")], columns: 2, values: [1, 2, 3, .nan],
            xAxis: .categories("predicted", ["a", "b"]), valueTitle: "count", showsValues: true, preferredWidth: 400)
        let found = inspect(map.svg())
        #expect(["1", "2", "3"].allSatisfy(found.texts.contains))
    }

    @Test func thePNGIsWhatAPNGMustBe() throws {
        let bytes = map(rows: 7, columns: 300).png()
        #expect(Array(bytes.prefix(8)) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        var position = 8
        var kinds: [String] = []
        var packed: [UInt8] = []
        while position + 12 <= bytes.count {
            let length = bytes[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
            let body = bytes[(position + 4)..<(position + 8 + length)]
            var checksum = UInt32.max
            for byte in body {
                checksum ^= UInt32(byte)
                for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
            }
            let stored = bytes[(position + 8 + length)..<(position + 12 + length)].reduce(UInt32(0)) {
                $0 << 8 | UInt32($1)
            }
            #expect(~checksum == stored)
            kinds.append(String(decoding: body.prefix(4), as: UTF8.self))
            if kinds.last == "IDAT" { packed = Array(body.dropFirst(4)) }
            position += 12 + length
        }
        #expect(kinds == ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"])
        let rows = try unpacked(packed)
        #expect(rows.count == 7 * 301)
        #expect((0..<7).allSatisfy { rows[$0 * 301] == 0 })
        #expect(rows.contains(255))
    }
}

/// What a zlib stream holds: its deflate part, read as a gzip member.
private func unpacked(_ stream: [UInt8]) throws -> [UInt8] {
    let unpacker = try #require(Unpacker(.gzip))
    var member: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + stream.dropFirst(2).dropLast(4)
    var output = [UInt8](repeating: 0, count: 1 << 16)
    let step = try member.withUnsafeMutableBytes { source in
        try output.withUnsafeMutableBytes { try unpacker.step(source, into: $0) }
    }
    return Array(output.prefix(step.written))
}
