//! error: E0624
//! Only `apply` puts a private plan behind a table.

fn attempt() -> hansa_enforcement::table_source::GovernedTable {
    hansa_enforcement::table_source::GovernedTable::new(given(), given(), given(), given(), false)
}
