import Federation
import Foundation
import Numerics
import Platform
import Testing

@Suite struct IdentityRegistryTests {
    private var registry = IdentityRegistry()
    private let now: Int64 = 1_000

    private mutating func ask(
        _ caller: Caller, name: String, key: String, site: String = "s", isHeld: Bool = false, at time: Int64 = 1_000
    ) -> EnrolmentAnswer? {
        let request = EnrolmentRequest(
            caller: caller, name: name,
            enrolment: Enrolment(key: PrincipalKeys.key(key), site: site, domain: site))
        for case .answer(let answer) in registry.step(.enrolling(request, isHeld: isHeld), at: time) { return answer }
        return nil
    }

    private mutating func invite(_ name: String, token: String, expires: Int64 = 2_000) {
        let invitation = Invitation(
            key: PrincipalKeys.key(token), grant: Grant(name: name, site: "site-\(name)"), expires: expires)
        _ = registry.step(.invited(invitation), at: now)
    }

    @Test mutating func aTokenWorksOnce() throws {
        invite("a", token: "t")
        let token = Caller.invited(PrincipalKeys.key("t"))
        #expect(registry.callers(at: now) == [PrincipalKeys.key("t"): token])
        #expect(ask(token, name: "b", key: "k")?.outcome == .refused)
        #expect(ask(token, name: "a", key: "k")?.outcome == .accepted)
        let principal = try #require(registry.principal(named: "a"))
        // What it asked for does not matter: the token says what it gets.
        #expect(principal.grant == Grant(name: "a", site: "site-a"))
        #expect(registry.callers(at: now) == [PrincipalKeys.key("k"): .principal(principal.id)])
        #expect(ask(token, name: "a", key: "other")?.outcome == .refused)
        #expect(registry.principal(named: "a")?.keys == [PrincipalKeys.key("k")])
    }

    /// Many at once are as if each had come by itself; who has a name or a key already keeps it.
    @Test mutating func manyAreLetInAtOnce() throws {
        invite("a", token: "t")
        _ = ask(.invited(PrincipalKeys.key("t")), name: "a", key: "k")
        let many = [("a", "other"), ("b", "k"), ("c", "c"), ("c", "d"), ("e", "c"), ("", "f"), ("g", "g")].map {
            (grant: Grant(name: $0, site: "s"), key: PrincipalKeys.key($1))
        }
        let directives = registry.step(.admitted(many), at: now)
        #expect(directives.count == 2)
        #expect(registry.active.map(\.grant.name) == ["a", "c", "g"])
        #expect(registry.principal(named: "a")?.keys == [PrincipalKeys.key("k")])
        let principal = try #require(registry.principal(named: "g"))
        #expect(registry.callers(at: now)[PrincipalKeys.key("g")] == .principal(principal.id))
        #expect(registry.step(.admitted(many), at: now).isEmpty)
    }

    @Test mutating func aTokenExpires() {
        invite("a", token: "t", expires: 1_500)
        #expect(registry.callers(at: 1_500).isEmpty)
        #expect(ask(.invited(PrincipalKeys.key("t")), name: "a", key: "k", at: 1_500)?.outcome == .refused)
        #expect(registry.step(.tick, at: 1_500).count == 1)
        #expect(registry.step(.tick, at: 1_500).isEmpty && registry.invitations.count == 1)
        // Long after nobody needs to know of it any more.
        #expect(registry.step(.tick, at: 1_500 + 7 * 86_400).isEmpty)
        #expect(registry.invitations.isEmpty)
    }

