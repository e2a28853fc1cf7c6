import Federation
import Platform

/// Holds the cluster to one promise. It keeps books of its own of what it sees and asks no machine what it thinks.
protocol Oracle {
    /// What it watches over.
    var promise: Promise { get }
    /// Takes in what was seen; what is wrong with it, in words.
    mutating func see(_ observation: Observation, at now: Instant) -> [String]
    /// What is wrong now that everything is over.
    mutating func conclude(at now: Instant) -> [String]
}

extension Oracle {
    mutating func conclude(at now: Instant) -> [String] { [] }
}

/// What can be seen of a cluster from outside its processes: on the wire, on the disks, in the logs.
enum Observation {
    /// A server starts on a folder: the number of the folder, another after the folder was lost or an older one restored, and
    /// the version and the alarms that are on it.
    case serverStarted(folder: Int, version: UInt64, alarms: Set<String>)
    /// The server was away and looks at the world again.
    case serverAttentive
    /// The server ended.
    case serverEnded
    /// The server took a message from its socket.
    case arrived(Envelope, from: [UInt8])
    /// The server handed a message to its socket.
    case sent(Envelope, to: [UInt8])
    /// A round is on the server's disk, with the version that it made and all contributions that the disk has for it.
    case committed(RoundRecord, model: [UInt8]?, contributions: [String: [UInt8]])
    /// A round's end without a version is on the server's disk.
    case abandoned(RoundRecord)
    /// An alarm is in the server's log.
    case logged(sequence: Int64, bytes: [UInt8])
    /// A log line of the server.
    case noted(Note)
    /// An alarm is in a worker's spool.
    case spooled(worker: String, spool: UInt64, number: UInt64, bytes: [UInt8])
    /// A worker made a version its own.
    case adopted(worker: String, version: UInt64, model: [UInt8])
    /// The server refused alarms of a worker's spool; they lie apart.
    case refused(worker: String, spool: UInt64, numbers: [UInt64])
    /// A worker forgot the alarms of its spool up to a number.
    case forgot(worker: String, spool: UInt64, upTo: UInt64)
    /// A worker found that the server has its alarms only up to a number.
    case rewound(worker: String, to: UInt64)
    /// A contribution that is no good was made.
    case spoilt(digest: [UInt8], worker: String)
    /// A worker's process ended; what it sent may still be on its way.
    case workerEnded(String)
    /// A worker that could score its streams does not.
    case behind(worker: String)
    /// Bytes that the server holds for its peers.
    case held(bytes: Int)
    /// From now on things go wrong.
    case troubled
    /// From now on nothing goes wrong any more.
    case healed
}
