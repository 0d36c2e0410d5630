import AnnotationModel
import Foundation
import GRDB

/// `stage_state(fields, field)` in SQL: the name of the state that a row's fields hold for a stage; NULL if
/// they hold none.
enum StageFunction {
    static let name = "stage_state"

    /// Whether the item `i` is excluded: 0 or 1, never NULL.
    ///
    /// Of an item without fields the function is not asked, for each call costs.
    static let isExcluded =
        "(CASE WHEN coalesce(length(i.fields),0)=0 THEN 0 ELSE "
        + "\(name)(i.fields,\(ProcessingStage.filter.field.rawValue)) IS '\(StageState.excluded)' END)"

    static let function = DatabaseFunction(name, argumentCount: 2, pure: true) { values in
        guard let fields = Data.fromDatabaseValue(values[0]),
            let field = Int64.fromDatabaseValue(values[1]),
            let stage = StageTally.stageOfField[field]
        else { return nil }
        var scan = StageScan()
        try fields.withUnsafeBytes { try scan.read($0) }
        guard let place = scan.places[stage] else { return nil }
        let states = StageTally.stages[stage].states
        return place < states.count ? states[place] : ""
    }
}
