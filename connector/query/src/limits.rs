//! The limits of one statement, and of one question while it runs.

use std::time::Duration;

/// The most time for planning alone.
const PLANNING: Duration = Duration::from_secs(20);

/// What one statement may hold. Counted before planning, whose time grows with the square and does not yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlStatementLimits {
    /// Bytes of text.
    pub bytes: usize,
    /// Tokens, but for those of lists of values.
    pub tokens: usize,
    /// Values in lists behind IN, which stay together as they are planned.
    pub values: usize,
    /// The same with each CTE put in its places, and each condition in the arms of a union below it.
    pub spread: usize,
    /// Levels of parentheses, calls, cases and subqueries.
    pub nesting: usize,
    /// Operators, also postfix ones such as `::` and `IS NULL`.
    pub operators: usize,
    /// Table references after each CTE was put in its places.
    pub tables: usize,
    /// Joins as written.
    pub joins: usize,
    /// Arms of set operations.
    pub arms: usize,
    /// Time for parsing and planning.
    pub planning: Duration,
    /// Whether parameters may stand in it: for the types of their places alone, since what is executed has values there.
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

/// What one question may use while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryResourceLimits {
    /// Bytes of memory that operators reserve.
    pub memory: usize,
    /// Bytes of temporary files.
    pub spill: u64,
    /// From the start of execution to the last row.
    pub time: Duration,
    /// Time of that for planning.
    pub planning: Duration,
    /// Passes of the optimizer over a logical plan; without any, a plan runs as it was analysed.
    pub optimizer_passes: usize,
    /// Rows of the answer.
    pub rows: u64,
    /// Threads of work above the gate.
    pub partitions: usize,
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Cores at which a plan runs of which nothing in the answer depends on how rows are dealt.
    pub cores: usize,
    /// Stored rows of its largest table from which such a plan runs at more than one.
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
