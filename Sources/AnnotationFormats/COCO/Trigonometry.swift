import Glibc

/// The functions of the C library that turned shapes need.
enum Trigonometry {
    static func sine(_ angle: Double) -> Double { sin(angle) }
    static func cosine(_ angle: Double) -> Double { cos(angle) }
    static func angle(y: Double, x: Double) -> Double { atan2(y, x) }
    static func arcSine(_ value: Double) -> Double { asin(min(1, max(-1, value))) }
}
