import Synchronization

/// What a company's nodes have in common beside logs.
extension PostgresLogTable {
    /// Makes the table where a store was made before there were documents.
    private func requireDocuments() throws {
        if documentsAreThere.withLock({ $0 }) { return }
        try run { connection in
            if try connection.run(SQL.hasDocuments).truth(0, 0) { return }
            do {
                try connection.run(SQL.createDocuments)
            } catch PostgresFailure.refused(let state, _) where ["23505", "42P07"].contains(state) {
                // Somebody else makes it at this moment.
            }
        }
        documentsAreThere.withLock { $0 = true }
    }

    package func documents() throws -> [DocumentMark] {
        try requireDocuments()
        return try run { connection in
            let rows = try connection.run(
                SQL.documents,
                [
                    .number(Int64(SharedDocument.readMax) + 1),
                    .number(Int64(SharedDocument.nameBytesMax)),
                ])
            try SharedDocument.requireCount(rows.count, atMost: SharedDocument.readMax)
            return (0..<rows.count).map { row in
                DocumentMark(
                    name: rows.text(row, 0) ?? "", version: rows.number(row, 1) ?? 0,
                    signature: rows.bytes(row, 2) ?? [])
            }
        }
    }

    package func document(_ name: String) throws -> SharedDocument? {
        try requireDocuments()
        return try run { connection in
            let rows = try connection.run(
                SQL.document, [.text(name), .number(Int64(SharedDocument.bytesMax))])
            guard rows.count == 1 else { return nil }
            guard let bytes = rows.bytes(0, 1) else {
                throw SharedStoreError.tooLarge(
                    document: name, bytesMax: SharedDocument.bytesMax)
            }
            return SharedDocument(name: name, version: rows.number(0, 0) ?? 0, bytes: bytes)
        }
    }

    /// Puts one that is not there, if there is room.
    private func begin(
        _ connection: PostgresConnection, _ new: [PostgresValue?]
    ) throws -> PostgresRows {
        let count = try connection.run(SQL.countDocuments).number(0, 0) ?? 0
        try SharedDocument.requireCount(Int(count) + 1, atMost: SharedDocument.countMax)
        return try connection.run(SQL.beginDocument, new)
    }

    package func moveDocument(_ document: SharedDocument, from old: Int64?) throws -> Bool {
        try document.requireSize()
        try requireDocuments()
        let new: [PostgresValue?] = [
            .text(document.name), .number(document.version), .bytes(document.bytes),
        ]
        var isUnsure = false
        do {
            return try run { connection in
                try connection.run(SQL.begin)
                // Whoever takes the logs out waits for this, or this for that.
                try self.requireNotLeft(connection, SQL.notLeft)
                let rows =
                    if let old {
                        try connection.run(SQL.moveDocument, new + [.number(old)])
                    } else {
                        try self.begin(connection, new)
                    }
                if rows.changed == 1 {
                    isUnsure = true
                    try connection.run(SQL.commit)
                    isUnsure = false
                    _ = try? connection.run(SQL.tell)
                    return true
                }
                try connection.run(SQL.rollBack)
                guard isUnsure else { return false }
                // Lost before the answer, and tried again: the same bytes are there.
                let found = try connection.run(
                    SQL.document, [new[0], .number(Int64(SharedDocument.bytesMax))])
                guard found.number(0, 0) == document.version, found.bytes(0, 1) == document.bytes
                else { return false }
                return try connection.run(SQL.confirmDocument, [new[0]]).changed == 1
            }
        } catch let error as SharedStoreError {
            guard isUnsure else { throw error }
            throw SharedStoreError.unconfirmed(store: address.text, log: document.name)
        }
    }
}
