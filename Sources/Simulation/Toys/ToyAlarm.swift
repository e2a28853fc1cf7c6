import Federation

/// A step in the life of an alarm of a toy stream.
struct ToyAlarm: Equatable {
    /// What the alarm is called: a worker may say anything here.
    var name: String
    /// The entity with its site, as everywhere.
    var entity: String
    /// Row at which the alarm began.
    var onset: Int
    /// Row of this step.
    var row: Int
    /// 0 when it is raised, 1 when it gets worse, 2 when it is over.
    var revision: Int
    var worker: String

    /// What this step and no other is called.
    var key: String { "\(entity) \(name)#\(revision)" }

    init(name: String? = nil, entity: String, onset: Int, row: Int, revision: Int, worker: String) {
        self.name = name ?? "\(entity)@\(onset)"
        self.entity = entity
        self.onset = onset
        self.row = row
        self.revision = revision
        self.worker = worker
    }

    /// Reads one that travelled as an event.
    init?(event bytes: [UInt8]) {
        var reader = WireReader(bytes)
        guard let name = try? reader.string("name", limit: 64), let entity = try? reader.string("entity", limit: 64),
            let worker = try? reader.string("worker", limit: 64),
            let onset = try? reader.integer("onset", as: UInt32.self),
            let row = try? reader.integer("row", as: UInt32.self),
            let revision = try? reader.integer("revision", as: UInt64.self)
        else { return nil }
        self.init(
            name: name, entity: entity, onset: Int(onset), row: Int(row), revision: Int(clamping: revision),
            worker: worker)
    }

    /// The event as a worker's stream makes it.
    var event: [UInt8] {
        var writer = WireWriter()
        writer.put(name)
        writer.put(entity)
        writer.put(worker)
        writer.put(UInt32(onset))
        writer.put(UInt32(row))
        writer.put(UInt64(revision))
        return writer.bytes
    }
}
