/// Reduces long series to what a screen can show, without losing an extreme.
enum PixelAggregation {
    /// The points that matter for a line of many points: per pixel column the first, lowest, highest and last one
    /// (M4: Jugel, Jerzak, Hackenbroich, Markl, VLDB 2014). The drawing is the same to the pixel. Points must come with
    /// rising x; points that are not finite are kept as gaps, one for each run.
    static func outline(_ points: [Point], columns: Int) -> [Point] {
        guard points.count > 4 * max(columns, 1) else { return points }
        var result: [Point] = []
        var column = Int.min
        var members: [Point] = []
        func flush() {
            guard let first = members.first, let last = members.last else { return }
            var lowest = 0
            var highest = 0
            for (index, point) in members.enumerated() {
                if point.y < members[lowest].y { lowest = index }
                if point.y > members[highest].y { highest = index }
            }
            result.append(first)
            for index in [min(lowest, highest), max(lowest, highest)] where index > 0 && index < members.count - 1 {
                result.append(members[index])
            }
            if members.count > 1 { result.append(last) }
            members.removeAll(keepingCapacity: true)
        }
        for point in points {
            guard point.x.isFinite, point.y.isFinite else {
                flush()
                column = Int.min
                if let last = result.last, last.x.isFinite, last.y.isFinite { result.append(point) }
                continue
            }
            let own = Int(min(max(point.x, -1e9), 1e9).rounded(.down))
            if own != column {
                flush()
                column = own
            }
            members.append(point)
        }
        flush()
        return result
    }

    /// Points of a scatter plot with those left out that fall on the same pixel as an earlier one.
    static func distinct(_ points: [Point]) -> [Point] {
        guard points.count > 2_000 else { return points }
        var seen: Set<Int> = []
        return points.filter { point in
            guard point.x.isFinite, point.y.isFinite else { return false }
            let x = Int(min(max(point.x, -1e6), 1e6).rounded())
            let y = Int(min(max(point.y, -1e6), 1e6).rounded())
            return seen.insert(x &* 4_000_037 &+ y).inserted
        }
    }

    /// One row of a heat map in fewer columns, each the maximum of what it covers; NaN where it covers gaps only.
    static func maxima(_ row: ArraySlice<Float>, columns: Int) -> [Float] {
        let count = row.count
        guard count > columns, columns > 0 else { return Array(row) }
        return (0..<columns).map { column in
            let begin = row.startIndex + column * count / columns
            let end = row.startIndex + max((column + 1) * count / columns, column * count / columns + 1)
            var largest = -Float.infinity
            for value in row[begin..<end] where value > largest { largest = value }
            return largest == -Float.infinity ? .nan : largest
        }
    }
}
