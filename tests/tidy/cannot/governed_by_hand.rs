//! error: E0624
//! Only `apply` puts a private plan behind a table.

fn attempt() -> enforce::source::Governed {
    enforce::source::Governed::new(given(), given(), given(), given(), false)
}
