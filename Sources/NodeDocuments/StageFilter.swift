import AnnotationModel
import CountermarkNode
import PlainErrors

/// What `STAGE=STATE` asks for; `none` for no state.
///
/// - Throws: ``NodeError`` for a stage or a state that is none.
package func stageFilter(
    _ text: String
) throws -> (stage: ProcessingStage, state: String?) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let stage = ProcessingStage(name: parts[0]) else {
        let names = ProcessingStage.allCases.map(\.rawValue).joined(separator: ", ")
        throw NodeError(
            .usage, "--stage is STAGE=STATE with a stage of \(names)", hint: "")
    }
    if parts[1] == "none" { return (stage, nil) }
    guard stage.states.contains(parts[1]) else {
        throw NodeError(
            .usage,
            "the stage \(stage.rawValue) knows \(stage.states.joined(separator: ", ")), and none",
            hint: "")
    }
    return (stage, parts[1])
}
