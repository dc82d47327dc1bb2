//! Description of a database table: its columns, and the check that they can be published.

use super::query_connections::{PostgresConnection, unreadable_database_refusal};
use super::{PgType, PostgresColumn, PostgresEndpoint, PostgresTable, quote_identifier};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::decimal_type::DecimalType;

/// Column as found in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredColumn {
    /// Name of the column.
    pub name: String,
    /// Type in the notation of the database.
    pub written: String,
    /// Type for publication, if the column can be published.
    pub kind: Option<PgType>,
    /// Set for a `numeric` without declared digits. It can be published with the digits of the configuration.
    pub is_any_numeric: bool,
    /// Nullability of the column.
    pub nullable: bool,
}

/// Reads the columns of a table or view.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the database is unreachable or has no such table.
pub async fn read_columns(
    server: &PostgresEndpoint,
    schema: &str,
    name: &str,
) -> Result<Vec<DiscoveredColumn>, Refusal> {
    let open = PostgresConnection::open(server, std::time::Duration::from_secs(60)).await?;
    let encoding = open.read_rows("SHOW server_encoding").await?;
    let encoding = encoding.first().map(|row| row.get::<_, String>(0));
    if encoding.as_deref() != Some("UTF8") {
        return Err(Refusal::new(
            ErrorCode::SourceUnreadable,
            "the database does not keep its texts in UTF-8, so their order there is another one",
        ));
    }
    let found = discover_columns(&open, schema, name).await?;
    if found.is_empty() {
        return Err(Refusal::new(
            ErrorCode::SourceUnreadable,
            format!("the database has no table `{schema}.{name}` that this user knows"),
        ));
    }
    Ok(found)
}

/// Origin of a table's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RelationKind {
    /// Stored rows.
    Stored,
    /// Rows computed at the query, by expressions that may fail: in a view, a foreign table, or under row security.
    Computed,
}

/// Checks that the table still has the published columns; a changed type could make a hidden row fail. The table is locked against
/// changes until the end of the transaction.
///
/// # Errors
/// `SCHEMA_CHANGED`, `SOURCE_UNREADABLE`.
pub(super) async fn check_published_columns(
    open: &PostgresConnection,
    table: &PostgresTable,
) -> Result<RelationKind, Refusal> {
    let found = discover_columns(open, &table.schema, &table.name).await?;
    let same = table.columns.iter().all(|column| {
        found.iter().any(|found| {
            found.name == column.name
                && found.holds(column.kind)
                && (column.nullable || !found.nullable)
        })
    });
    if !same {
        return Err(Refusal::new(
            ErrorCode::SchemaChanged,
            "the table of a dataset in place has other columns than were published",
        )
        .with_help("its owner publishes it again: hansa dataset publish"));
    }
    // This statement takes the lock. The catalogue queries see the transaction's snapshot, which may be older.
    open.run(&format!("SELECT FROM {} LIMIT 0", table.quoted_name()))
        .await?;
    let below = open
        .read_rows(&computed_rows_query(&table.schema, &table.name))
        .await?;
    let of = |at: usize| below.first().and_then(|row| row.get::<_, Option<bool>>(at));
    match (of(0), of(1), of(2)) {
        (Some(true), Some(computed), Some(false)) => Ok(if computed {
            RelationKind::Computed
        } else {
            RelationKind::Stored
        }),
        // An older transaction sees such a table as empty.
        _ => Err(unreadable_database_refusal(
            "a table was emptied, written anew or replaced while the question ran",
        )),
    }
}

/// Checks that the columns are still a key of the table. The function [`check_published_columns`] must be called before, since it locks the table.
///
/// # Errors
/// `SCHEMA_CHANGED`, `SOURCE_UNREADABLE`.
pub(super) async fn is_still_a_key(
    open: &PostgresConnection,
    table: &PostgresTable,
    key: &[String],
) -> Result<(), Refusal> {
    let found = keys_of(open, &table.schema, &table.name).await?;
    if found.iter().any(|found| found == key) {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::SchemaChanged,
        "a key of the table of a dataset in place is none any more",
    )
    .with_help("its owner publishes it again: hansa dataset publish"))
}

/// Reads the unique keys of a table.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the database is unreachable.
pub async fn read_unique_keys(
    server: &PostgresEndpoint,
    schema: &str,
    name: &str,
) -> Result<Vec<Vec<String>>, Refusal> {
    let open = PostgresConnection::open(server, std::time::Duration::from_secs(60)).await?;
    keys_of(&open, schema, name).await
}

