import Platform

/// The stream of one entity: its rows come at a steady pace, and every third one is a step in the life of an alarm. The same
/// rows say the same whoever reads them, however often.
struct ToyStream {
    let entity: String

    /// The steps between two rows, in order.
    func steps(in rows: Range<Int>, worker: String) -> [ToyAlarm] {
        rows.filter { $0 % 3 == 2 }.map { row in
            let step = row / 3
            // An alarm is raised, gets worse, and is over.
            return ToyAlarm(
                entity: entity, onset: step / 3 * 9 + 2, row: row, revision: step % 3, worker: worker)
        }
    }
}
