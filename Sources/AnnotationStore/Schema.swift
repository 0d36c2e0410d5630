/// The tables of the derived state.
///
/// Nothing here is learnt elsewhere than from the logs.
///
/// Keys of operations pack (log, entry, position) into 64 bits. A label that nobody touched since it was added has no
/// row: it is what its entry says (``LoggedLabels``); `touched` has those that were changed, as they are now, and
/// `annotation` in SQL is both (``LabelModule``). One row of `run` says between which keys of one entry an item's
/// annotations lie: an index of items over all annotations would cost a random insertion for each label, this costs
/// one for each item an entry speaks of.
enum Schema {
    static let version = 5

    static let tables = """
        CREATE TABLE dataset(
          id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, sum BLOB NOT NULL,
          items INTEGER NOT NULL, annotations INTEGER NOT NULL, retracted INTEGER NOT NULL,
          conflicts INTEGER NOT NULL, quarantined INTEGER NOT NULL, operations INTEGER NOT NULL,
          rebuild INTEGER, rebuilt INTEGER NOT NULL, took INTEGER NOT NULL);
        CREATE TABLE log(
          number INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, origin BLOB NOT NULL,
          stored INTEGER NOT NULL, applied INTEGER NOT NULL, cited BLOB, most INTEGER NOT NULL,
          forked INTEGER, names INTEGER NOT NULL, latest INTEGER NOT NULL, waiting BLOB,
          UNIQUE(dataset, origin));
        CREATE TABLE name(id INTEGER PRIMARY KEY, text BLOB NOT NULL UNIQUE);
        CREATE TABLE item(
          id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key BLOB NOT NULL, base INTEGER,
          flags INTEGER NOT NULL, fields BLOB, content INTEGER,
          UNIQUE(dataset, key));
        CREATE TABLE touched(
          key INTEGER PRIMARY KEY, item INTEGER NOT NULL, class INTEGER NOT NULL,
          selector BLOB NOT NULL, status INTEGER NOT NULL, flags INTEGER NOT NULL,
          source INTEGER NOT NULL, author INTEGER NOT NULL, fields BLOB);
        CREATE TABLE run(
          item INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
          PRIMARY KEY(item, first)) WITHOUT ROWID;
        CREATE TABLE register(
          target INTEGER NOT NULL, field INTEGER NOT NULL, op INTEGER NOT NULL,
          value BLOB NOT NULL, PRIMARY KEY(target, field, op)) WITHOUT ROWID;
        CREATE TABLE touch(
          target INTEGER NOT NULL, op INTEGER NOT NULL, PRIMARY KEY(target, op)) WITHOUT ROWID;
        CREATE TABLE entry(
          key INTEGER PRIMARY KEY, leaf BLOB NOT NULL, height INTEGER NOT NULL,
          time INTEGER NOT NULL, operations INTEGER NOT NULL, labels INTEGER NOT NULL, why INTEGER,
          signer INTEGER NOT NULL, role INTEGER);
        CREATE TABLE context(key INTEGER PRIMARY KEY, sizes BLOB);
        CREATE TABLE act(
          op INTEGER PRIMARY KEY, bytes BLOB NOT NULL, signer BLOB, time INTEGER NOT NULL);
        CREATE TABLE attribute(
          log INTEGER NOT NULL, name INTEGER NOT NULL, PRIMARY KEY(log, name)) WITHOUT ROWID;
        CREATE TABLE quarantine(op INTEGER PRIMARY KEY, why INTEGER NOT NULL);
        CREATE TABLE suggestion(
          op INTEGER PRIMARY KEY, target INTEGER NOT NULL, fields BLOB NOT NULL,
          state INTEGER NOT NULL);
        CREATE INDEX suggestion_target ON suggestion(target);
        CREATE INDEX touched_conflict ON touched(key) WHERE flags & 3;
        CREATE INDEX item_conflict ON item(id) WHERE flags & 3;
        CREATE INDEX item_content ON item(dataset, content, flags) WHERE content IS NOT NULL;
        """
}
