import AnnotationModel

/// The objects of the items that are being written, each with its parts.
final class VOCObjects {
    private struct Object {
        var body: [UInt8]
        var parts: [[UInt8]] = []
    }

    private struct Item {
        var objects: [Object] = []
        var numberByID: ByteMap<Int> = [:]
    }

    private var items: ByteMap<Item> = [:]

    /// Adds an object and returns its number.
    func add(_ body: [UInt8], id: String?, to item: String) -> String {
        items[item, default: Item()].objects.append(Object(body: body))
        let number = items[item]?.objects.count ?? 1
        if let id, items[item]?.numberByID[id] == nil { items[item]?.numberByID[id] = number }
        return String(number)
    }

    /// The number of an object that was known by an id.
    func number(of id: String, in item: String) -> Int? { items[item]?.numberByID[id] }

    /// Adds a part to its object and returns its number.
    func add(part body: [UInt8], of object: Int, in item: String) -> String {
        items[item]?.objects[object - 1].parts.append(body)
        return "\(object).\(items[item]?.objects[object - 1].parts.count ?? 1)"
    }

    /// The elements of an item, which are held no longer.
    func take(_ item: String) -> [[UInt8]] {
        (items.removeValue(forKey: item)?.objects ?? []).map { object in
            let parts = object.parts.flatMap { Self.element("part", $0) }
            return Self.element("object", object.body + parts)
        }
    }

    private static func element(_ name: String, _ body: [UInt8]) -> [UInt8] {
        Array("<\(name)>\n".utf8) + body + Array("</\(name)>\n".utf8)
    }
}
