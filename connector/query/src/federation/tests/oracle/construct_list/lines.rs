//! SQL constructs: supported ones, ones that differ from PostgreSQL, and refused ones.

mod queries;
mod rows;
mod values;

/// Outcome of a statement.
pub(super) enum Outcome {
    /// Rows with their cells, as PostgreSQL writes them.
    Rows(&'static str),
    /// Error, with its code if it has one.
    Fails(&'static str),
}

/// SQL construct with a statement.
pub(super) struct ConstructLine {
    pub(super) construct: &'static str,
    pub(super) meaning: &'static str,
    pub(super) statement: &'static str,
    pub(super) postgresql: Outcome,
    /// Outcome here, if it differs from that of PostgreSQL.
    pub(super) here: Option<Outcome>,
    /// Replacement for a refused statement.
    pub(super) instead: Option<&'static str>,
    /// Outcome in the unmodified engine, if it is wrong.
    pub(super) engine: Option<Outcome>,
    pub(super) reason: Option<&'static str>,
}

/// Group of related constructs.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) lines: &'static [ConstructLine],
}

/// Text above all sections.
pub(super) const HEAD: &str = "\
# SQL

Written by `HANSA_WRITE_DOCS=1 cargo heavy construct_list`, and compared with what is understood by every test run: each statement is asked
here, of PostgreSQL 15 and of an unmodified DataFusion 55.

What is not listed is refused. What is listed gives the rows that PostgreSQL gives, or the line says **differs**, with both values, or
**refused**, with a form that passes. The column *unmodified engine* is filled where the engine below can't be trusted: such a construct is
rewritten here before it is planned, or refused. The test of its line fails when the engine gives something else, so that the line is looked
at again; the issue or change that would repair it stands in the remarks.

Cells are separated by commas, rows by semicolons. The statements are about these tables:
";

/// Text above the lists of functions.
pub(super) const FUNCTIONS: &str = "\
Each gives the same for the same arguments wherever and whenever it runs, but for those of the time, which is that of the question. Those
that collect rows without a bound, draw numbers, read files or tell of the machine are not there.
";

/// All sections.
pub(super) const SECTIONS: &[Section] = &[
    queries::QUERIES,
    queries::JOINS,
    queries::SUBQUERIES,
    queries::SETS_OF_ROWS,
    rows::GROUPS_AND_AGGREGATES,
    rows::WINDOWS,
    values::OPERATORS,
    values::KINDS_OF_VALUES,
    super::decimal_lines::DECIMALS,
    values::TEXTS_AND_PATTERNS,
    values::NUMBERS,
    values::DAYS_INSTANTS_AND_SPANS,
];
