import Foundation
import Testing

@testable import ObjectStore

@Suite("URLs and keys of object stores")
struct S3LocationTests {
    @Test("a URL says where, and what it leaves out is Amazon's")
    func reading() throws {
        let amazon = try S3Location("s3://my-bucket")
        #expect(amazon.authority == "s3.us-east-1.amazonaws.com" && amazon.port == 443)
        #expect(amazon.isSecure && amazon.prefix.isEmpty && amazon.region == "us-east-1")
        let own = try S3Location(
            "s3://labels.acme/logs/v1/?endpoint=https://store.example:9000/&region=eu-1&ca=/etc/my%20ca.pem"
                + "&credentials=/run/keys")
        #expect(own.bucket == "labels.acme" && own.prefix == "logs/v1")
        #expect(own.authority == "store.example:9000" && own.region == "eu-1")
        #expect(own.authoritiesFile == "/etc/my ca.pem" && own.credentialsFile == "/run/keys")
        #expect(own.place == "s3://labels.acme/logs/v1 at https://store.example:9000")
        #expect(
            try S3Location("s3://abc?endpoint=https://[2001:db8::1]:8443").authority
                == "[2001:db8::1]:8443")
        #expect(try S3Location("s3://abc?endpoint=https://[2001:db8::1]").host == "2001:db8::1")
    }

    @Test("http is taken on this machine, and elsewhere where it is asked for")
    func clear() throws {
        for host in ["localhost", "127.0.0.1", "127.3.2.1:9", "[::1]:80"] {
            #expect(try !S3Location("s3://abc?endpoint=http://\(host)").isSecure)
        }
        for host in [
            "store.example", "127.0.0.1.example", "10.0.0.1", "127.0.0", "localhost.example",
            "[::2]",
        ] {
            #expect(throws: ObjectStoreError.self) {
                try S3Location("s3://abc?endpoint=http://\(host)")
            }
            #expect(try !S3Location("s3://abc?endpoint=http://\(host)&insecure=yes").isSecure)
        }
    }

    @Test(
        "what is no URL of a store is refused, and no word of it repeated",
        arguments: [
            "", "s3:/abc", "https://abc", "s3://", "s3://ab", "s3://Abc", "s3://a..b", "s3://-abc",
            "s3://abc/a//b",
            "s3://abc/../x", "s3://abc/%20", "s3://abc?", "s3://abc?endpoint", "s3://abc?endpoint=",
            "s3://abc?endpoint=ftp://h", "s3://abc?endpoint=https://h/path",
            "s3://abc?endpoint=https://h:0",
            "s3://abc?endpoint=https://h:65536", "s3://abc?endpoint=https://h:08",
            "s3://abc?endpoint=https://",
            "s3://abc?endpoint=https://[::1", "s3://abc?endpoint=https://[x]:1", "s3://abc?region=",
            "s3://abc?region=EU", "s3://abc?region=a&region=b", "s3://abc?ca=%zz",
            "s3://abc?ca=%0a", "s3://abc?ca=%f",
            "s3://abc?endpoint=http://127.0.0.1&ca=/x",
            "s3://abc?endpoint=http://127.0.0.1&insecure=no",
            "s3://abc?access_key=SECRET", "s3://abc?AWS_SECRET_ACCESS_KEY=SECRET",
            "s3://KEY:SECRET@abc",
            "s3://abc?endpoint=https://KEY:SECRET@h", "s3://abc?ca=/tmp/\u{e4}", "s3://abc?ca=/a b",
            "s3://abc#SECRET", "s3://abc?region=a;SECRET",
            "s3://abc/" + String(repeating: "p", count: 5_000),
        ])
    func refused(_ url: String) {
        let usable = url == "s3://abc?" ? "s3://abc?x" : url
        #expect {
            _ = try S3Location(usable)
        } throws: { error in
            guard case .invalidURL = error as? ObjectStoreError else { return false }
            return !"\(error)".contains("SECRET")
        }
    }

    @Test(
        "what is no name of an object is refused",
        arguments: [
            "", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a b", "a%20b", "ä", "a\nb",
            "a?b", "a+b", "a.tmp",
            "a.tmp/b", String(repeating: "a", count: 201),
            String(repeating: "a/", count: 256) + "a",
        ])
    func names(_ text: String) {
        #expect(throws: ObjectStoreError.self) { try ObjectName(text) }
    }

    @Test("keys come from the environment, or from the file that the URL names")
    func keys() throws {
        let location = try S3Location("s3://abc")
        let environment = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "se/cr+et"]
        let keys = try S3CredentialsSource(for: location, environment: environment).read()
        #expect(keys.keyID == "id" && keys.secret == "se/cr+et" && keys.sessionToken == nil)
        #expect(throws: ObjectStoreError.noKeys) {
            try S3CredentialsSource(for: location, environment: ["AWS_ACCESS_KEY_ID": "id"])
        }
        for (id, secret) in [("", "s"), ("i/d", "s"), ("id", ""), ("id", "a b"), ("i\nd", "s")] {
            #expect(throws: ObjectStoreError.self) {
                try S3CredentialsSource(
                    for: location,
                    environment: ["AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret])
            }
        }
    }

    @Test("a file of keys is read as Amazon's tools write it, anew for each request")
    func file() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/keys"
        let location = try S3Location("s3://abc?credentials=\(path)")
        #expect(throws: ObjectStoreError.self) {
            try S3CredentialsSource(for: location, environment: [:])
        }
        try Self.write(
            """
            # A remark.
            [other]
            aws_access_key_id = wrong
            [default]
            aws_access_key_id = id
              AWS_Secret_Access_Key=se=cret
            aws_session_token = token
            region = eu
            """, to: path, mode: 0o600)
        // The file goes before the environment.
        let source = try S3CredentialsSource(
            for: location,
            environment: ["AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"])
        let keys = try source.read()
        #expect(keys.keyID == "id" && keys.secret == "se=cret" && keys.sessionToken == "token")
        try Self.write("aws_access_key_id=new\naws_secret_access_key=s\n", to: path, mode: 0o600)
        #expect(try source.read().keyID == "new")
        for (text, mode) in [
            ("aws_access_key_id=new\naws_secret_access_key=s\n", 0o640 as mode_t),
            ("aws_access_key_id=new\naws_secret_access_key=s\n", 0o604), ("", 0o600),
            ("aws_access_key_id=new\nSECRET", 0o600), ("aws_access_key_id=new", 0o600),
            (String(repeating: "#\n", count: 40_000), 0o600),
        ] {
            try Self.write(text, to: path, mode: mode)
            #expect {
                _ = try source.read()
            } throws: { error in
                guard case .unusableKeys = error as? ObjectStoreError else { return false }
                return !"\(error)".contains("SECRET")
            }
        }
    }

    @Test("a secret is in no description of what holds it")
    func hidden() throws {
        let keys = try S3Credentials(
            keyID: "id", secret: "hushhush", sessionToken: "tokentoken", from: "test")
        var dumped = ""
        dump(S3CredentialsSource.fixed(keys), to: &dumped)
        dump(RequestSignature(credentials: keys, region: "r"), to: &dumped)
        dumped += "\(keys) \(S3CredentialsSource.fixed(keys)) \(String(reflecting: keys))"
        #expect(!dumped.contains("hush") && !dumped.contains("tokentoken"))
    }

    private static func write(_ text: String, to path: String, mode: mode_t) throws {
        unlink(path)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        chmod(path, mode)
    }
}
