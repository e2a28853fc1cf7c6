import Glibc

/// The C library's functions under names that do not collide with the standard library's.
@inline(__always) func logarithm(_ x: Double) -> Double { log(x) }
@inline(__always) func cosineOfTurn(_ turns: Double) -> Double { cos(2 * Double.pi * turns) }
@usableFromInline func raise(_ base: Double, to exponent: Int) -> Double { pow(base, Double(exponent)) }
