/// What is said to PostgreSQL about the labels as rows, for analysts.
///
/// The key of what grows with the labels is (rows, item hash, …): `rows` is one making of a dataset's rows, a random
/// number, so that a new one grows beside the one that is shown and takes its place by one change of `rows_state`.
extension PostgresStatements {
    /// The version of these tables.
    static let rowsVersion: Int64 = 1

    /// What makes them, in one transaction.
    static let createRows =
        [
            """
            CREATE TABLE countermark.rows_store (id bigint PRIMARY KEY, version bigint NOT NULL)
            """,
            """
            CREATE TABLE countermark.rows_wish (dataset text PRIMARY KEY, is_wanted boolean NOT NULL)
            """,
            """
            CREATE TABLE countermark.rows_state (
                dataset text PRIMARY KEY, version bigint NOT NULL, shown bigint, heads text, digest text,
                labels bigint NOT NULL, filling bigint, target text, done text, filled bigint NOT NULL, why text,
                moved_at timestamptz NOT NULL)
            """,
            "CREATE TABLE countermark.rows_old (rows bigint PRIMARY KEY)",
            "CREATE TABLE countermark.rows_probe (id bigint PRIMARY KEY)",
            """
            CREATE TABLE countermark.label_row (
                rows bigint NOT NULL, item_hash bigint NOT NULL, org text COLLATE "C" NOT NULL,
                operation bigint NOT NULL, item text NOT NULL, class text NOT NULL, class_as_written text NOT NULL,
                selector_kind text NOT NULL, x float8, y float8, width float8, height float8, start_at float8,
                end_at float8, selector text NOT NULL, confidence float8, source text, author text, signer text,
                "time" bigint, external_id text, status text NOT NULL, contested boolean NOT NULL,
                stage_classify text, stage_mark text, stage_quality text, attributes jsonb NOT NULL,
                PRIMARY KEY (rows, item_hash, org, operation))
            """,
            """
            CREATE TABLE countermark.item_alias (
                rows bigint NOT NULL, item_hash bigint NOT NULL, item text COLLATE "C" NOT NULL, shown text NOT NULL,
                PRIMARY KEY (rows, item_hash, item))
            """,
            """
            CREATE VIEW countermark.labels AS
            SELECT s.dataset, l.org || ':' || (l.operation >> 12) || '.' || (l.operation & 4095) AS id,
                coalesce(a.shown, l.item) AS item, l.class, l.selector_kind, l.x, l.y, l.width, l.height, l.start_at,
                l.end_at, l.selector, l.confidence, l.source, l.author, l.org, l.signer, l."time", l.external_id,
                l.status, l.contested, l.stage_classify, l.stage_mark, l.stage_quality, l.attributes,
                l.class_as_written, l.item_hash
            FROM countermark.rows_state s JOIN countermark.label_row l ON l.rows = s.shown
            LEFT JOIN countermark.item_alias a
                ON a.rows = l.rows AND a.item_hash = l.item_hash AND a.item = l.item
            """,
            """
            CREATE VIEW countermark.label_rows AS
            SELECT dataset, labels, digest, CASE WHEN shown IS NOT NULL THEN heads::jsonb -> 'logs' END AS heads, moved_at,
                filling IS NOT NULL AS is_filling, filled, why
            FROM countermark.rows_state
            """,
        ] + comments

    /// What `\\d+` shows.
    private static let comments = [
        comment(
            "VIEW", "labels",
            "The labels of the company's datasets as rows, one a label. Read; never write."),
        comment("VIEW", "label_rows", "At which heads and digest the rows of each dataset stand."),
        comment("TABLE", "label_row", "The rows behind the view labels. Read the view."),
        comment("TABLE", "item_alias", "Items that are shown under another item's key."),
        comment(
            "TABLE", "rows_state",
            "One row a dataset: which rows are shown, and which are being filled."),
        comment(
            "TABLE", "rows_wish", "For which datasets rows are wanted; * stands for all others."),
        comment("TABLE", "rows_old", "Rows that nobody shows any more and that are being removed."),
        comment("TABLE", "rows_probe", "Empty: what tells whether what was copied is rolled back."),
        comment("TABLE", "rows_store", "The version of the tables of rows."),
        column("labels.id", "Who added it and where it stands in that log: origin:entry.position."),
        column(
            "labels.item", "The key of the item, where it was said to be another one that one's."),
        column("labels.class", "The class as it stands, by the schema's mappings."),
        column(
            "labels.x", "The smallest upright box in pixels, of flat shapes: x, y, width, height."),
        column(
            "labels.start_at",
            "Start of an interval or track in seconds; of a text in Unicode scalars."),
        column(
            "labels.selector", "Where on the item, as JSON text: as in files of the format jsonl."),
        column("labels.confidence", "The score, 0 to 1; NULL where none was said."),
        column("labels.source", "human, model:NAME@VERSION, rule or import."),
        column("labels.author", "The person or tool, as the company names it."),
        column("labels.org", "The company that added it."),
        column("labels.signer", "The name in the certificate that signed it."),
        column("labels.time", "When the signer says to have added it, in Unix seconds."),
        column("labels.status", "active, or retracted."),
        column(
            "labels.contested",
            "Whether companies disagree about one of its fields; what is shown is the policy's choice."
        ),
        column("labels.attributes", "The attributes, JSON."),
        column("labels.class_as_written", "The class before the schema's mappings."),
        column(
            "labels.item_hash",
            "The first 8 bytes of the SHA-256 of the label's own item key, as a signed number."),
        column(
            "label_rows.digest",
            "The state digest of exactly these labels, as countermark status shows it."),
        column("label_rows.heads", "How many entries of each log these labels are made of."),
        column(
            "label_rows.filled",
            "Labels that are there of the rows that are being filled and not shown yet."),
        column("label_rows.why", "Why nothing is shown, where rows are wanted."),
    ]

