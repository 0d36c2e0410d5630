import Glibc

/// The functions of the C library that the measures need.
enum Logarithm {
    static func natural(_ value: Double) -> Double { log(value) }
    static func exponential(_ value: Double) -> Double { exp(value) }
}

/// Turned shapes.
enum Turn {
    static func sine(_ angle: Double) -> Double { sin(angle) }
    static func cosine(_ angle: Double) -> Double { cos(angle) }
    static func angle(y: Double, x: Double) -> Double { atan2(y, x) }
}
