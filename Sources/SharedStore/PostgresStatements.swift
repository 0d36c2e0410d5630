/// All that this program says to PostgreSQL, in one place.
///
/// It is what also runs on databases that spread PostgreSQL's tables over machines: no sequence, no trigger, no foreign
/// key, no MERGE, no recursive query, no advisory lock; each big table's key begins with the log, or with the rows and
/// the item's hash. A test holds these rules.
enum PostgresStatements {
    /// The version of the tables.
    static let version: Int64 = 1

    /// What makes the tables, in one transaction.
    static let create = [
        "CREATE SCHEMA IF NOT EXISTS countermark",
        """
        CREATE TABLE countermark.store (
            id bigint PRIMARY KEY, version bigint NOT NULL, org text NOT NULL, key bytea NOT NULL, left_by text)
        """,
        """
        CREATE TABLE countermark.log (
            log text PRIMARY KEY, size bigint NOT NULL, root bytea NOT NULL, left_by text, turn text,
            turn_until timestamptz)
        """,
        """
        CREATE TABLE countermark.part (
            log text NOT NULL, first_index bigint NOT NULL, entries bigint NOT NULL, sha256 bytea NOT NULL,
            checkpoint bytea NOT NULL, is_bound boolean NOT NULL, token bytea NOT NULL, bytes bytea,
            PRIMARY KEY (log, first_index))
        """,
        // Signed entries do not shrink; trying would cost every write.
        "ALTER TABLE countermark.part ALTER COLUMN bytes SET STORAGE EXTERNAL",
        """
        CREATE TABLE countermark.witness (
            log text PRIMARY KEY, size bigint NOT NULL, note bytea NOT NULL)
        """,
        createDocuments,
    ]

    /// What nodes have in common beside logs; a store that was made before there were documents gets it later.
    static let createDocuments = """
        CREATE TABLE IF NOT EXISTS countermark.document (
            name text PRIMARY KEY, version bigint NOT NULL, bytes bytea NOT NULL)
        """
    /// Asked so, since an error each second would fill the server's log.
    static let hasDocuments = "SELECT to_regclass('countermark.document') IS NOT NULL"

    /// What a session goes by: a node that stands still holds nothing for long, and what is acknowledged is durable.
    static let session = """
        SELECT set_config('statement_timeout', '10s', false), set_config('lock_timeout', '5s', false),
            set_config('idle_in_transaction_session_timeout', '5s', false),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)
        """

    static let begin = "BEGIN"
    static let commit = "COMMIT"
    static let rollBack = "ROLLBACK"

    static let owner = "SELECT version, org, key, left_by FROM countermark.store WHERE id = 1"
    static let take = """
        INSERT INTO countermark.store (id, version, org, key) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING
        """
    static let heads = "SELECT log, size, root FROM countermark.log ORDER BY log"
    static let parts = """
        SELECT first_index, entries, sha256, checkpoint, is_bound, bytes IS NULL FROM countermark.part
        WHERE log = $1 AND first_index >= coalesce(
            (SELECT max(first_index) FROM countermark.part WHERE log = $1 AND first_index <= $2), 0)
        ORDER BY first_index LIMIT $3
        """
    static let bytes = "SELECT bytes FROM countermark.part WHERE log = $1 AND first_index = $2"
    static let token = "SELECT token FROM countermark.part WHERE log = $1 AND first_index = $2"

    /// Changes nothing, and waits for the standby as any change does.
    static let confirmLog = "UPDATE countermark.log SET size = size WHERE log = $1"
    static let confirmWitness = "UPDATE countermark.witness SET size = size WHERE log = $1"

    /// A new log waits for whoever takes the logs out.
    static let notLeft = "SELECT left_by FROM countermark.store WHERE id = 1 FOR SHARE"
    static let putPart = """
        INSERT INTO countermark.part (log, first_index, entries, sha256, checkpoint, is_bound, token, bytes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """
    static let beginLog = """
        INSERT INTO countermark.log (log, size, root) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
        """
    static let moveLog = """
        UPDATE countermark.log SET size = $2, root = $3, turn = NULL WHERE log = $1 AND size = $4 AND left_by IS NULL
        """

    /// Whose turn it is decides nothing: it is asked for by those who have lost, and kept by those who are polite.
    static let turn = """
        SELECT turn FROM countermark.log WHERE log = $1 AND turn IS NOT NULL AND turn_until > clock_timestamp()
        """
    static let takeTurn = """
        UPDATE countermark.log SET turn = $2, turn_until = clock_timestamp() + ($3::text || ' seconds')::interval
        WHERE log = $1 AND (turn IS NULL OR turn = $2 OR turn_until <= clock_timestamp())
        """

    static let witnessed = "SELECT note FROM countermark.witness WHERE log = $1"
    static let beginWitness = """
        INSERT INTO countermark.witness (log, size, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
        """
    static let moveWitness = """
        UPDATE countermark.witness SET size = $2, note = $3 WHERE log = $1 AND size = $4
        """

    /// The names, and the signatures that stand in front of the bytes.
    static let documents = """
        SELECT name, version, substring(bytes FROM 1 FOR 64) FROM countermark.document WHERE octet_length(name) <= $2
        ORDER BY name LIMIT $1
        """
    static let countDocuments = "SELECT count(*) FROM countermark.document"
    static let document = """
        SELECT version, CASE WHEN octet_length(bytes) <= $2 THEN bytes END FROM countermark.document WHERE name = $1
        """
    static let beginDocument = """
        INSERT INTO countermark.document (name, version, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
        """
    static let moveDocument = """
        UPDATE countermark.document SET version = $2, bytes = $3 WHERE name = $1 AND version = $4
        """
    /// Changes nothing, and waits for the standby as any change does.
    static let confirmDocument = "UPDATE countermark.document SET version = version WHERE name = $1"

    static let leave = """
        UPDATE countermark.store SET left_by = $1 WHERE id = 1 AND (left_by IS NULL OR left_by = $1)
        """
    static let leaveLogs = "UPDATE countermark.log SET left_by = $1"
    static let reenter = "UPDATE countermark.store SET left_by = NULL WHERE id = 1 AND left_by = $1"
    static let reenterLogs = "UPDATE countermark.log SET left_by = NULL"

    /// A mere wake-up: where it is not known, nodes look once a second.
    static let tell = "NOTIFY countermark"
    static let listen = "LISTEN countermark"

    /// The cluster, its timeline, and the end of its log: other databases know none of them.
    static let server = """
        SELECT (SELECT system_identifier FROM pg_control_system())::text || ' '
            || substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8),
            (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint
        """

    static let settings = """
        SELECT current_setting('fsync'), current_setting('synchronous_commit'),
            CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END
        """
    static let tryOut = "INSERT INTO countermark.witness (log, size, note) VALUES ($1, 0, $2)"
}