    /// A clock that was ahead for a while, however far, takes nothing away for good.
    @Test mutating func aTokenOutlivesAWildClock() throws {
        invite("a", token: "t", expires: 2_000)
        let wild: Int64 = 4_000_000_000
        #expect(registry.invitations[0].isNews(at: wild))
        #expect(registry.step(.tick, at: wild).count == 1)
        #expect(registry.callers(at: wild).isEmpty)
        #expect(registry.step(.tick, at: wild + 3_600).isEmpty && !registry.invitations[0].isNews(at: wild + 3_600))
        // It is put right: the token works again, and its end is counted from then on.
        #expect(registry.invitations[0].isNews(at: 1_100))
        #expect(registry.step(.tick, at: 1_100).isEmpty && !registry.invitations[0].isNews(at: 1_100))
        #expect(registry.callers(at: 1_100).count == 1)
        let kept = try JSONDecoder().decode(IdentityRegistry.self, from: JSONEncoder().encode(registry))
        #expect(kept == registry)
        #expect(ask(.invited(PrincipalKeys.key("t")), name: "a", key: "k", at: 1_200)?.outcome == .accepted)
        // One that expired while the clock was ahead, and is found so after that too.
        invite("b", token: "u", expires: 2_000)
        _ = registry.step(.tick, at: wild)
        #expect(registry.invitations[0].isNews(at: 3_000))
        _ = registry.step(.tick, at: 3_000)
        #expect(registry.invitations.count == 1)
        _ = registry.step(.tick, at: 3_000 + 7 * 86_400 - 1)
        #expect(registry.invitations.count == 1)
        _ = registry.step(.tick, at: 3_000 + 7 * 86_400)
        #expect(registry.invitations.isEmpty)
    }

    /// Where there is no room, tokens that nobody can use go first.
    @Test mutating func expiredTokensMakeRoom() {
        for index in 0..<IdentityRegistry.mostInvitations {
            invite("n\(index)", token: "t\(index)", expires: index == 7 ? 900 : 2_000)
        }
        invite("new", token: "new")
        #expect(registry.invitations.count == IdentityRegistry.mostInvitations)
        #expect(registry.invitations.contains { $0.grant.name == "n0" })
        #expect(!registry.invitations.contains { $0.grant.name == "n7" })
    }

    @Test mutating func aNewTokenForANameShutsTheOldKeyOut() {
        invite("a", token: "t")
        _ = ask(.invited(PrincipalKeys.key("t")), name: "a", key: "k")
        let id = registry.principal(named: "a")?.id
        invite("a", token: "u")
        #expect(registry.callers(at: now)[PrincipalKeys.key("k")] != nil)
        #expect(ask(.invited(PrincipalKeys.key("u")), name: "a", key: "m")?.outcome == .accepted)
        #expect(registry.principal(named: "a")?.id == id)
        #expect(registry.callers(at: now)[PrincipalKeys.key("k")] == nil)
    }

    /// As a job does that its engine starts anew.
    @Test mutating func aNewTokenLetsTheSameKeyInAgain() {
        invite("a", token: "t")
        _ = ask(.invited(PrincipalKeys.key("t")), name: "a", key: "k")
        let before = registry.principals
        invite("a", token: "u")
        #expect(ask(.invited(PrincipalKeys.key("u")), name: "a", key: "k")?.outcome == .accepted)
        #expect(registry.principals == before)
        #expect(registry.invitations.isEmpty)
    }

    @Test mutating func keysChangeWithoutAGap() throws {
        _ = ask(.local, name: "a", key: "k")
        let id = try #require(registry.principal(named: "a")?.id)
        #expect(ask(.principal(id), name: "a", key: "m")?.outcome == .accepted)
        // Both are taken until the new one has been used.
        #expect(Set(registry.callers(at: now).keys) == [PrincipalKeys.key("k"), PrincipalKeys.key("m")])
        #expect(registry.step(.connected(id, with: PrincipalKeys.key("k")), at: now).isEmpty)
        #expect(registry.step(.connected(id, with: PrincipalKeys.key("m")), at: now).count == 1)
        #expect(Array(registry.callers(at: now).keys) == [PrincipalKeys.key("m")])
    }

    @Test mutating func nobodyTakesAnothersNameOrKey() {
        invite("a", token: "t")
        _ = ask(.invited(PrincipalKeys.key("t")), name: "a", key: "k")
        _ = ask(.local, name: "l", key: "m")
        // The name of one that came by a token, though nobody lives under it.
        #expect(ask(.local, name: "a", key: "x")?.outcome == .refused)
        // A living one's.
        #expect(ask(.local, name: "l", key: "x", isHeld: true)?.outcome == .later)
        // Another's key, as one's own.
        #expect(ask(.local, name: "y", key: "k")?.outcome == .refused)
        invite("z", token: "u")
        #expect(ask(.invited(PrincipalKeys.key("u")), name: "z", key: "k")?.outcome == .refused)
        #expect(ask(.anybody, name: "n", key: "n")?.outcome == .refused)
        #expect(registry.active.map(\.grant.name) == ["a", "l"])
        // A worker that has lost its folder, when its lease is over.
        #expect(ask(.local, name: "l", key: "x")?.outcome == .accepted)
        #expect(registry.principal(named: "l")?.keys == [PrincipalKeys.key("x")])
    }

