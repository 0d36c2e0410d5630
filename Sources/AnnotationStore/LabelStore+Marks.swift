import AnnotationModel
import Foundation
import GRDB

extension LabelStore {
    /// A number that moves whenever another connection has changed the tables.
    public func changes() throws -> Int64 {
        try Self.translating("looking for changes") {
            try queue.unsafeReentrantRead {
                try version($0)
            }
        }
    }

    /// A mark for each dataset, which is another one after anything was stored or applied in it.
    public func marks() throws -> [DatasetID: String] {
        try Self.translating("looking for changes") {
            try queue.unsafeReentrantRead { db in
                let rows = try Row.fetchAll(
                    db.cachedStatement(
                        sql:
                            "SELECT d.name, hex(d.sum)||' '||d.operations||' '||d.quarantined||' '||"
                            + "coalesce(d.rebuild,-1)||' '||d.rebuilt||' '||coalesce(l.logs,'') AS mark "
                            + "FROM dataset d LEFT JOIN (SELECT dataset, count(*)||' '||sum(stored)||' '||"
                            + "sum(applied)||' '||sum(coalesce(forked,-1)) AS logs FROM log "
                            + "GROUP BY dataset) l ON l.dataset=d.id"))
                var marks: [DatasetID: String] = [:]
                for row in rows {
                    let name = Array(row["name"] as Data)
                    guard let dataset = Version.dataset(ofName: name) else { continue }
                    marks[dataset, default: ""] += row["mark"] as String
                }
                return marks
            }
        }
    }
}
