import CPageFiles
import HTTPTypes
import Hummingbird
import NIOCore
import Signing

/// The page's own files, which the program holds.
package enum PageFiles {
    /// A file by its name.
    package struct File: Sendable {
        package let name: String
        package let bytes: ByteBuffer
        let type: String
        let tag: String
    }

    /// All of them.
    package static let all: [File] = (0..<cm_page_file_count).compactMap { index in
        guard let list = cm_page_file(index), let name = list.pointee.name else { return nil }
        let bytes = UnsafeRawBufferPointer(start: list.pointee.bytes, count: list.pointee.count)
        let text = String(cString: name)
        return File(
            name: text, bytes: ByteBuffer(bytes: bytes), type: type(of: text),
            tag: "\"\(SHA256Hasher.hash(bytes).hex.prefix(32))\"")
    }

    /// What describes the API.
    static let description = ByteBuffer(
        bytes: UnsafeRawBufferPointer(
            start: cm_page_description(), count: cm_page_description_count))

    private static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "json": "application/json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "woff2": "font/woff2"
        default: "application/octet-stream"
        }
    }

    static func add(to router: Router<PageContext>) {
        for file in all {
            let answer: @Sendable (Request) -> Response = { request in
                let headers: HTTPFields = [
                    .contentType: file.type, .eTag: file.tag, .cacheControl: "no-cache",
                ]
                if request.headers[.ifNoneMatch] == file.tag {
                    return Response(status: .notModified, headers: headers)
                }
                return Response(
                    status: .ok, headers: headers, body: .init(byteBuffer: file.bytes))
            }
            router.get(RouterPath("/\(file.name)")) { request, _ in answer(request) }
            if file.name == "index.html" { router.get("/") { request, _ in answer(request) } }
        }
    }
}
