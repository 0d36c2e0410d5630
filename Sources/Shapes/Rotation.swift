import AnnotationModel

/// Rotations in the spellings of label formats; inside they are unit quaternions (w, x, y, z).
package enum Rotation {
    /// The quaternion of Euler angles in radians, turned about the fixed axes x, then y, then z.
    package static func quaternion(euler angles: [Double]) -> [Double] {
        let cosine = angles.map { Trigonometry.cosine($0 / 2) }
        let sine = angles.map { Trigonometry.sine($0 / 2) }
        return [
            cosine[0] * cosine[1] * cosine[2] + sine[0] * sine[1] * sine[2],
            sine[0] * cosine[1] * cosine[2] - cosine[0] * sine[1] * sine[2],
            cosine[0] * sine[1] * cosine[2] + sine[0] * cosine[1] * sine[2],
            cosine[0] * cosine[1] * sine[2] - sine[0] * sine[1] * cosine[2],
        ]
    }

    /// Euler angles in radians of a quaternion; where the second is a right angle the first is 0.
    package static func euler(_ q: [Double]) -> [Double] {
        let (w, x, y, z) = (q[0], q[1], q[2], q[3])
        let pitch = 2 * (w * y - z * x)
        if pitch.magnitude > 1 - 1e-12 {
            let yaw = Trigonometry.angle(y: 2 * (w * z - x * y), x: 1 - 2 * (x * x + z * z))
            return [0, pitch > 0 ? .pi / 2 : -.pi / 2, yaw]
        }
        return [
            Trigonometry.angle(y: 2 * (w * x + y * z), x: 1 - 2 * (x * x + y * y)),
            Trigonometry.arcSine(pitch),
            Trigonometry.angle(y: 2 * (w * z + x * y), x: 1 - 2 * (y * y + z * z)),
        ]
    }

    /// Whether two quaternions turn the same way; q and -q do.
    package static func agree(_ one: [Double], _ other: [Double]) -> Bool {
        let dot = zip(one, other).reduce(0) { $0 + $1.0 * $1.1 }
        return (dot.magnitude - 1).magnitude < 1e-9
    }

    /// The angle about the z axis, where the rotation is about that axis only.
    package static func yaw(_ quaternion: [Double]) -> (angle: Double, isLevel: Bool) {
        let angles = euler(quaternion)
        return (angles[2], angles[0].magnitude < 1e-6 && angles[1].magnitude < 1e-6)
    }
}