/// Unique keys of a table, the primary key first. A key of a table with inheriting tables does not cover their rows, and a
/// deferrable key may not hold within a transaction, so these are left out.
async fn keys_of(
    open: &PostgresConnection,
    schema: &str,
    name: &str,
) -> Result<Vec<Vec<String>>, Refusal> {
    let rows = open
        .read_rows(&format!(
            "SELECT array_agg(a.attname::text ORDER BY k.place) \
             FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place) \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum \
             WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p') AND i.indisunique AND i.indisvalid \
             AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts \
             AND (c.relkind = 'p' OR NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid)) \
             GROUP BY i.indexrelid, i.indisprimary HAVING bool_and(a.attnotnull) \
             ORDER BY i.indisprimary DESC, count(*), i.indexrelid",
            quote_text(schema),
            quote_text(name)
        ))
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Query that finds computed rows in a table and its base tables, and tables that were rewritten after the transaction's snapshot.
/// Catalogue tables show the state of the snapshot, whereas catalogue functions show the current state.
fn computed_rows_query(schema: &str, name: &str) -> String {
    format!(
        "WITH RECURSIVE named AS (\
           SELECT c.oid, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
           WHERE n.nspname = {} AND c.relname = {}\
         ), below(oid, relkind) AS (\
           SELECT oid, relkind FROM named \
           UNION \
           SELECT c.oid, c.relkind FROM below b CROSS JOIN LATERAL (\
             SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = b.oid \
             UNION ALL \
             SELECT d.refobjid FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass \
             AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass \
             WHERE r.ev_class = b.oid AND b.relkind = 'v'\
           ) x(oid) JOIN pg_class c ON c.oid = x.oid\
         ) \
         SELECT to_regclass({}) = (SELECT oid FROM named), bool_or(c.relkind IN ('v', 'f') OR c.relrowsecurity OR EXISTS (\
           SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated = 'v')), \
         bool_or(c.relkind IN ('r', 'm') AND c.relfilenode IS DISTINCT FROM pg_relation_filenode(c.oid)) \
         FROM below b JOIN pg_class c ON c.oid = b.oid",
        quote_text(schema),
        quote_text(name),
        quote_text(&format!(
            "{}.{}",
            quote_identifier(schema),
            quote_identifier(name)
        ))
    )
}

async fn discover_columns(
    open: &PostgresConnection,
    schema: &str,
    name: &str,
) -> Result<Vec<DiscoveredColumn>, Refusal> {
    let rows = open
        .read_rows(&format!(
            "SELECT a.attname::text, t.typname::text, t.typtype::text, a.atttypmod::int8, a.attnotnull, \
             format_type(a.atttypid, a.atttypmod), t.typnamespace = 'pg_catalog'::regnamespace \
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
             JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
             AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            quote_text(schema),
            quote_text(name)
        ))
        .await?;
    let found = rows.iter().map(|row| {
        let (kind, class, modifier): (String, String, i64) = (row.get(1), row.get(2), row.get(3));
        DiscoveredColumn {
            name: row.get(0),
            kind: match class.as_str() {
                "e" => Some(PgType::AsText),
                // A user-defined domain or type may have the name of a built-in one.
                "b" if row.get::<_, bool>(6) => parse_column_type(&kind, modifier),
                _ => None,
            },
            is_any_numeric: kind == "numeric" && class == "b" && row.get::<_, bool>(6),
            nullable: !row.get::<_, bool>(4),
            written: row.get(5),
        }
    });
    Ok(found.collect())
}

/// Counts the rows of a table, and those that belong to the dataset.
///
/// # Errors
/// `SOURCE_UNREADABLE`.
pub async fn count_rows(
    table: &PostgresTable,
    limit: std::time::Duration,
) -> Result<(u64, u64), Refusal> {
    let open = PostgresConnection::open(&table.server, limit).await?;
    let readable = table.readable_conditions();
    let filter = if readable.is_empty() {
        String::new()
    } else {
        format!(" FILTER (WHERE {})", readable.join(" AND "))
    };
    // All columns are named, so that a missing read permission is detected now.
    let columns = table
        .columns
        .iter()
        .map(|column| quote_identifier(&column.name));
    let sql = format!(
        "SELECT count(*), count(*){filter} FROM (SELECT {} FROM {}) t",
        columns.collect::<Vec<_>>().join(", "),
        table.quoted_name()
    );
    let rows = open.read_rows(&sql).await?;
    let count = |at: usize| {
        let row = rows.first().map(|row| row.get::<_, i64>(at));
        row.and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
    };
    Ok((count(0), count(1)))
}

