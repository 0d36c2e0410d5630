import AnnotationModel

extension Merge {
    /// Keeps an annotator's change to another organisation's annotation until somebody decides.
    func suggest(
        _ target: OperationKey, _ fields: FieldPairs, _ scope: OperationScope
    ) throws -> NotCounted? {
        guard try hasAnnotation(target) else { return .unknownTarget }
        var pairs = try written(fields, scope)
        pairs.sort { $0.field < $1.field }
        try storage.insertSuggestion(
            scope.key, SuggestionRow(target: target, fields: FieldList.encode(pairs)))
        try storage.touch(target.packed, scope.key)
        return .suggestion
    }

    /// A verdict on a suggestion.
    ///
    /// To accept is to write its values: the write stands under the acceptance, in the acceptance's causal
    /// context. So nothing is counted retroactively, and two acceptances are two writes of one value.
    /// Decisions may arrive in any order; a suggestion that anybody accepted is an accepted one.
    func decide(
        _ suggestion: SuggestionRow, _ operation: OperationKey, _ verdict: Verdict,
        _ scope: OperationScope
    ) throws -> NotCounted? {
        guard isOwner(scope, of: suggestion.target) || scope.role >= .reviewer else {
            return .notYoursToDecide
        }
        let next: SuggestionRow.State
        switch verdict {
        case .accept:
            let why = try set(suggestion.target, FieldList.decode(suggestion.fields), scope)
            if let why { return why }
            if suggestion.state != .accepted {
                try storage.release(operation)
                state.counts.quarantined -= 1
            }
            next = .accepted
        case .reject: next = .rejected
        case .needsWork: next = .pending
        }
        if verdict != .accept { try storage.touch(suggestion.target.packed, scope.key) }
        if next > suggestion.state { try storage.updateSuggestion(operation, next) }
        return nil
    }
}
