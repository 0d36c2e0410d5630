import PlainErrors

/// The tables that an export for analysts has; Docs/Analysts.md says what is in them.
public enum AnalystTables {
    /// The name of the format on the command line.
    public static let formatName = "sqlite"
    /// Why such a file is not imported.
    public static let isWriteOnly = NodeError(
        .writeOnlyFormat, "sqlite is written for analysts and cannot be imported",
        hint: "export as jsonl what is to be imported again; see Docs/Analysts.md")

    /// What `meta` says of the tables' version.
    package static let version = "1"
    /// SQLite's `application_id` of these files, "CMlb": only a file with it is replaced.
    static let applicationID: UInt32 = 0x434d_6c62

    static let tables = """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE heads(org TEXT PRIMARY KEY, size INTEGER NOT NULL, root TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE items(
          number INTEGER PRIMARY KEY, item TEXT NOT NULL, media_type TEXT, sha256 TEXT, bytes INTEGER,
          width REAL, height REAL, duration REAL, channels TEXT, frame_rate REAL, unit TEXT,
          group_name TEXT, split TEXT, stage_filter TEXT, stage_clean TEXT, stage_classify TEXT,
          stage_annotate TEXT, stage_mark TEXT, stage_review TEXT, stage_quality TEXT, derived_from TEXT,
          fields TEXT NOT NULL);
        CREATE TABLE examined(item INTEGER NOT NULL, org TEXT NOT NULL, PRIMARY KEY(item, org)) WITHOUT ROWID;
        CREATE TABLE annotations(
          number INTEGER PRIMARY KEY, id TEXT NOT NULL, item TEXT NOT NULL, class TEXT NOT NULL,
          selector_kind TEXT NOT NULL, x REAL, y REAL, width REAL, height REAL, start_at REAL, end_at REAL,
          selector TEXT NOT NULL, confidence REAL, source TEXT, author TEXT, org TEXT NOT NULL, signer TEXT,
          time INTEGER, external_id TEXT, status TEXT NOT NULL, contested INTEGER NOT NULL,
          stage_classify TEXT, stage_mark TEXT, stage_quality TEXT, attributes TEXT NOT NULL,
          class_as_written TEXT NOT NULL);
        CREATE TABLE attributes(
          annotation INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, bool INTEGER,
          integer INTEGER, real REAL, text TEXT, PRIMARY KEY(annotation, name)) WITHOUT ROWID;
        """

    /// Made when the rows are in: one sort instead of an insertion for each row.
    static let indexes = """
        CREATE UNIQUE INDEX items_item ON items(item);
        CREATE UNIQUE INDEX annotations_id ON annotations(id);
        CREATE INDEX annotations_item ON annotations(item);
        CREATE INDEX annotations_class ON annotations(class);
        CREATE INDEX attributes_name ON attributes(name);
        """
}
