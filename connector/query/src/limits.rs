//! Limits of one statement, and of one running question.

use std::time::Duration;

/// The most time for planning alone.
const PLANNING: Duration = Duration::from_secs(20);

/// Limits of one statement. They are checked before planning, whose time grows quadratically and which does not yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlStatementLimits {
    /// Bytes of text.
    pub bytes: usize,
    /// Number of tokens outside of value lists.
    pub tokens: usize,
    /// Number of values in IN lists, which planning keeps together.
    pub values: usize,
    /// Number of values in IN lists after the expansion of CTEs, and of conditions copied into the arms of a union.
    pub spread: usize,
    /// Nesting depth of parentheses, calls, CASE expressions and subqueries.
    pub nesting: usize,
    /// Number of operators, including postfix ones such as `::` and `IS NULL`.
    pub operators: usize,
    /// Number of table references after the expansion of CTEs.
    pub tables: usize,
    /// Number of joins in the text.
    pub joins: usize,
    /// Number of arms of set operations.
    pub arms: usize,
    /// Time for parsing and planning.
    pub planning: Duration,
    /// Permission for parameters. It is given only to infer their types; an executed statement has values in their places.
    pub parameters: bool,
}

impl Default for SqlStatementLimits {
    fn default() -> Self {
        Self {
            bytes: 256 * 1024,
            tokens: 20_000,
            values: 32_768,
            spread: 131_072,
            nesting: 40,
            operators: 500,
            tables: 64,
            joins: 16,
            arms: 64,
            planning: PLANNING,
            parameters: false,
        }
    }
}

/// Resource limits of one running question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryResourceLimits {
    /// Memory that operators may reserve, in bytes.
    pub memory: usize,
    /// Temporary files, in bytes.
    pub spill: u64,
    /// Time from the start of the execution to the last row.
    pub time: Duration,
    /// Time of that for planning.
    pub planning: Duration,
    /// Passes of the optimizer over a logical plan; without any, a plan runs as it was analysed.
    pub optimizer_passes: usize,
    /// Rows of the answer.
    pub rows: u64,
    /// Number of partitions above the governed tables.
    pub partitions: usize,
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Number of cores for a plan whose answer does not depend on the distribution of rows.
    pub cores: usize,
    /// Minimum stored rows of the largest table for more than one core.
    pub rows_for_cores: u64,
}

/// The engine's own number.
const OPTIMIZER_PASSES: usize = 3;

/// Below so many rows a second core costs more than it gives.
const ROWS_FOR_CORES: u64 = 200_000;

impl Default for QueryResourceLimits {
    fn default() -> Self {
        Self {
            memory: 256 * 1024 * 1024,
            spill: 1024 * 1024 * 1024,
            time: Duration::from_secs(300),
            planning: PLANNING,
            optimizer_passes: OPTIMIZER_PASSES,
            rows: u64::MAX,
            partitions: 1,
            batch_rows: 8192,
            cores: 1,
            rows_for_cores: ROWS_FOR_CORES,
        }
    }
}
