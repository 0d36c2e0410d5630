import CFileBirth
import Glibc

/// This start of the machine: which one it is, and how long ago.
public enum Uptime {
    /// Seconds since the machine started, sleep included; nobody sets this clock.
    public static var seconds: Int64 { Int64(countermark_uptime()) }

    /// What names this start, which no process outlives; nil where the system does not say.
    public static let boot: String? = {
        let bytes = try? DurableFile.readStream("/proc/sys/kernel/random/boot_id", max: 64)
        let name = String(decoding: bytes ?? [], as: UTF8.self).filter { $0 != "\n" }
        return name.isEmpty ? nil : name
    }()

    /// What names the mount of the disk that a folder lies on, as one process sees it with those beside it; nil
    /// where the system does not say.
    ///
    /// A disk that went back to a snapshot while the machine ran was mounted anew. Containers have mounts of their
    /// own, which say nothing of one another: so the name begins with the namespace.
    public static func mount(of folder: String) -> String? {
        let file = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var mount: UInt64 = 0
        var space = stat()
        guard countermark_file_mount(file, &mount) == 0, stat("/proc/self/ns/mnt", &space) == 0
        else { return nil }
        return "\(space.st_ino) \(mount)"
    }
}
