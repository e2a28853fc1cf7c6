import Platform
import Testing

@Suite struct HostNameTests {
    @Test func loopbackIsAnAddressAndNoPrefix() {
        for host in ["127.0.0.1", "127.9.8.7:80", "localhost", "LOCALHOST:7410", "localhost.", "[::1]", "[::1]:80"] {
            #expect(HostName(host)?.isLoopback == true, "\(host)")
        }
        for host in [
            "127.evil.com", "127.0.0.1.evil.com:80", "127.0.0.256", "127.1", "10.0.0.1", "[::2]", "evil", "::1",
        ] {
            #expect(HostName(host)?.isLoopback != true, "\(host)")
        }
    }

    @Test func whatIsNoHost() {
        for text in [
            "", ":80", "a b", "a:b", "a:99999", "a:80:90", "[::1", "[]", "[evil]", "é", "a/b", "user@a", "a\u{0}",
        ] {
            #expect(HostName(text) == nil, "\(text.debugDescription)")
        }
        #expect(HostName("Edge-1.example.org:7410")?.host == "edge-1.example.org")
        #expect(HostName("Edge-1.example.org:7410")?.port == 7410)
        #expect(HostName("10.1.2.3")?.isAddress == true && HostName("ten")?.isAddress == false)
    }
}
