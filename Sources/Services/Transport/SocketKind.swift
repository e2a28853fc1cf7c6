/// Kinds of sockets, as Linux numbers them. Their names are lost to Swift where several C libraries' headers include them.
package enum SocketKind {
    /// A stream of bytes, `SOCK_STREAM`.
    package static let stream: Int32 = 1
    /// Datagrams, `SOCK_DGRAM`.
    package static let datagram: Int32 = 2
    /// Or-ed with a kind: not handed on to processes that are started, `SOCK_CLOEXEC`.
    package static let closesOnExec: Int32 = 0o2_000_000
}
