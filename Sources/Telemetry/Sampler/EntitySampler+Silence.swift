// Series that say nothing any more.
extension EntitySampler {
    /// Number of series.
    var memberCount: Int { members.count - freeMembers.count }

    /// Forgets series of which no sample is in the latest rows, so many, and returns their numbers, which others get. Their
    /// columns stay.
    mutating func forgetSeries(silentForRows rows: Int) -> Set<Int> {
        var gone = Set(memberIndex.values.filter { rowNumber - max(members[$0].row, members[$0].firstRow) > rows })
        guard !gone.isEmpty else { return [] }
        for sample in pending { gone.remove(sample.member) }
        for sample in closing { gone.remove(sample.member) }
        memberIndex = memberIndex.filter { !gone.contains($0.value) }
        for member in gone.sorted() {
            members[member] = Member(slot: members[member].slot, role: members[member].role)
            watch.forget(member)
            freeMembers.append(member)
        }
        return gone
    }
}
