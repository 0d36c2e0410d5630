import Foundation
import LabelDocuments
import LabelText
import Testing

/// Whether each member of each document may be null or absent, as its type says: what the API's description is made of.
///
/// Examples alone do not say it of what stands in lists.
@Suite("Members of documents")
struct MemberTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Members/members.txt")

    /// What a member may be.
    private enum State: String {
        case value, null, absent
    }

    @Test("are null or absent where their types say so")
    func members() throws {
        var found: [String: State] = [:]
        for example in Example.all {
            let name = "\(type(of: example.document))"
            Self.look(at: example.document, "", of: name, &found)
        }
        let text = found.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value.rawValue)\n" }.joined()
        if ProcessInfo.processInfo.environment["COUNTERMARK_RENEW_DOCS"] == "1" {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        #expect(
            try text == String(contentsOf: Self.file, encoding: .utf8),
            "COUNTERMARK_RENEW_DOCS=1 swift test --filter MemberTests writes it anew")
        #expect(found["ItemListDocument items[].group"] == .null)
        #expect(found["ItemListDocument items[].key"] == .value)
        #expect(found["HistoryDocument next"] == .absent)
    }

    private static func look(
        at value: Any, _ path: String, of name: String, _ found: inout [String: State]
    ) {
        // What it holds is whatever somebody has written.
        if value is JSONValue { return }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            if let inner = mirror.children.first { look(at: inner.value, path, of: name, &found) }
        case .collection, .set:
            for child in mirror.children { look(at: child.value, path + "[]", of: name, &found) }
        case .struct:
            for child in mirror.children {
                guard var label = child.label else { continue }
                let inner = Mirror(reflecting: child.value)
                let isOmitted = "\(type(of: child.value))".hasPrefix("OmittedIfNil<")
                if isOmitted { label = String(label.dropFirst()) }
                let member = path.isEmpty ? label : "\(path).\(label)"
                found["\(name) \(member)"] =
                    isOmitted ? .absent : inner.displayStyle == .optional ? .null : .value
                let content = isOmitted ? inner.children.first?.value ?? child.value : child.value
                look(at: content, member, of: name, &found)
            }
        default: break
        }
    }
}
