import CFileBirth

/// This start of the machine: which one it is, and how long ago.
public enum Uptime {
    /// Seconds since the machine started, sleep included; nobody sets this clock.
    public static var seconds: Int64 { Int64(countermark_uptime()) }

    /// What names this start; nil where the system does not say.
    public static var boot: String? {
        let bytes = try? DurableFile.readStream("/proc/sys/kernel/random/boot_id", max: 64)
        let name = String(decoding: bytes ?? [], as: UTF8.self).filter { $0 != "\n" }
        return name.isEmpty ? nil : name
    }
}
