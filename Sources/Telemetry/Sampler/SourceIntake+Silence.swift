import Platform

// What says nothing any more: it is told, and forgotten after long.
extension SourceIntake {
    /// What is known of the source's time, and of what was forgotten.
    struct Silence {
        /// For how long the source was listened to.
        var time = TimeInUse()
        /// Whether there was no room for a series.
        var wantsRoom = false
        /// Places of entities that were forgotten.
        var free: [Int] = []
        /// What their samplers had seen.
        var counters = SamplerCounters()
    }

    /// Seconds between two looks for what is to be forgotten, and where there is no room.
    private static let (lookEvery, lookForRoomEvery) = (3_600.0, 60.0)
    /// Seconds, and intervals, of silence after which an entity or a series is forgotten; less where there is no room.
    private static let (goneSeconds, goneSecondsWithoutRoom, goneIntervals) = (86_400.0, 3_600.0, 20.0)

    /// Says which entities have fallen silent. Where many do at once it is the source.
    mutating func tellTheSilent(arrival: Double) {
        var silent: [(entity: Int, seconds: Double, interval: Double)] = []
        // Of what has come and waits for its rows nobody can say that it does not come.
        for entity in entities.indices where !entities[entity].isClosing && !health[entity].isStaleWithOthers {
            guard let interval = settings.sampler.intervalSeconds ?? entities[entity].intervalSeconds,
                let last = health[entity].lastArrival, arrival - last > max(5 * interval, 10),
                !book.stands(.sourceStale, entity: entities[entity].name, source: settings.source)
            else { continue }
            silent.append((entity, arrival - last, interval))
        }
        guard silent.count > DataQualityBook.mostToldAlone else {
            for (entity, seconds, interval) in silent {
                book.raise(
                    .sourceStale, entity: entities[entity].name, source: settings.source, at: arrival,
                    detail: "no sample for \(Int(seconds)) s, one every \(interval) s is usual")
            }
            return
        }
        for (entity, _, _) in silent { health[entity].isStaleWithOthers = true }
        let names = silent.map { entities[$0.entity].name }.sorted()
        book.raise(
            .sourceStale, source: settings.source, at: arrival, subjects: names, count: names.count,
            detail: "no sample of \(names.count) entities for \(Int(silent.map(\.seconds).max() ?? 0)) s")
    }

    /// Takes that an entity says something again.
    mutating func hear(_ entity: Int, at time: Double) {
        book.clear(.sourceStale, entity: entities[entity].name, source: settings.source, at: time)
        guard health[entity].isStaleWithOthers else { return }
        health[entity].isStaleWithOthers = false
        if !health.contains(where: \.isStaleWithOthers) {
            book.clear(.sourceStale, source: settings.source, at: time)
        }
    }

    /// Forgets entities and series of which nothing has come for long: there is room for others then, and what was left
    /// out for want of it is taken.
    mutating func forgetTheSilent(at time: Double) {
        guard silence.time.isDue(every: silence.wantsRoom ? Self.lookForRoomEvery : Self.lookEvery) else { return }
        let least = silence.wantsRoom ? Self.goneSecondsWithoutRoom : Self.goneSeconds
        var goneEntities = Set<Int>()
        var goneMembers: [Int: Set<Int>] = [:]
        for (name, entity) in entityIndex {
            let interval = settings.sampler.intervalSeconds ?? entities[entity].intervalSeconds ?? 0
            let seconds = max(least, Self.goneIntervals * interval)
            if silence.time.seconds - health[entity].heard > seconds, !entities[entity].isWaiting {
                forget(entity, name, at: time)
                goneEntities.insert(entity)
            } else if interval > 0 {
                let members = entities[entity].forgetSeries(silentForRows: Int(min(seconds / interval, 0x1p53)))
                memberCount -= members.count
                if !members.isEmpty { goneMembers[entity] = members }
            }
        }
        guard !goneEntities.isEmpty || !goneMembers.isEmpty else { return }
        for target in Array(targets.keys) {
            guard var state = targets.removeValue(forKey: target) else { continue }
            state.references = state.references.filter { _, reference in
                switch reference {
                case .none: return false
                case .up: return true
                case .member(let entity, let member):
                    return !goneEntities.contains(entity) && goneMembers[entity]?.contains(member) != true
                }
            }
            targets[target] = state
        }
        guard silence.wantsRoom else { return }
        silence.wantsRoom = false
        for finding in book.open where finding.kind == .overBound {
            book.clear(.overBound, entity: finding.entity, source: finding.source, at: time)
        }
    }

    private mutating func forget(_ entity: Int, _ name: String, at time: Double) {
        hear(entity, at: time)
        for finding in book.open where finding.entity == name {
            book.clear(finding.kind, entity: name, source: finding.source, at: time)
        }
        memberCount -= entities[entity].memberCount
        silence.counters.add(entities[entity].counters)
        entityIndex[name] = nil
        entities[entity] = EntitySampler(
            name: "", type: "", options: settings.sampler, rules: settings.rules, limit: 0)
        health[entity] = Health()
        silence.free.append(entity)
    }
}
