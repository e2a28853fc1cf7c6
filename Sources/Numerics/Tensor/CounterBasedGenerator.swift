/// A counter-based random number generator: Philox 4×32 with 10 rounds.
///
/// The stream is a pure function of its key, so that each draw can be named by what it is for — `(seed, purpose,
/// round, worker)` — and does not depend on what was drawn before. Two generators with the same key give the same
/// numbers on every machine.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public struct CounterBasedGenerator: RandomNumberGenerator, Sendable {
    private let key: (UInt32, UInt32)
    private let stream: (UInt32, UInt32)
    private var counter: UInt64 = 0
    private var spare: UInt64?

    /// The stream of draws for one purpose.
    ///
    /// - Parameters:
    ///   - seed: what the user chose.
    ///   - purpose: what the numbers are for, such as `"shuffle"`; part of the key.
    ///   - indices: further coordinates of the stream, such as round and worker; part of the key.
    public init(seed: UInt64, purpose: String, _ indices: Int...) {
        // FNV-1a over the coordinates names the stream; the seed is the cipher's key, untouched.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in purpose.utf8 { mix(byte) }
        for index in indices {
            mix(0xff)
            for shift in stride(from: 0, to: 64, by: 8) {
                mix(UInt8(truncatingIfNeeded: UInt64(bitPattern: Int64(index)) >> UInt64(shift)))
            }
        }
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        stream = (UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32))
    }

    /// How many numbers were drawn; setting it goes to that place of the stream.
    package var drawn: UInt64 {
        get { counter &* 2 &- (spare == nil ? 0 : 1) }
        set {
            counter = newValue / 2
            spare = nil
            if newValue & 1 == 1 { _ = next() }
        }
    }

    /// The next 64 uniformly distributed bits.
    public mutating func next() -> UInt64 {
        if let value = spare {
            spare = nil
            return value
        }
        let block = Self.block(
            counter: (
                UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), stream.0, stream.1
            ),
            key: key)
        counter &+= 1
        spare = UInt64(block.3) << 32 | UInt64(block.2)
        return UInt64(block.1) << 32 | UInt64(block.0)
    }

    /// A uniform number in [0, 1) with 53 random bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A normally distributed number with mean 0 and standard deviation 1 (Box–Muller; two uniforms a draw).
    public mutating func normal() -> Double {
        let radius = (-2 * logarithm(1 - uniform())).squareRoot()
        return radius * cosineOfTurn(uniform())
    }

    /// Ten Philox rounds over one 128-bit counter.
    package static func block(counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)) -> (
        UInt32, UInt32, UInt32, UInt32
    ) {
        var (x0, x1, x2, x3) = counter
        var (k0, k1) = key
        for _ in 0..<10 {
            let a = UInt64(0xD251_1F53) * UInt64(x0)
            let b = UInt64(0xCD9E_8D57) * UInt64(x2)
            (x0, x1, x2, x3) = (
                UInt32(b >> 32) ^ x1 ^ k0, UInt32(truncatingIfNeeded: b),
                UInt32(a >> 32) ^ x3 ^ k1, UInt32(truncatingIfNeeded: a)
            )
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return (x0, x1, x2, x3)
    }
}
