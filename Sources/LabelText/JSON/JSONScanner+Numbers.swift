/// A JSON number: whole if it was written without point and exponent.
public enum JSONNumber: Hashable, Sendable {
    case integer(Int64)
    case double(Double)
}

extension JSONScanner {
    /// Reads a number.
    public mutating func number() throws(JSONError) -> JSONNumber {
        let decimal = try decimal()
        guard decimal.isWhole else { return .double(try double(decimal)) }
        guard let value = decimal.integer else {
            throw JSONError(.integerOverflow, at: decimal.start)
        }
        return .integer(value)
    }

    /// Reads a number; one beyond 64 bits as its digits where they are kept.
    package mutating func numberValue() throws(JSONError) -> JSONValue {
        let decimal = try decimal()
        guard decimal.isWhole else { return .double(try double(decimal)) }
        if let value = decimal.integer { return .integer(value) }
        guard keepsLargeIntegers else { throw JSONError(.integerOverflow, at: decimal.start) }
        return .string(
            String(
                decoding: UnsafeRawBufferPointer(rebasing: bytes[decimal.start..<decimal.end]),
                as: UTF8.self))
    }

    /// Reads an identifier: a whole number, or a text, or the digits of a number beyond 64 bits.
    @inline(__always)
    package mutating func identifier() throws(JSONError) -> (number: Int64?, text: String?) {
        if try peek() == .string { return (nil, try string()) }
        let decimal = try decimal()
        if let value = decimal.integer { return (value, nil) }
        if decimal.isWhole {
            let digits = UnsafeRawBufferPointer(rebasing: bytes[decimal.start..<decimal.end])
            return (nil, String(decoding: digits, as: UTF8.self))
        }
        let value = try double(decimal)
        guard value.magnitude < 0x1p53, let whole = Int64(exactly: value) else {
            throw JSONError(
                .wrongKind(expected: "a whole number or a text", found: .number),
                at: decimal.start)
        }
        return (whole, nil)
    }

    /// Reads a number as the nearest double.
    @inline(__always)
    public mutating func double() throws(JSONError) -> Double {
        try double(try decimal())
    }

    /// Reads a whole number; `12.0` and `1.2e1` are taken too, since some programs write ids so.
    @inline(__always)
    public mutating func integer() throws(JSONError) -> Int64 {
        let decimal = try decimal()
        if let value = decimal.integer { return value }
        guard !decimal.isWhole else { throw JSONError(.integerOverflow, at: decimal.start) }
        let value = try double(decimal)
        guard value.magnitude < 0x1p53, let whole = Int64(exactly: value) else {
            throw JSONError(
                .wrongKind(expected: "a whole number", found: .number), at: decimal.start)
        }
        return whole
    }

    /// Passes over a number and checks that it is one that could be read.
    package mutating func checkNumber() throws(JSONError) {
        let decimal = try decimal()
        if !decimal.isWhole, decimal.exponent > 280 { _ = try double(decimal) }
    }

    @inline(__always)
    private func double(_ decimal: DecimalNumber) throws(JSONError) -> Double {
        if let value = decimal.fastDouble { return value }
        return try slowDouble(decimal)
    }

    @inline(never)
    private func slowDouble(_ decimal: DecimalNumber) throws(JSONError) -> Double {
        let text = String(
            decoding: UnsafeRawBufferPointer(rebasing: bytes[decimal.start..<decimal.end]),
            as: UTF8.self)
        guard let value = Double(text) else { throw JSONError(.badNumber, at: decimal.start) }
        guard value.isFinite else { throw JSONError(.numberOverflow, at: decimal.start) }
        return value
    }

    /// Reads the digits of a number by the grammar of RFC 8259 §6.
    @inline(__always)
    private mutating func decimal() throws(JSONError) -> DecimalNumber {
        var byte = try nextByte()
        var number = DecimalNumber()
        number.start = position
        var index = position
        if byte == UInt8(ascii: "-") {
            number.isNegative = true
            index &+= 1
            byte = index < bytes.count ? bytes[index] : 0
        }
        guard byte &- 0x30 < 10 else { throw notANumber(number, at: index) }
        if byte == 0x30 {
            index &+= 1
            if index < bytes.count, bytes[index] &- 0x30 < 10 {
                throw JSONError(.badNumber, at: number.start)
            }
        } else {
            readDigits(&number, &index, areFraction: false)
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            number.isWhole = false
            index &+= 1
            let first = index
            readDigits(&number, &index, areFraction: true)
            if index == first { throw JSONError(.badNumber, at: number.start) }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            try readExponent(&number, &index)
        }
        guard index - number.start <= Self.numberBytesMax else {
            throw JSONError(
                .tooLong(what: "a number", limit: Self.numberBytesMax), at: number.start)
        }
        number.end = index
        position = index
        return number
    }

    @inline(__always)
    private func readDigits(_ number: inout DecimalNumber, _ index: inout Int, areFraction: Bool) {
        while index < bytes.count {
            let digit = bytes[index] &- 0x30
            if digit >= 10 { return }
            // Nineteen digits always fit 64 bits.
            if number.digits < 1_000_000_000_000_000_000 {
                number.digits = number.digits &* 10 &+ UInt64(digit)
                if areFraction { number.exponent &-= 1 }
            } else {
                number.isCut = true
                if !areFraction { number.exponent &+= 1 }
            }
            index &+= 1
        }
    }

    private func readExponent(
        _ number: inout DecimalNumber, _ index: inout Int
    ) throws(JSONError) {
        number.isWhole = false
        index += 1
        var isNegative = false
        if index < bytes.count,
            bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")
        {
            isNegative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        let first = index
        var exponent = 0
        while index < bytes.count, bytes[index] &- 0x30 < 10 {
            // Beyond this no double is finite or other than zero, whatever the digits.
            if exponent < 100_000 { exponent = exponent * 10 + Int(bytes[index] - 0x30) }
            index += 1
        }
        if index == first { throw JSONError(.badNumber, at: number.start) }
        number.exponent += isNegative ? -exponent : exponent
    }

    private mutating func notANumber(_ number: DecimalNumber, at index: Int) -> JSONError {
        if index < bytes.count,
            bytes[index] == UInt8(ascii: "N") || bytes[index] == UInt8(ascii: "I")
        {
            return JSONError(.notFinite, at: number.start)
        }
        if number.isNegative { return JSONError(.badNumber, at: number.start) }
        do {
            return try misfit("a number")
        } catch {
            return error
        }
    }
}
