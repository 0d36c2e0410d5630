import AnnotationFormats
import AnnotationModel
import AnnotationStore
import CompanyHome
import CountermarkNode
import Dispatch
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import PlainErrors
import Provenance
import Signing
import Synchronization

/// Shows items' files from a folder, each compared with what the dataset says of its bytes.
final class PageMedia: Sendable {
    private let folder: String?
    private let home: String
    /// Disks keep one thread waiting, and not those that answer.
    private let queue = DispatchQueue(label: "countermark.media", attributes: .concurrent)
    private let digests = Mutex<[MediaFile.Stamp: Digest]>([:])
    private static let digestsMax = 16_384
    /// The most pixels of a picture that a browser is given: each takes four bytes of its memory.
    private static let pixelsMax = 100_000_000
    /// How much of a file is read at once.
    private static let partBytes = 256 << 10

    init(_ folder: String?, _ home: Home) {
        self.folder = folder
        self.home = URL(fileURLWithPath: home.path).resolvingSymlinksInPath().path
    }

    /// What a dataset says of an item's file.
    struct Item: Sendable {
        let key: String
        let sha256: [UInt8]?
    }

    /// A dataset's item; nil where it has none of this key.
    static func item(_ key: String, _ dataset: DatasetID, _ node: Node) throws -> Item {
        try node.require(dataset)
        try node.catchUp(dataset)
        guard let item = try node.store.item(dataset, key: key) else {
            throw PageProblem(.notFound, "\(dataset) has no item \(key.prefix(200))")
        }
        var digest: [UInt8]?
        if case .bytes(let bytes)? = item.record.fields[Field.Known.sha256.name] { digest = bytes }
        return Item(key: key, sha256: digest)
    }

    /// A file that was found, and whether it is what the dataset says.
    private struct Found: Sendable {
        let file: MediaFile
        let digest: Digest
        let word: String
    }

    /// The file of an item, or the part that is asked for.
    func answer(_ item: Item, _ request: Request) async throws -> Response {
        guard let folder else {
            throw PageProblem(
                .noMedia, "this node shows no files",
                hint: "start countermark serve with --media DIR")
        }
        let found = try await working { try self.find(item, folder) }
        let size = found.file.stamp.size
        let tag = "\"\(found.digest.hex)\""
        var headers: HTTPFields = [
            .contentType: Self.type(of: item.key), .eTag: tag, .cacheControl: "private, no-cache",
            .acceptRanges: "bytes", .contentDisposition: "attachment",
            .contentSecurityPolicy: "default-src 'none'; sandbox", .countermarkMedia: found.word,
        ]
        if request.headers[.ifNoneMatch] == tag {
            return Response(status: .notModified, headers: headers)
        }
        var range = 0..<size
        var isPart = false
        if let text = request.headers[.range], request.headers[.ifRange] ?? tag == tag {
            switch Self.range(text, of: size) {
            case .whole: break
            case .part(let part): (range, isPart) = (part, true)
            case .none:
                throw PageProblem(.badRange, "the file has \(size) bytes, and not this part")
            }
        }
        if isPart {
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
        }
        return Response(
            status: isPart ? .partialContent : .ok, headers: headers,
            body: request.method == .head ? .init() : body(found.file, range))
    }

    private func body(_ file: MediaFile, _ range: Range<Int>) -> ResponseBody {
        ResponseBody(contentLength: range.count) { [self] writer in
            var place = range.lowerBound
            while place < range.upperBound {
                let (at, count) = (place, min(Self.partBytes, range.upperBound - place))
                let part = try await working { file.read(at, count) }
                // What was promised cannot be given: the connection ends, and the browser sees that.
                guard let part, file.isUnchanged else { throw CancellationError() }
                try await writer.write(ByteBuffer(bytes: part))
                place += count
            }
            try await writer.finish(nil)
        }
    }

    private func find(_ item: Item, _ folder: String) throws -> Found {
        let file = try MediaFile(item.key, below: folder, but: home)
        if let size = ImageHead.size(file.read),
            size.width.multipliedReportingOverflow(by: size.height).overflow
                || size.width * size.height > Self.pixelsMax
        {
            throw PageProblem(
                .pictureTooLarge,
                "\(item.key.prefix(200)) says that it has \(size.width) x \(size.height) pixels",
                hint: "a browser is given at most \(Self.pixelsMax / 1_000_000) megapixels")
        }
        guard let digest = digest(of: file) else {
            throw PageProblem(.noMedia, "the file is being changed", hint: "try again")
        }
        let word = item.sha256.map { $0 == digest.bytes ? "same" : "differs" } ?? "unregistered"
        return Found(file: file, digest: digest, word: word)
    }

    private func digest(of file: MediaFile) -> Digest? {
        if let known = digests.withLock({ $0[file.stamp] }) { return known }
        guard let digest = file.digest() else { return nil }
        digests.withLock { digests in
            if digests.count >= Self.digestsMax { digests.removeAll() }
            digests[file.stamp] = digest
        }
        return digest
    }

    private func working<R: Sendable>(
        _ body: @escaping @Sendable () throws -> R
    ) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }

    private enum Part {
        case whole
        case part(Range<Int>)
        case none
    }

    /// What `Range` asks for: one range of bytes; several are answered with the whole, as RFC 9110 allows.
    private static func range(_ text: String, of size: Int) -> Part {
        guard text.hasPrefix("bytes="), !text.contains(",") else { return .whole }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.allSatisfy(\.isNumber) }) else { return .whole }
        switch (Int(ends[0]), Int(ends[1])) {
        case (nil, nil): return .whole
        case (let first?, let last):
            let end = min(last ?? size - 1, size - 1)
            if let last, last < first { return .whole }
            return first <= end ? .part(first..<end + 1) : .none
        case (nil, let count?):
            return count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .none
        }
    }

    /// The content types that a browser shows; all else are bytes, also pages and drawings that may hold scripts.
    static func type(of key: String) -> String {
        switch key.split(separator: ".").last?.lowercased() {
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "gif": "image/gif"
        case "webp": "image/webp"
        case "bmp": "image/bmp"
        case "wav": "audio/wav"
        case "mp3": "audio/mpeg"
        case "flac": "audio/flac"
        case "ogg", "oga": "audio/ogg"
        case "mp4": "video/mp4"
        case "webm": "video/webm"
        case "txt": "text/plain; charset=utf-8"
        case "csv": "text/csv; charset=utf-8"
        case "json": "application/json"
        default: "application/octet-stream"
        }
    }
}
