import AnnotationModel
import LabelSchema
import LabelText
import Testing

@testable import AnnotationFormats

@Suite("Laws of label schemas")
struct SchemaLawTests {
    /// Schemas by chance, none of which contradicts itself.
    struct RandomSchema {
        var random: SeededGenerator

        mutating func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int.random(in: 0..<elements.count, using: &random)]
        }

        mutating func maybe<Element>(_ element: @autoclosure () -> Element) -> Element? {
            Bool.random(using: &random) ? element() : nil
        }

        mutating func schema() -> LabelSchema {
            var schema = LabelSchema()
            schema.title = pick(["", "Boards", "A \"title\" with 🛠 and \\ and \n"])
            let count = Int.random(in: 0...6, using: &random)
            if Bool.random(using: &random) {
                schema.classes = (0..<count).map { labelClass($0) }
                if count > 0 {
                    schema.mappings = ["old/one": "c0", "old two": "old/one", "é": "c0"]
                }
            }
            if Bool.random(using: &random) {
                schema.attributes = (0..<Int.random(in: 0...4, using: &random)).map {
                    attribute("a\($0)")
                }
                if count > 0, schema.classes != nil, schema.attributes?.isEmpty == false {
                    schema.attributes?[0].classes = maybe(["c0"])
                }
            }
            schema.allowsOtherAttributes = Bool.random(using: &random)
            if Bool.random(using: &random) {
                schema.selectors = [
                    .init(mediaType: "image/png", selectors: kinds()),
                    .init(mediaType: "image/*", selectors: kinds()),
                    .init(mediaType: "*/*", selectors: kinds()),
                ]
            }
            return schema
        }

        mutating func kinds() -> [Selector.Kind] {
            Array(Selector.Kind.allCases.shuffled(using: &random).prefix(3))
        }

        mutating func labelClass(_ index: Int) -> LabelClass {
            var entry = LabelClass(name: "c\(index)")
            if index > 0, Bool.random(using: &random) { entry.parent = "c\(index - 1)" }
            entry.isAbstract = (Int.random(in: 0..<4, using: &random) == 0)
            entry.synonyms = pick([[], ["s\(index)", "t\(index)"]])
            entry.color = pick(["", "#00ff7f"])
            entry.description = pick(["", "What is\tmeant"])
            entry.keypoints = pick([[], ["nose", "tail", "eye"]])
            if !entry.keypoints.isEmpty { entry.skeleton = pick([[], [[1, 2], [2, 3]]]) }
            entry.selectors = Bool.random(using: &random) ? kinds() : nil
            if (Int.random(in: 0..<3, using: &random) == 0) {
                entry.attributes = [attribute("own"), attribute("a0")]
            }
            return entry
        }

        mutating func attribute(_ name: String) -> AttributeDefinition {
            var found = AttributeDefinition(
                name: name, type: pick(AttributeDefinition.ValueType.allCases))
            found.isRequired = (Int.random(in: 0..<3, using: &random) == 0)
            found.description = pick(["", "d"])
            switch found.type {
            case .bool: break
            case .text: found.permitted = maybe(["low", "high", ""])
            case .integer:
                found.unit = pick(["", "µm"])
                (found.minimum, found.maximum) = (maybe(-2), maybe(.integer(.max)))
                found.permitted = maybe([0, 7])
            case .float:
                (found.minimum, found.maximum) = (maybe(-0.5), maybe(1e300))
                found.permitted = maybe([0.25, 3, 1e-9])
            }
            return found
        }
    }

    @Test("what was written reads back as the same, and is written the same")
    func roundTrip() throws {
        for seed in 0..<2_000 {
            var random = RandomSchema(random: SeededGenerator(seed: UInt64(seed)))
            let schema = random.schema()
            let text = schema.text
            let read = try LabelSchema(parsing: text)
            #expect(read == schema, "seed \(seed)")
            #expect(read.text == text, "seed \(seed)")
            #expect(try LabelSchema(parsing: schema.textInLines) == schema, "seed \(seed)")
            #expect(!text.contains("\n"), "seed \(seed)")
        }
    }

    @Test("a schema that was cut or changed in one byte is refused or reads back as what it says")
    func mutations() throws {
        var random = RandomSchema(random: SeededGenerator(seed: 77))
        var accepted = 0
        for _ in 0..<300 {
            let bytes = Array(random.schema().textInLines.utf8)
            for _ in 0..<20 {
                var changed = bytes
                let place = Int.random(in: 0..<bytes.count, using: &random.random)
                if Int.random(in: 0..<3, using: &random.random) == 0 {
                    changed.removeSubrange(place...)
                } else {
                    changed[place] = UInt8.random(in: 0x20...0x7e, using: &random.random)
                }
                do throws(SchemaError) {
                    let read = try LabelSchema(parsing: changed)
                    accepted += 1
                    #expect(try LabelSchema(parsing: read.text) == read)
                } catch {
                    #expect(error.position.offset <= changed.count)
                }
            }
        }
        #expect(accepted > 100)
    }
}
