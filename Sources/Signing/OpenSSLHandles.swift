import COpenSSL

/// The memory BIO that PEM and name functions write into or read from.
struct MemoryBIO: ~Copyable {
    let handle: OpaquePointer

    /// An empty one to write into.
    init() throws(SigningError) {
        guard let handle = BIO_new(BIO_s_mem()) else { throw .lastFailure(of: "allocate memory") }
        self.handle = handle
    }

    /// One that reads a copy of `text`.
    init(reading text: String) throws(SigningError) {
        var text = text
        let count = text.utf8.count
        guard let handle = BIO_new(BIO_s_mem()) else { throw .lastFailure(of: "allocate memory") }
        let written = text.withUTF8 { BIO_write(handle, $0.baseAddress, Int32(clamping: count)) }
        // Writing nothing reports a failure; an empty text is for the reader to refuse.
        guard count == 0 || Int(written) == count else {
            BIO_free(handle)
            throw .lastFailure(of: "allocate memory")
        }
        self.handle = handle
    }

    deinit { BIO_free(handle) }

    /// What was written so far.
    var text: String {
        var start: UnsafePointer<UInt8>?
        let count = cm_bio_memory(handle, &start)
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }
}

extension SigningError {
    /// The failure that OpenSSL reported last on this thread.
    static func lastFailure(of operation: String) -> SigningError {
        .openSSL(operation: operation, reason: lastReason())
    }

    /// OpenSSL's words for what failed last on this thread.
    static func lastReason() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard let words = ERR_reason_error_string(code) else { return "error \(code)" }
        return String(cString: words)
    }
}

/// The DER form of an object that a `i2d_…` function of OpenSSL writes.
func derBytes(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> [UInt8]? {
    let count = write(nil)
    guard count > 0 else { return nil }
    return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, initialized in
        var cursor = buffer.baseAddress
        initialized = Int(max(0, write(&cursor)))
    }
}