/// Kind of a built-in type by its name and modifier.
fn parse_column_type(name: &str, modifier: i64) -> Option<PgType> {
    Some(match name {
        "text" | "varchar" => PgType::Text,
        "bpchar" | "uuid" => PgType::AsText,
        "bool" => PgType::Bool,
        "int2" | "int4" | "int8" => PgType::Int,
        "float4" | "float8" => PgType::Float,
        "numeric" => numeric_type(modifier)?,
        "date" => PgType::Date,
        "timestamptz" => PgType::Instant,
        _ => return None,
    })
}

/// `numeric` type for a modifier, if 38 digits hold all its numbers. The scale of PostgreSQL may be negative or exceed the
/// precision.
fn numeric_type(modifier: i64) -> Option<PgType> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let (digits, scale) = (packed >> 16, ((packed & 0x7ff) ^ 1024) - 1024);
    let digits = (digits - scale.min(0)).max(scale);
    let kind = DecimalType::new(u8::try_from(digits).ok()?, u8::try_from(scale.max(0)).ok()?)?;
    Some(PgType::Numeric {
        precision: kind.precision(),
        scale: kind.scale(),
        is_checked: false,
    })
}

/// SQL text literal.
pub(super) fn quote_text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

impl DiscoveredColumn {
    /// Checks that a value can be read as a column of this type.
    fn holds(&self, kind: PgType) -> bool {
        self.kind == Some(kind)
            || (self.is_any_numeric
                && matches!(
                    kind,
                    PgType::Numeric {
                        is_checked: true,
                        ..
                    }
                ))
    }

    /// Type for a dataset column with the declared type `declared`.
    fn read_as(&self, declared: Option<ColumnType>) -> Option<PgType> {
        match declared {
            Some(ColumnType::Decimal(kind))
                if self.is_any_numeric && self.kind.map(PgType::column) != declared =>
            {
                Some(PgType::Numeric {
                    precision: kind.precision(),
                    scale: kind.scale(),
                    is_checked: true,
                })
            }
            _ => self.kind,
        }
    }
}

impl PostgresColumn {
    /// Converts a found column for publication. `declared` is the type of the dataset's column, if known.
    ///
    /// # Errors
    /// The problem of the type, with a remedy.
    pub fn from_column(
        found: &DiscoveredColumn,
        declared: Option<ColumnType>,
    ) -> Result<Self, (String, &'static str)> {
        let kind = found.read_as(declared).ok_or_else(|| {
            let help = match found.written.as_str() {
                written if written.starts_with("timestamp") => {
                    "a time without a zone is no instant: make a view with AT TIME ZONE"
                }
                written if written.starts_with("numeric") => {
                    "declare it with its digits as [[dataset.column]], such as type = \"decimal(18,2)\", or make a view that casts it"
                }
                "interval" => {
                    "an interval is no number: make a view with extract(epoch FROM …), in seconds"
                }
                "money" => {
                    "money depends on the settings of the server: make a view that casts it to numeric(19,2)"
                }
                written if written.starts_with("time") => {
                    "a time of day is no instant: make a view that puts it together with its day, or casts it to text"
                }
                written if written.ends_with("[]") => {
                    "a list is no value: make a view with a row for each of its values, or with array_to_string"
                }
                _ => "leave it out with skip_columns, or make a view that casts it",
            };
            (
                format!(
                    "column `{}` of type {} can't be published",
                    found.name, found.written
                ),
                help,
            )
        })?;
        Ok(Self {
            name: found.name.clone(),
            kind,
            nullable: found.nullable,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{PgType, numeric_type};

    #[test]
    fn numbers_are_exact_where_38_digits_hold_them() {
        let modifier = |digits: i64, scale: i64| ((digits << 16) | (scale & 0x7ff)) + 4;
        for (digits, scale, expect) in [
            (12, 2, (12, 2)),
            (38, 38, (38, 38)),
            (3, -2, (5, 0)),
            (2, 5, (5, 5)),
        ] {
            let (precision, scale_read) = expect;
            let expect = PgType::Numeric {
                precision,
                scale: scale_read,
                is_checked: false,
            };
            assert_eq!(numeric_type(modifier(digits, scale)), Some(expect));
        }
        for (digits, scale) in [(39, 0), (38, -1), (5, 400), (1000, 0)] {
            assert_eq!(
                numeric_type(modifier(digits, scale)),
                None,
                "{digits} {scale}"
            );
        }
        assert_eq!(numeric_type(-1), None);
    }
}
