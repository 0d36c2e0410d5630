import Glibc
import LabelText

/// What an S3 store says in XML: errors and listings, read with limits.
enum S3Answer {
    /// An error has some hundred bytes; what stands before a store may send a page.
    static let errorBytesMax = 65_536
    /// A page of 1,000 names of 1 KiB each, escaped, with what is said of each.
    static let listingBytesMax = 8 << 20

    /// An error's code, and the region that it names, where it is in a store's form.
    static func error(_ body: [UInt8]) -> (code: String, region: String?) {
        guard body.count <= errorBytesMax, let tree = tree(body), tree.name == "Error" else {
            return ("", nil)
        }
        let code = tree.value("Code").flatMap { isWord($0) ? $0 : nil }
        let region = tree.value("Region").flatMap { isWord($0) ? $0 : nil }
        return (code ?? "", region)
    }

    /// The keys of a listing (ListObjectsV2), and where it goes on; nil for anything else.
    static func listing(_ body: [UInt8]) -> (keys: [String], next: String?)? {
        guard body.count <= listingBytesMax, let tree = tree(body), tree.name == "ListBucketResult"
        else { return nil }
        let isEscaped = tree.value("EncodingType") == "url"
        var keys: [String] = []
        for object in tree.children where object.name == "Contents" {
            guard let key = object.first("Key")?.text else { return nil }
            // A key that cannot be read is none of ours.
            if let name = isEscaped ? S3Location.decode(key) : key { keys.append(name) }
        }
        guard tree.value("IsTruncated") == "true" else { return (keys, nil) }
        guard let next = tree.value("NextContinuationToken"), next.utf8.count <= 8_192,
            next.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else { return nil }
        return (keys, next)
    }

    /// The moment that a Date header names (RFC 9110 §5.6.7, `Sun, 06 Nov 1994 08:49:37 GMT`), in Unix seconds.
    static func time(_ date: String?) -> Int64? {
        guard let date, date.utf8.count == 29, date.hasSuffix(" GMT") else { return nil }
        let parts = date.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        let numbers = ([parts[1], parts[3]] + clock).map { text -> Int32? in
            guard (2...4).contains(text.utf8.count),
                text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            return Int32(text)
        }
        guard numbers.count == 5, let day = numbers[0], let year = numbers[1],
            let hour = numbers[2],
            let minute = numbers[3], let second = numbers[4], year >= 1_970
        else { return nil }
        var time = tm()
        (time.tm_year, time.tm_mon, time.tm_mday) = (year - 1_900, Int32(month), day)
        (time.tm_hour, time.tm_min, time.tm_sec) = (hour, minute, second)
        return Int64(timegm(&time))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Whether a text is a short word that can stand in a message.
    private static func isWord(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && ObjectName.isOfNames(text) && !text.contains("/")
    }

    private static func tree(_ body: [UInt8]) -> XMLTree? {
        body.withUnsafeBytes { bytes in
            guard var scanner = try? XMLScanner(bytes, file: "answer"),
                case .start(let name, let attributes)? = try? scanner.next()
            else { return nil }
            return try? scanner.tree(name, attributes)
        }
    }
}
