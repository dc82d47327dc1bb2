//! error: E0624
//! Only `apply` puts a private plan behind a table.

fn attempt() -> hansa_enforcement::source::Governed {
    hansa_enforcement::source::Governed::new(given(), given(), given(), given(), false)
}
