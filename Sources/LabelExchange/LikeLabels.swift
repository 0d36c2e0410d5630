import AnnotationModel
import AnnotationStore

/// Counts what the files may say of labels that the dataset knows by other ids: another program numbers anew.
struct LikeLabels {
    private var renumbered = 0
    private var beside = 0
    private var first = ""
    private var firstBeside = ""

    /// Weighs a label that a record was matched with.
    mutating func weigh(_ label: LabelView, _ record: LabelRecord) {
        guard record.provenance == nil, let id = record.externalID,
            let own = label.fields[ImportStatement.externalID]?.textValue,
            !id.hasSameBytes(as: own), !ImportStatement.isPositional(id),
            !ImportStatement.isPositional(own)
        else { return }
        if renumbered == 0 { first = record.item }
        renumbered += 1
    }

    /// Weighs a record that is added, besides labels of its item that the files say nothing of.
    mutating func weigh(_ record: LabelRecord, besides labels: ItemLabels) {
        guard labels.holdNear(record) else { return }
        if beside == 0 { firstBeside = record.item }
        beside += 1
    }

    /// What a person should know.
    var notes: [String] {
        var notes: [String] = []
        if renumbered > 0 {
            notes.append(
                "\(renumbered) labels have other ids in the files than equal ones of the dataset, the first on "
                    + "\(first.prefix(120)); each is one label and keeps its id; if another person labelled, "
                    + "give --author NAME")
        }
        if beside > 0 {
            notes.append(
                "\(beside) labels are added where a label of the class lies almost, the first on "
                    + "\(firstBeside.prefix(120)); if they are the same ones, moved, import with --update"
            )
        }
        return notes
    }
}