    private static func comment(_ kind: String, _ name: String, _ text: String) -> String {
        "COMMENT ON \(kind) countermark.\(name) IS '\(text.replacing("'", with: "''"))'"
    }

    private static func column(_ name: String, _ text: String) -> String {
        comment("COLUMN", name, text)
    }

    /// Asked so, since an error each second would fill the server's log.
    static let hasRows = "SELECT to_regclass('countermark.rows_store') IS NOT NULL"
    static let versionOfRows = "SELECT version FROM countermark.rows_store WHERE id = 1"
    static let takeRows = "INSERT INTO countermark.rows_store (id, version) VALUES (1, $1)"

    static let wishes = "SELECT dataset, is_wanted FROM countermark.rows_wish"
    static let forgetWishes = "DELETE FROM countermark.rows_wish"
    static let wish = """
        INSERT INTO countermark.rows_wish (dataset, is_wanted) VALUES ($1, $2)
        ON CONFLICT (dataset) DO UPDATE SET is_wanted = excluded.is_wanted
        """

    static let states = """
        SELECT dataset, version, shown, heads, digest, labels, filling, target, done, filled, why,
            extract(epoch FROM moved_at)::bigint
        FROM countermark.rows_state ORDER BY dataset
        """
    static let beginState = """
        INSERT INTO countermark.rows_state (dataset, version, labels, filled, moved_at) VALUES ($1, 0, 0, 0, now())
        ON CONFLICT DO NOTHING
        """
    /// Whoever has it at this moment is not waited for: it does what was to be done.
    static let takeState = """
        SELECT version FROM countermark.rows_state WHERE dataset = $1 AND version = $2 FOR UPDATE SKIP LOCKED
        """
    static let moveState = """
        UPDATE countermark.rows_state SET version = version + 1, shown = $3, heads = $4, digest = $5, labels = $6,
            filling = $7, target = $8, done = $9, filled = $10, why = $11, moved_at = now()
        WHERE dataset = $1 AND version = $2
        """

    /// A transaction of many labels pauses while the next ones are read.
    static let patientTransaction =
        "SELECT set_config('idle_in_transaction_session_timeout', '60s', true)"

    static let columnsOfRow = """
        rows, item_hash, org, operation, item, class, class_as_written, selector_kind, x, y, width, height, start_at,
            end_at, selector, confidence, source, author, signer, "time", external_id, status, contested,
            stage_classify, stage_mark, stage_quality, attributes
        """
    static let copyLabels =
        "COPY countermark.label_row (\(columnsOfRow)) FROM STDIN (FORMAT binary)"

    static let stage =
        "CREATE TEMPORARY TABLE rows_touched (LIKE countermark.label_row) ON COMMIT DROP"
    static let copyStaged = "COPY rows_touched (\(columnsOfRow)) FROM STDIN (FORMAT binary)"
    static let analyzeStaged = "ANALYZE rows_touched"
    static let emptyStaged = "TRUNCATE rows_touched"
    /// All that can change of a label: its item, its author's company and its place stay.
    static let updateFromStaged = """
        UPDATE countermark.label_row l SET class = t.class, class_as_written = t.class_as_written,
            selector_kind = t.selector_kind, x = t.x, y = t.y, width = t.width, height = t.height,
            start_at = t.start_at, end_at = t.end_at, selector = t.selector, confidence = t.confidence,
            source = t.source, author = t.author, external_id = t.external_id, status = t.status,
            contested = t.contested, stage_classify = t.stage_classify, stage_mark = t.stage_mark,
            stage_quality = t.stage_quality, attributes = t.attributes
        FROM rows_touched t
        WHERE l.rows = t.rows AND l.item_hash = t.item_hash AND l.org = t.org AND l.operation = t.operation
        """

    static let forgetAliases = "DELETE FROM countermark.item_alias WHERE rows = $1"
    static let copyAliases =
        "COPY countermark.item_alias (rows, item_hash, item, shown) FROM STDIN (FORMAT binary)"

    static let dropRows =
        "INSERT INTO countermark.rows_old (rows) VALUES ($1) ON CONFLICT DO NOTHING"
    static let oldRows = "SELECT rows FROM countermark.rows_old ORDER BY rows"
    /// The hash up to which some of the rows lie, from one on.
    static let endOfPiece = """
        SELECT max(item_hash) FROM (
            SELECT item_hash FROM countermark.label_row WHERE rows = $1 AND item_hash >= $2
            ORDER BY item_hash LIMIT $3) piece
        """
    static let removePiece = """
        DELETE FROM countermark.label_row WHERE rows = $1 AND item_hash >= $2 AND item_hash <= $3
        """
    static let forgetOld = "DELETE FROM countermark.rows_old WHERE rows = $1"

    static let copyProbe = "COPY countermark.rows_probe (id) FROM STDIN (FORMAT binary)"
    static let countProbe = "SELECT count(*) FROM countermark.rows_probe WHERE id >= $1 AND id < $2"
    static let emptyProbe = "DELETE FROM countermark.rows_probe WHERE id >= $1 AND id < $2"
}
