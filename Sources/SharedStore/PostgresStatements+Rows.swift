/// What is said to PostgreSQL about the labels as rows, for analysts.
///
/// The key of what grows with the labels is (rows, item hash, …): `rows` is one making of a dataset's rows, a random
/// number, so that a new one grows beside the one that is shown and takes its place by one change of `rows_state`.
///
/// A label's row is narrow, since each column costs at each COPY and nobody may ever read it: what many labels have in
/// common stands once in `label_words`, what follows from other columns is made by the view, and columns of a fixed
/// width come first. A label's number within its rows is that of its log there (`heads` has it) and its place in the
/// log: 15, 36 and 12 bits.
extension PostgresStatements {
    /// The version of these tables.
    static let rowsVersion: Int64 = 2

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
            CREATE TABLE countermark.item_alias (
                rows bigint NOT NULL, item_hash bigint NOT NULL, item text COLLATE "C" NOT NULL, shown text NOT NULL,
                PRIMARY KEY (rows, item_hash, item))
            """,
        ] + labelTables + [
            """
            CREATE VIEW countermark.label_rows AS
            SELECT dataset, labels, digest, CASE WHEN shown IS NOT NULL THEN heads::jsonb -> 'logs' END AS heads, moved_at,
                filling IS NOT NULL AS is_filling, filled, why
            FROM countermark.rows_state
            """
        ] + comments

    /// What puts tables of an older version's labels out of the way: the view and who may read it stay.
    static let moveOlderRows = [
        "ALTER TABLE countermark.label_row RENAME TO label_row_before",
        "DELETE FROM countermark.item_alias",
        "DELETE FROM countermark.rows_old",
        """
        UPDATE countermark.rows_state SET version = version + 1, shown = NULL, heads = NULL, digest = NULL, labels = 0,
            filling = NULL, target = NULL, done = NULL, filled = 0, why = NULL, moved_at = now()
        """,
    ]
    static let dropOlderRows = "DROP TABLE countermark.label_row_before"

    /// The tables of labels, and their view.
    static let labelTables = [
        """
        CREATE TABLE countermark.label_row (
            rows bigint NOT NULL, item_hash bigint NOT NULL, label bigint NOT NULL, words bigint NOT NULL, "time" bigint,
            x float8, y float8, width float8, height float8, start_at float8, end_at float8, confidence float8,
            item text NOT NULL, external_id text, selector text, attributes jsonb,
            PRIMARY KEY (rows, item_hash, label))
        """,
        """
        CREATE TABLE countermark.label_words (
            id bigint PRIMARY KEY, rows bigint NOT NULL, contested boolean NOT NULL, class text NOT NULL,
            class_as_written text NOT NULL, selector_kind text NOT NULL, status text NOT NULL, stage_classify text,
            stage_mark text, stage_quality text, org text COLLATE "C" NOT NULL, signer text, source text, author text)
        """,
        """
        CREATE OR REPLACE VIEW countermark.labels AS
        SELECT s.dataset,
            w.org || ':' || ((l.label >> 12) & 68719476735) || '.' || (l.label & 4095) AS id,
            coalesce(a.shown, l.item) AS item, w.class, w.selector_kind, l.x, l.y, l.width, l.height, l.start_at,
            l.end_at,
            CASE WHEN l.selector IS NOT NULL THEN l.selector
                WHEN w.selector_kind = 'box' THEN '{"kind":"box","x":' || l.x || ',"y":' || l.y || ',"width":'
                    || l.width || ',"height":' || l.height || '}'
                ELSE '{"kind":"' || w.selector_kind || '"}' END AS selector,
            l.confidence, w.source, w.author, w.org, w.signer, l."time", l.external_id,
            w.status, w.contested, w.stage_classify, w.stage_mark, w.stage_quality,
            coalesce(l.attributes, '{}') AS attributes, w.class_as_written, l.item_hash
        FROM countermark.rows_state s JOIN countermark.label_row l ON l.rows = s.shown
        JOIN countermark.label_words w ON w.id = l.words
        LEFT JOIN countermark.item_alias a
            ON a.rows = l.rows AND a.item_hash = l.item_hash AND a.item = l.item
        """,
        comment("TABLE", "label_row", "The rows behind the view labels. Read the view."),
        comment("TABLE", "label_words", "What many labels have in common. Read the view labels."),
    ]

    /// What `\\d+` shows.
    private static let comments = [
        comment(
            "VIEW", "labels",
            "The labels of the company's datasets as rows, one a label. Read; never write."),
        comment("VIEW", "label_rows", "At which heads and digest the rows of each dataset stand."),
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
    static let versionToChange = """
        SELECT version FROM countermark.rows_store WHERE id = 1 AND version < $1 FOR UPDATE
        """
    static let changeVersion = "UPDATE countermark.rows_store SET version = $1 WHERE id = 1"
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
        rows, item_hash, label, words, "time", x, y, width, height, start_at, end_at, confidence, item, external_id,
            selector, attributes
        """
    static let copyLabels =
        "COPY countermark.label_row (\(columnsOfRow)) FROM STDIN (FORMAT binary)"

    /// Words have the same id in the same rows, whichever node puts them.
    static let putWords = """
        INSERT INTO countermark.label_words (id, rows, contested, class, class_as_written, selector_kind, status,
            stage_classify, stage_mark, stage_quality, org, signer, source, author)
        SELECT w.id, $1, w.contested <> 0, w.class, w.class_as_written, w.selector_kind, w.status, w.stage_classify,
            w.stage_mark, w.stage_quality, w.org, w.signer, w.source, w.author
        FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
            AS w (id, contested, class, class_as_written, selector_kind, status, stage_classify, stage_mark,
                stage_quality, org, signer, source, author)
        ON CONFLICT (id) DO NOTHING
        """
    static let forgetWords = "DELETE FROM countermark.label_words WHERE rows = $1"

    static let stage =
        "CREATE TEMPORARY TABLE rows_touched (LIKE countermark.label_row) ON COMMIT DROP"
    static let copyStaged = "COPY rows_touched (\(columnsOfRow)) FROM STDIN (FORMAT binary)"
    static let analyzeStaged = "ANALYZE rows_touched"
    static let emptyStaged = "TRUNCATE rows_touched"
    /// All that can change of a label: its item, its author's company and its place stay.
    static let updateFromStaged = """
        UPDATE countermark.label_row l SET words = t.words, x = t.x, y = t.y, width = t.width, height = t.height,
            start_at = t.start_at, end_at = t.end_at, confidence = t.confidence, external_id = t.external_id,
            selector = t.selector, attributes = t.attributes
        FROM rows_touched t
        WHERE l.rows = t.rows AND l.item_hash = t.item_hash AND l.label = t.label
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
