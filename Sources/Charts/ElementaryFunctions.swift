import Glibc

/// The C library's functions under names that do not collide with the standard library's.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
func decimalLogarithm(_ x: Double) -> Double { log10(x) }

/// Ten to an integer power, exact where the C library rounds correctly.
func powerOfTen(_ exponent: Int) -> Double { pow(10, Double(exponent)) }
