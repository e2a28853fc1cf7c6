/// Everything that the simulator does to a cluster.
package enum FaultKind: String, CaseIterable, Sendable {
    // The network.
    case delay
    case loss
    case duplication
    case reordering
    case corruption
    case oneWayLink
    case partition
    case halfOpenPeer
    case anotherAddress
    // Disks.
    case slowDisk
    case fullDisk
    case busyDisk
    case tornWrite
    case lostWrite
    case flippedBit
    // Processes and their clocks.
    case pause
    case clockJump
    case clockDrift
    case workerKilled
    case workerRestored
    case serverKilled
    case twoCopies
    // The server's folder.
    case lostFolder
    case restoredFolder
    // Workers that are not what they say.
    case poisonedParameters
    case wrongShape
    case oversizedUpdate
    case poisonedStatistics
    case forgedAlarms
    case foreignLease
    case flood
    case silentMember
    case failedWork
}
