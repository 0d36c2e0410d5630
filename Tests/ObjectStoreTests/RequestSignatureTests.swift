import Signing
import Testing

@testable import ObjectStore

// The examples are Amazon's, with a key of no account: Amazon S3 API reference, "Signature Calculations for the
// Authorization Header: Transferring Payload in a Single Chunk (AWS Signature Version 4)",
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
@Suite("Requests are signed as Amazon's examples are")
struct RequestSignatureTests {
    struct Example: CustomTestStringConvertible {
        let title: String
        let method: String
        let path: String
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        var body = ""
        let signature: String

        var testDescription: String { title }
    }

    static let examples = [
        Example(
            title: "GET Object", method: "GET", path: "/test.txt",
            headers: [("Range", "bytes=0-9")],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Example(
            title: "PUT Object", method: "PUT", path: "/test$file.text",
            headers: [
                ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], body: "Welcome to Amazon S3.",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Example(
            title: "GET Bucket Lifecycle", method: "GET", path: "/", query: [("lifecycle", "")],
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Example(
            title: "GET Bucket (List Objects)", method: "GET", path: "/",
            query: [("prefix", "J"), ("max-keys", "2")],
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    private func credentials(token: String? = nil) throws -> S3Credentials {
        try S3Credentials(
            keyID: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            sessionToken: token, from: "test")
    }

    /// 2013-05-24T00:00:00Z.
    private let time: Int64 = 1_369_353_600

    @Test("the signature is the published one", arguments: examples)
    func published(_ example: Example) throws {
        let headers = try RequestSignature(credentials: credentials(), region: "us-east-1").headers(
            example.method, example.path, query: example.query,
            headers: example.headers + [("Host", "examplebucket.s3.amazonaws.com")],
            payload: SHA256Hasher.hash(Array(example.body.utf8)), at: .init(time))
        let authorization = try #require(headers.last { $0.0 == "authorization" }?.1)
        #expect(
            authorization.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            ))
        #expect(authorization.hasSuffix("Signature=\(example.signature)"))
    }

    /// "Examples of how to derive a signing key for Signature Version 4", AWS General Reference 1.0.
    @Test("the key of a day is the published one")
    func dayKey() throws {
        let credentials = try S3Credentials(
            keyID: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            sessionToken: nil,
            from: "test")
        let signature = RequestSignature(
            credentials: credentials, region: "us-east-1", service: "iam")
        #expect(
            try signature.key("20120215").hex
                == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d")
    }

    @Test("a session's token is sent and signed")
    func token() throws {
        let headers = try RequestSignature(
            credentials: credentials(token: "the/token=="), region: "r"
        )
        .headers(
            "GET", "/b/n", query: [], headers: [("host", "h")], payload: SHA256Hasher.hash([]),
            at: .init(time))
        #expect(headers.contains { $0 == ("x-amz-security-token", "the/token==") })
        let authorization = try #require(headers.last?.1)
        #expect(
            authorization.contains(
                "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"))
    }

    @Test("everything but the unreserved characters is escaped")
    func escaping() {
        #expect(RequestSignature.escape("aZ09-._~ /+é") == "aZ09-._~%20%2F%2B%C3%A9")
        #expect(RequestSignature.escape("/a b/c", keepingSlashes: true) == "/a%20b/c")
        #expect(RequestSignature.escape([("b", "="), ("a", "&")]) == "a=%26&b=%3D")
        #expect(S3Location.decode("aZ09-._~%20%2F%2b%C3%A9") == "aZ09-._~ /+é")
    }
}
