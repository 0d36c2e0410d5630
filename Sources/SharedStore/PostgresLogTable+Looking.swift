extension PostgresLogTable {
    package func server() throws -> StoreServer? {
        try run { try server($0) }
    }

    /// The server that answers on a connection.
    func server(_ connection: PostgresConnection) throws(PostgresFailure) -> StoreServer? {
        do throws(PostgresFailure) {
            let rows = try connection.run(SQL.server)
            guard let name = rows.text(0, 0), let position = rows.number(0, 1) else { return nil }
            return StoreServer(name: name, position: position)
        } catch {
            if case .refused = error, !error.isPassing { return nil }
            throw error
        }
    }

    package func examine() throws -> [StoreFinding] {
        try run { connection in
            var found = [
                StoreFinding(
                    "server", true,
                    "PostgreSQL \(connection.serverVersion)"
                        + (connection.isEncrypted ? ", over TLS" : ", not encrypted"))
            ]
            found.append(
                StoreFinding(
                    "way", !self.address.isOpenOnNetwork,
                    self.address.isOpenOnNetwork
                        ? "the server's certificate is not checked"
                        : "it is this machine, or checked in full",
                    hint: self.address.isOpenOnNetwork
                        ? "leave sslmode out, or say sslmode=verify-full" : ""))
            let rows = try connection.run(SQL.settings)
            let (fsync, synchronous) = (rows.text(0, 0) ?? "", rows.text(0, 1) ?? "")
            let isDurable = fsync == "on" && synchronous != "off"
            found.append(
                StoreFinding(
                    "durability", isDurable,
                    "fsync is \(fsync), synchronous_commit is \(synchronous)",
                    hint: isDurable
                        ? "" : "what is acknowledged can be lost: set both to on in postgresql.conf"
                ))
            found.append(
                StoreFinding(
                    "role", rows.text(0, 2) == "primary",
                    "the server is a \(rows.text(0, 2) ?? "")",
                    hint: rows.text(0, 2) == "primary" ? "" : "name the server that takes writes"))
            let log = "check \(UInt64.random(in: 0 ... .max))"
            try connection.run(SQL.begin)
            try connection.run(SQL.tryOut, [.text(log), .bytes([])])
            try connection.run(SQL.rollBack)
            let isUndone = try connection.run(SQL.witnessed, [.text(log)]).count == 0
            found.append(
                StoreFinding(
                    "transactions", isUndone,
                    isUndone ? "what is rolled back is gone" : "what is rolled back stays",
                    hint: isUndone ? "" : "this database cannot hold logs"))
            return found
        }
    }
}
