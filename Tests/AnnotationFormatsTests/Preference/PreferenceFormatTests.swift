import AnnotationFormats
import AnnotationModel
import LabelText
import Testing

@Suite("Formats of preferences and answers")
struct PreferenceFormatTests {
    static func read(_ text: String) throws -> Reading {
        try Reading("preference", text: text, name: "p.jsonl")
    }

    @Test("every shape of record becomes one preference over responses")
    func shapes() throws {
        let reading = try Self.read(
            #"""
            {"prompt":"p💩","chosen":"a","rejected":"b","rater":"ann","position":"left"}
            {"prompt":[{"role":"user","content":"p"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}
            {"chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"b"}]}
            {"chosen":"\n\nHuman: é?\n\nAssistant: yes","rejected":"\n\nHuman: é?\n\nAssistant: yet"}
            {"conversations":[{"from":"human","value":"p"}],"chosen":{"from":"gpt","value":"a"},"rejected":{"from":"gpt","value":"b"}}
            {"input":{"messages":[{"role":"user","content":"p"}],"tools":[],"parallel_tool_calls":true},"preferred_output":[{"role":"assistant","content":"a"}],"non_preferred_output":[{"role":"assistant","content":"b"}]}
            {"prompt":"p","completion":"a","label":false}
            {"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"a"}],"label":true}
            {"instruction":"i","input":"x","output":"a","system":"s"}
            {"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"a"}]}
            {"prompt":"p","responses":["a","b","c"],"ranking":[2,1,2]}
            {"prompt":"p","completion":"a","ratings":{"helpful":4,"safe":0.5}}
            {"prompt":"p","chosen":[{"role":"assistant","content":"","tool_calls":[]},{"role":"tool","content":"1"}],"rejected":"b"}
            """#)
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        let pair = Selector.preference([["a"], ["b"]])
        #expect(
            reading.labels.map(\.selector) == [
                pair, pair, pair, .preference([[" yes"], [" yet"]]), pair, pair,
                .preference([["a"]]), .preference([["a"]]), .preference([["a"]]),
                .preference([["a"]]), .preference([["b"], ["a", "c"]]), .preference([["a"]]),
                .preference([
                    [
                        #"[{"content":"","role":"assistant","tool_calls":[]},{"content":"1","role":"tool"}]"#
                    ], ["b"],
                ]),
            ])
        #expect(
            reading.labels.map(\.className) == Array(repeating: "preference", count: 6) + [
                "undesirable", "desirable", "answer", "answer", "ranking", "rating", "preference",
            ])
        #expect(reading.labels[0].author == "ann")
        #expect(reading.labels[0].attributes == ["position": .text("left")])
        #expect(reading.labels[0].externalID == "p/1#1")
        #expect(reading.labels[11].attributes["rating.helpful"] == .integer(4))
        func asks(_ name: String, _ text: String) -> Bool {
            reading.items.count { $0.fields[name] == .text(text) } == 1
        }
        #expect(asks("prompt", "\n\nHuman: é?\n\nAssistant:") && asks("system", "s"))
        let (files, report) = try written(
            "preference", items: reading.items, labels: reading.labels)
        #expect(report.losses.isEmpty, "\(report.losses)")
        let again = try Reading(
            "preference", files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(again.labels == reading.labels)
        #expect(again.items == reading.items)
    }

    @Test("records that are wrong are skipped where they stand")
    func skips() throws {
        let lines = [
            #"{"prompt":"p","chosen":"a"}"#, #"{"prompt":3,"chosen":"a","rejected":"b"}"#,
            #"{"chosen":"a","rejected":"b"}"#, #"{"prompt":"p","completion":"a","label":1}"#,
            #"{"prompt":"p","responses":["a"],"ranking":[1,2]}"#,
            #"{"prompt":"p","responses":["a"],"ranking":[0]}"#, "5", "{}",
            #"{"messages":[{"role":"user","content":"p"}]}"#,
            #"{"prompt":"p","completion":"a","ratings":{"x":"high"}}"#,
            #"{"item":"../p","prompt":"p","completion":"a"}"#,
            #"{"prompt":"p","chosen":{"x":1},"rejected":"b"}"#,
            #"{"prompt":"p","completion":"a","more":[[[[[[1]]]]]]}"#,
            "{\"prompt\":\"\(String(repeating: "x", count: 20_000))\",\"completion\":\"a\"}",
            "{\"prompt\":\"p\",\"completion\":\"\(String(repeating: "x", count: 60_000))\"}",
        ]
        let reading = try Self.read(lines.joined(separator: "\n"))
        #expect(reading.labels.isEmpty)
        #expect(reading.skips.map(\.place) == lines.indices.map { "p.jsonl, line \($0 + 1)" })
        let other = try Self.read(
            #"{"item":"k","prompt":"p","completion":"a"}"# + "\n"
                + #"{"item":"k","prompt":"q","completion":"a"}"#)
        #expect(other.labels.map(\.externalID) == ["k#1"])
        #expect(other.skips.map(\.place) == ["p.jsonl, line 2"])
        for bad in ["{\"a\":1,\"a\":2}", "{\"a\":NaN}", "{\"a\":", "[{}", "\"\\ud800\""] {
            #expect(formatError("preference", bad, name: "p.jsonl") != nil)
        }
    }

    @Test("what pairs, judgements and answers cannot carry is named")
    func losses() throws {
        let item = ItemRecord(key: "p", fields: ["prompt": .text("p")])
        let labels = [
            LabelRecord(item: "p", className: "preference", selector: .preference([["a"], ["b"]])),
            LabelRecord(item: "p", className: "preference", selector: .preference([["a", "b"]])),
            LabelRecord(item: "p", className: "desirable", selector: .preference([["a"]])),
            LabelRecord(item: "p", className: "answer", selector: .preference([["a"]])),
            LabelRecord(item: "q", className: "answer", selector: .preference([["a"]])),
            LabelRecord(item: "p", className: "x", selector: .wholeItem),
        ]
        for (format, count) in [("preference", 4), ("dpo", 1), ("kto", 1), ("alpaca", 1)] {
            let (files, report) = try written(format, items: [item], labels: labels)
            #expect(report.annotations == count, "\(format)")
            #expect(report.skipped == labels.count - count, "\(format)")
            let text = String(decoding: files.values.first ?? [], as: UTF8.self)
            #expect(text.split(separator: "\n").count == count)
            let reading = try Self.read(text)
            #expect(reading.labels.count == count)
        }
        let (files, _) = try written("alpaca", items: [item], labels: [labels[3]])
        #expect(
            String(decoding: files["alpaca.jsonl"] ?? [], as: UTF8.self)
                == #"{"input":"","instruction":"p","item":"p","output":"a"}"# + "\n")
    }

    @Test("conversations beside their question as a text stay conversations")
    func questionsBeside() throws {
        let user = "{\"content\": \"hi\", \"role\": \"user\"}"
        let said = { (text: String) in
            "[\(user), {\"content\": \"\(text)\", \"role\": \"assistant\"}]"
        }
        for (prompt, isKept) in [("hi", false), ("p3", true)] {
            let reading = try Self.read(
                "{\"prompt\": \"\(prompt)\", \"chosen\": \(said("x")), \"rejected\": \(said("y"))}")
            let label = try #require(reading.labels.first)
            #expect(label.selector == .preference([["x"], ["y"]]))
            #expect((label.attributes["prompt"] == .text(prompt)) == isKept)
            let (files, report) = try written("dpo", items: reading.items, labels: reading.labels)
            #expect(report.losses.isEmpty)
            let json = try JSONValue(parsing: try #require(files.sortedByKey().first?.value))
            #expect(json["prompt"] == .array([try JSONValue(parsing: user)]))
            for (name, text) in [("chosen", "x"), ("rejected", "y")] {
                #expect(json[name]?.array?.count == 1)
                #expect(json[name]?.array?.first?["content"]?.string == text)
            }
        }
        let same = try Self.read(
            "{\"prompt\": \"hi\", \"chosen\": \(said("x")), \"rejected\": \(said("x"))}")
        #expect(same.labels.isEmpty && same.skips.count == 1)
        // Two messages after a question that is a text.
        let several =
            "[{\"content\": \"a\", \"role\": \"assistant\"}, {\"content\": \"b\", \"role\": \"tool\"}]"
        let tools = try Self.read(
            "{\"prompt\": \"hi\", \"chosen\": \(several), \"rejected\": \"no\"}")
        let (files, _) = try written("dpo", items: tools.items, labels: tools.labels)
        let json = try JSONValue(parsing: try #require(files.sortedByKey().first?.value))
        #expect(json["chosen"]?.array?.count == 2)
        #expect(json["rejected"]?.string == "no")
    }

    @Test("a conversation goes on with messages that have its members")
    func conversations() throws {
        for (start, line) in [
            (
                #"{"prompt":[{"role":"user","content":"p"}],"#,
                #""chosen":[{"content":"a","role":"assistant"}]"#
            ),
            (
                #"{"conversations":[{"from":"human","value":"p"}],"#,
                #""chosen":[{"from":"gpt","value":"a"}]"#
            ),
        ] {
            let message = #"{"content":"b","role":"assistant"}"#
            let several = "[\(message),\(message)]"
            let record = start + #""chosen":"a","rejected":"# + several + "}\n"
            let reading = try Self.read(record)
            let (files, _) = try written("dpo", items: reading.items, labels: reading.labels)
            let text = String(decoding: files["dpo.jsonl"] ?? [], as: UTF8.self)
            #expect(text.contains(line), "\(text)")
            #expect(text.contains(#""rejected":"# + several), "\(text)")
            #expect(try Self.read(text).labels == reading.labels)
        }
        let turns = #"{"content":"p","role":"user"},{"content":"a","role":"assistant"}"#
        let answered = #"{"messages":["# + turns + "]}"
        let reading = try Self.read(answered)
        let (files, _) = try written("preference", items: reading.items, labels: reading.labels)
        let text = String(decoding: files["preference.jsonl"] ?? [], as: UTF8.self)
        #expect(text.contains(answered.dropFirst().dropLast()), "\(text)")
        #expect(try Self.read(text).labels == reading.labels)
        let (_, report) = try written("alpaca", items: reading.items, labels: reading.labels)
        #expect(report.skipped == 1)
    }

    @Test(
        "real pairs, judgements and answers come in completely and go out and in again",
        .enabled(if: SharedFiles.exists(SharedFiles.root + "/data/llm-preference")),
        arguments: [
            ("dpo_en_demo", "dpo", 60), ("dpo_zh_demo", "dpo", 60), ("kto_en_demo", "kto", 60),
            ("alpaca_zh_demo", "alpaca", 60),
        ])
    func real(_ name: String, _ format: String, _ count: Int) throws {
        let path = SharedFiles.root + "/data/llm-preference/\(name).json"
        let reading = try Reading(format, [InputFile(path: path)])
        #expect(reading.labels.count + reading.skips.count == count)
        #expect(reading.skips.isEmpty, "\(reading.firstSkip)")
        let (files, report) = try written(format, items: reading.items, labels: reading.labels)
        #expect(report.losses.isEmpty, "\(report.losses)")
        let again = try Reading(format, files.map { InputFile(name: $0.key, bytes: $0.value) })
        #expect(again.labels == reading.labels)
        #expect(again.items == reading.items)
    }
}
