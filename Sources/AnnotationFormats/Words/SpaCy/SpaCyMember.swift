import AnnotationModel

/// The members of spaCy's, Prodigy's and doccano's records.
///
/// What is not among them is kept under the prefix: of a record as a field of the item, of a span or a relation as an
/// attribute.
enum SpaCyMember {
    static let prefix = "spacy."
    static let metaPrefix = "spacy.meta."

    /// Those of a record; `tokens` are made of the text anew by whoever needs them.
    static let ofRecord: ByteSet = [
        "text", "data", "answer", "meta", "id", "spans", "entities", "label", "labels", "cats",
        "accept", "relations", "tokens", "annotator", "_annotator_id",
    ]

    /// Those of a span or a relation; numbers of tokens say what `start` and `end` say.
    static let ofLabel: ByteSet = [
        "id", "start", "end", "start_offset", "end_offset", "label", "type", "text", "quote",
        "score", "attributes", "token_start", "token_end", "head", "child", "head_span",
        "child_span", "from_id", "to_id",
    ]
}
