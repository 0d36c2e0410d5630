import AnnotationModel
import LabelText

/// Hands out the ids that files gave, and to what has none the free numbers from 1 on.
struct COCONumbers {
    private var given: Set<Int64> = []
    private var taken: Set<FieldValue> = []
    private var last: Int64 = 0

    /// Keeps a number for the one that has it.
    mutating func reserve(_ number: Int64?) {
        if let number { given.insert(number) }
    }

    /// The id that is kept, unless another one has it, or else the next free number.
    mutating func take(_ kept: FieldValue?) -> FieldValue {
        switch kept {
        case .integer?, .text?:
            if let kept, taken.insert(kept).inserted { return kept }
        default: break
        }
        repeat { last += 1 } while given.contains(last)
        return .integer(last)
    }
}
