import Glibc

/// The functions of the C library that turned shapes need.
package enum Trigonometry {
    package static func sine(_ angle: Double) -> Double { sin(angle) }
    package static func cosine(_ angle: Double) -> Double { cos(angle) }
    package static func angle(y: Double, x: Double) -> Double { atan2(y, x) }
    package static func arcSine(_ value: Double) -> Double { asin(min(1, max(-1, value))) }
}