    @Test mutating func whoeverWasShutOutStaysOut() {
        _ = ask(.local, name: "a", key: "k")
        #expect(registry.step(.revoked(name: "a"), at: now).count == 1)
        #expect(registry.callers(at: now).isEmpty)
        #expect(ask(.local, name: "a", key: "k")?.outcome == .refused)
        #expect(ask(.local, name: "a", key: "other")?.outcome == .refused)
        #expect(ask(.local, name: "b", key: "k")?.outcome == .refused)
        let id = registry.principals[0].id
        #expect(ask(.principal(id), name: "a", key: "other")?.outcome == .refused)
        // Until an operator says otherwise; then it is somebody else.
        invite("a", token: "t")
        #expect(ask(.invited(PrincipalKeys.key("t")), name: "a", key: "k")?.outcome == .accepted)
        #expect(registry.principal(named: "a")?.id != id)
    }

    /// Whom an operator shut out gets a token from nobody else, until the operator has made one.
    @Test mutating func aNameThatWasShutOutIsKnownAsSuch() {
        #expect(!registry.isShutOut("a", at: now))
        invite("a", token: "t")
        #expect(!registry.isShutOut("a", at: now))
        _ = ask(.invited(PrincipalKeys.key("t")), name: "a", key: "k")
        invite("a", token: "next")
        _ = registry.step(.revoked(name: "a"), at: now)
        #expect(registry.isShutOut("a", at: now) && !registry.isShutOut("b", at: now))
        invite("a", token: "u", expires: 1_500)
        #expect(!registry.isShutOut("a", at: 1_499) && registry.isShutOut("a", at: 1_500))
        _ = ask(.invited(PrincipalKeys.key("u")), name: "a", key: "k")
        #expect(!registry.isShutOut("a", at: 5_000))
    }

    @Test func grantsBoundWhatIsClaimed() {
        let grant = Grant(
            name: "a", site: "s", entities: [.site("s")], roles: [.train])
        func registration(
            site: String = "s", domain: String = "s", entities: [String] = ["s/e"], data: String = "",
            standsBy: Bool = false
        ) -> Registration {
            Registration(
                incarnation: 1, site: site, domain: domain,
                capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                entities: entities, dataAddress: data, standsBy: standsBy)
        }
        #expect(grant.refusal(of: registration(), by: "a") == nil)
        for (claim, name, word) in [
            (registration(), "b", "name"), (registration(site: "t"), "a", "site"),
            (registration(domain: "t"), "a", "domain"), (registration(entities: ["s/e", "t/e"]), "a", "t/e"),
            (registration(data: "tcp://x:1"), "a", "hold"), (registration(standsBy: true), "a", "roles"),
        ] {
            #expect(grant.refusal(of: claim, by: name)?.contains(word) == true, "\(word)")
        }
    }

    /// The matcher against one that tries everything.
    @Test func patternsMatchAsTheyRead() throws {
        func slow(_ pattern: Substring, _ key: Substring) -> Bool {
            guard let first = pattern.first else { return key.isEmpty }
            guard first == "*" else { return key.first == first && slow(pattern.dropFirst(), key.dropFirst()) }
            return slow(pattern.dropFirst(), key) || (!key.isEmpty && slow(pattern, key.dropFirst()))
        }
        var generator = CounterBasedGenerator(seed: 3, purpose: "patterns")
        func word(_ letters: String) -> String {
            String(
                (0..<Int.random(in: 1...7, using: &generator)).compactMap { _ in
                    letters.randomElement(using: &generator)
                })
        }
        for _ in 0..<5_000 {
            let (pattern, key) = (word("ab/*"), word("ab/"))
            #expect(try EntityPattern(pattern).matches(key) == slow(pattern[...], key[...]), "\(pattern) \(key)")
        }
        #expect(EntityPattern.site("s").matches("s/e") && !EntityPattern.site("s").matches("st/e"))
        #expect(throws: IdentityError.self) { try EntityPattern("") }
    }

    @Test mutating func storedAndReadAgain() throws {
        invite("a", token: "t")
        _ = ask(.local, name: "l", key: "m")
        let bytes = try DeterministicJSON.encode(registry)
        #expect(try DeterministicJSON.decode(IdentityRegistry.self, from: bytes) == registry)
    }
}
