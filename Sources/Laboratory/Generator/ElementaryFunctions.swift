import Glibc

/// The C library's functions under names that do not collide with the standard library's.
func exponential(_ x: Double) -> Double { exp(x) }
func logarithmOfPositive(_ x: Double) -> Double { log(x) }
func sineOfTurn(_ turns: Double) -> Double { sin(2 * Double.pi * turns) }
