import AnnotationModel
import Foundation
import GRDB
import Provenance
import Signing

extension LabelStore {
    /// The sum over the rows as they stand, for comparison with the sum that is kept.
    ///
    /// - Parameter merging: Runs its argument with the dataset's merge, which knows the names.
    public func recomputedSum(
        _ dataset: DatasetID, merging: ((Merge) throws -> StateSum) throws -> StateSum
    ) throws -> StateSum {
        try merging { merge in
            guard let storage = merge.rows as? SQLiteLabelStorage else { return StateSum() }
            return try storage.sum(merge)
        }
    }
}

extension SQLiteLabelStorage {
    /// The sum over all rows of the dataset.
    func sum(_ merge: Merge) throws -> StateSum {
        var sum = StateSum()
        let numbers = merge.state.logs.keys.sorted()
        for number in numbers {
            try forEachEntry(of: number, from: 0) { index, row in
                let key = OperationKey(log: number, slot: Slot(entry: index, position: 0))
                if row.labelCount > 0 {
                    sum.add(try merge.element(ofEntry: key, row.leafHash))
                }
                return true
            }
            let uncounted = try keys("SELECT op FROM quarantine WHERE op>=? AND op<?", number)
            for key in uncounted.map({ OperationKey(packed: $0) }) where try labels.isAddition(key)
            {
                sum.add(try merge.element(notAdded: key))
            }
            for packed in try keys("SELECT key FROM touched WHERE key>=? AND key<?", number) {
                let key = OperationKey(packed: packed)
                guard let row = try annotation(key) else { continue }
                sum.add(try merge.element(of: row, key: key))
                try add(packed, &sum, merge)
            }
        }
        for id in try itemIDs() {
            guard let row = try item(id: id) else { continue }
            sum.add(try merge.element(of: row))
            for register in Merge.writes(ofBase: row) {
                sum.add(try merge.element(of: register, item: row.key))
            }
            if row.base == nil { try add(row.target, &sum, merge) }
        }
        return sum
    }

    private func add(_ target: Int64, _ sum: inout StateSum, _ merge: Merge) throws {
        for register in try registers(target) {
            sum.add(try merge.element(of: register, target: target))
        }
    }
}
