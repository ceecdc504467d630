use rusqlite::Connection;
use std::fmt;
use std::ops::Range;
use std::path::Path;

/// The ids of the rows to insert.
pub type Ids = Range<i64>;

const INSERT: &str = "INSERT INTO event (id, name, value) VALUES (?1, ?2, ?3)";

/// When a commit reaches the disk.
#[derive(Clone, Copy, Debug)]
pub enum Synchronous {
    /// At once.
    Full,
    /// With the next checkpoint.
    Normal,
}

impl fmt::Display for Synchronous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Normal => "normal",
        })
    }
}

/// How often the text of the insert is parsed.
#[derive(Clone, Copy, Debug)]
pub enum Statement {
    /// Once for a connection.
    Prepared,
    /// Once for each row.
    Unprepared,
}

/// A table of a database, through one connection.
#[derive(Debug)]
pub struct Events {
    connection: Connection,
    statement: Statement,
}

impl Events {
    /// Makes the database and its empty table.
    pub fn create(file: &Path) -> Self {
        let connection = Connection::open(file).expect("a database");
        let setup = "PRAGMA journal_mode = WAL;
             CREATE TABLE event (id INTEGER PRIMARY KEY, name TEXT NOT NULL, value INTEGER NOT NULL);";
        connection.execute_batch(setup).expect("a table");
        Self { connection, statement: Statement::Unprepared }
    }

    /// A connection of that kind.
    pub fn open(file: &Path, synchronous: Synchronous, statement: Statement) -> Self {
        let connection = Connection::open(file).expect("the database is there");
        connection.execute_batch(&format!("PRAGMA synchronous = {synchronous}")).expect("a pragma");
        let mode: String = connection.query_row("PRAGMA journal_mode", (), |row| row.get(0)).expect("a pragma");
        assert_eq!(mode, "wal", "the mode of the file");
        Self { connection, statement }
    }

    /// Inserts a row: a transaction of its own unless one is open.
    #[inline]
    pub fn insert(&self, id: i64) {
        let row = (id, "event", id * 2);
        let inserted = match self.statement {
            Statement::Prepared => self.connection.prepare_cached(INSERT).and_then(|mut insert| insert.execute(row)),
            Statement::Unprepared => self.connection.execute(INSERT, row),
        };
        assert_eq!(inserted, Ok(1));
    }

    /// Inserts rows in one transaction.
    pub fn transaction(&mut self, ids: impl Iterator<Item = i64>) {
        let transaction = self.connection.unchecked_transaction().expect("no other transaction is open");
        ids.for_each(|id| self.insert(id));
        transaction.commit().expect("a commit");
    }

    /// Asserts that each row of `ids` is in the table once.
    pub fn verify(&self, ids: Ids) {
        let sums = "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(value), 0) FROM event";
        let found: (i64, i64, i64) =
            self.connection.query_row(sums, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("sums");
        let count = ids.end;
        let sum: i64 = ids.sum();
        assert_eq!(found, (count, sum, 2 * sum), "each row is inserted once");
    }
}
