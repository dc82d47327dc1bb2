//! Random SQL over the table `d`, with expressions that fail on some values.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Random statement.
#[derive(Debug)]
pub(super) struct RandomQuery {
    text: String,
    ordered: bool,
}

impl RandomQuery {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Checks that the rows have a defined order. The arms of a union run in parallel, so its rows have none.
    pub(super) const fn is_ordered(&self) -> bool {
        self.ordered
    }

    /// Creates a random statement. `exact` states that the rows of a LIMIT are determined; `allow_random` permits the function
    /// `random`.
    pub(super) fn generate(
        random: &mut StdRng,
        shown: &[&str],
        exact: bool,
        allow_random: bool,
    ) -> Self {
        let mut make = QueryGenerator { random, shown };
        let kind = make.random.random_range(0..11);
        let body = match kind {
            0..=3 => make.rows(exact),
            4..=6 => make.groups(),
            7 => make.join(),
            8 => make.window(),
            10 => make.whole_table_query(),
            _ => make.set(),
        };
        let text = if allow_random {
            format!("SELECT *, random() FROM ({body}) hole")
        } else {
            body
        };
        let ordered = kind != 9 && !has_join(&text);
        Self { text, ordered }
    }
}

/// Checks for a join. The engine does not define the row order of a join.
fn has_join(text: &str) -> bool {
    let joins = ["JOIN", "EXISTS", "IN (SELECT"];
    joins.iter().any(|word| text.contains(word))
}

struct QueryGenerator<'a> {
    random: &'a mut StdRng,
    shown: &'a [&'a str],
}

impl QueryGenerator<'_> {
    fn choose_text(&mut self, list: &[&str]) -> String {
        (*list.choose(self.random).unwrap()).to_owned()
    }

    fn rows(&mut self, exact: bool) -> String {
        let (a, b, c) = (self.int(2), self.text(1), self.bool(1));
        let filter = self.filter();
        let tail = if exact && self.random.random_bool(0.5) {
            let limit = self.random.random_range(0..6);
            // The row order after a join is undefined, so all columns are sorted.
            let joined = [&a, &b, &c, &filter].into_iter().any(|text| has_join(text));
            let order = if joined { " ORDER BY 1, 2, 3, k" } else { "" };
            format!("{order} LIMIT {limit}")
        } else if self.random.random_bool(0.3) {
            format!(
                " ORDER BY 1, 2, 3, k LIMIT {}",
                self.random.random_range(1..9)
            )
        } else {
            String::new()
        };
        format!("SELECT {a} a, {b} b, {c} c, k FROM d{filter}{tail}")
    }

    fn groups(&mut self) -> String {
        let key = match self.random.random_range(0..5) {
            4 if self.shown.contains(&"cell") => "cell".to_owned(),
            0 => "g".to_owned(),
            1 => "date_trunc('hour', t)".to_owned(),
            2 => "b".to_owned(),
            _ => self.int(1),
        };
        let (a, b) = (self.shown_aggregate(), self.shown_aggregate());
        let filter = self.filter();
        let having = if self.random.random_bool(0.3) {
            format!(" HAVING {} >= 0", self.aggregate())
        } else {
            String::new()
        };
        if self.random.random_bool(0.3) {
            format!("SELECT {a} a, {b} b FROM d{filter}{having}")
        } else {
            format!("SELECT {key} x, {a} a, {b} b FROM d{filter} GROUP BY {key}{having}")
        }
    }

    fn join(&mut self) -> String {
        let (left, right) = (self.int(1), self.int(1));
        let kind = self.choose_text(&["JOIN", "LEFT JOIN", "FULL JOIN"]);
        let condition = self.bool(1);
        format!(
            "SELECT count(*), sum(x.a), min(y.a) FROM (SELECT {left} a, g FROM d WHERE {condition}) x \
             {kind} (SELECT {right} a, g FROM d) y ON x.a = y.a AND x.g = y.g"
        )
    }

    /// Questions that an engine answers or plans from row counts alone, if it has them.
    fn whole_table_query(&mut self) -> String {
        self.choose_text(&[
            "SELECT count(*) n FROM d",
            "SELECT count(*) n, count(1) m FROM d HAVING count(*) > 100",
            "SELECT count(*) n FROM d x JOIN (SELECT g, count(*) c FROM d GROUP BY g) y ON x.g = y.g",
            "SELECT (SELECT count(*) FROM d) n, count(*) c FROM (SELECT k FROM d ORDER BY k LIMIT 7) z",
        ])
    }

    fn window(&mut self) -> String {
        let over = self.choose_text(&[
            "ORDER BY k",
            "PARTITION BY g ORDER BY k",
            "PARTITION BY b ORDER BY t, k",
        ]);
        let function = self.choose_text(&[
            "row_number()",
            "lag(v)",
            "sum(f)",
            "count(*)",
            "first_value(s)",
        ]);
        let filter = self.filter();
        format!("SELECT k, {function} OVER ({over}) w FROM d{filter}")
    }

    fn set(&mut self) -> String {
        let operation = self.choose_text(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]);
        let (a, b) = (self.int(1), self.int(1));
        let filter = self.filter();
        format!("SELECT {a} a FROM d{filter} {operation} SELECT {b} a FROM d")
    }

    fn filter(&mut self) -> String {
        if self.random.random_bool(0.3) {
            return String::new();
        }
        let condition = self.bool(2);
        format!(" WHERE {condition}")
    }

    /// Aggregate in the select list, including those that can't be compared with a number.
    fn shown_aggregate(&mut self) -> String {
        match self.random.random_range(0..10) {
            0 => format!("distinct_state_v1({})", self.int(1)),
            1 => format!("distinct_state_v1({})", self.text(1)),
            2 => "percentile_state_v2(f)".to_owned(),
            3 => self.choose_text(&[
                "approx_percentile_cont(f, 0.9)",
                "var(f)",
                "corr(f, v)",
                "covar(f, f * f)",
                "sum(f)",
                "min(f)",
                "first_value(f)",
                "last_value(s ORDER BY g)",
                "nth_value(f, 2 ORDER BY v)",
            ]),
            _ => self.aggregate(),
        }
    }

    fn aggregate(&mut self) -> String {
        let argument = self.int(1);
        match self.random.random_range(0..11) {
            8 => format!("approx_distinct({})", self.text(1)),
            9 => "approx_median(f)".to_owned(),
            10 => "stddev(f)".to_owned(),
            0 => "count(*)".to_owned(),
            1 => format!("count({argument})"),
            2 => format!("sum({argument})"),
            3 => format!("min({argument})"),
            4 => format!("max({argument})"),
            5 => "avg(f)".to_owned(),
            6 => format!("count(DISTINCT {argument})"),
            _ => format!("sum({argument}) FILTER (WHERE {})", self.bool(1)),
        }
    }

    /// Random expression of 64-bit integers.
    fn int(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.random.random_range(0..6) {
                0 | 1 => "v".to_owned(),
                2 => "k".to_owned(),
                3 => "m".to_owned(),
                4 if self.shown.contains(&"vis") => "vis".to_owned(),
                _ => self.random.random_range(-2..12).to_string(),
            };
        }
        let (a, b) = (self.int(depth - 1), self.int(depth - 1));
        match self.random.random_range(0..10) {
            0 => format!("({a} + {b})"),
            1 => format!("({a} - {b})"),
            2 => format!("({a} * {b})"),
            3 => format!("({a} / {b})"),
            4 => format!("(100 / ({a} - 3))"),
            5 => format!("({a} % {b})"),
            6 => "CAST(s AS BIGINT)".to_owned(),
            7 => format!("CASE WHEN {} THEN {a} ELSE {b} END", self.bool(depth - 1)),
            8 => format!("CAST(length({}) AS BIGINT)", self.text(depth - 1)),
            _ => format!("coalesce({a}, {b})"),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.shown.contains(&"cell") {
                true => self.choose_text(&["s", "g", "cell", "'x'"]),
                false => self.choose_text(&["s", "g", "'x'"]),
            };
        }
        let a = self.text(depth - 1);
        match self.random.random_range(0..5) {
            0 => format!("upper({a})"),
            1 => format!("({a} || g)"),
            2 => format!("CAST({} AS VARCHAR)", self.int(depth - 1)),
            3 => format!("substr({a}, 1, 2)"),
            _ => format!("coalesce({a}, 'none')"),
        }
    }

    /// One or two long IN lists over a column.
    fn lists(&mut self, of: &str, first: usize, word: fn(usize) -> String) -> String {
        let mut list = || {
            format!(
                "{of} {}",
                long_in_list(first, self.random.random_range(0..5), word)
            )
        };
        let (one, other) = (list(), list());
        match self.random.random_range(0..3) {
            0 => one,
            1 => format!("({one} AND {other})"),
            _ => format!("({one} OR {other})"),
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        let a = self.int(depth.saturating_sub(1));
        if depth == 0 {
            return match self.random.random_range(0..8) {
                0 => "b".to_owned(),
                1 => match self.random.random_range(0..40) {
                    first if first % 4 == 0 => self.lists("k", first, |n| n.to_string()),
                    least => format!("v > {least}"),
                },
                2 => "g = 'A'".to_owned(),
                3 => "s IS NOT NULL".to_owned(),
                4 => match self.random.random_range(0..100) {
                    first if first % 5 == 0 => self.lists("s", first, |n| format!("'{n}'")),
                    least => format!("k BETWEEN {least} AND 200"),
                },
                5 => "g IN ('A', 'C')".to_owned(),
                6 => "t >= TIMESTAMP '2025-11-13T06:00:00Z'".to_owned(),
                _ => format!("m <> {}", self.random.random_range(0..9)),
            };
        }
        let (x, y) = (self.bool(depth - 1), self.bool(depth - 1));
        match self.random.random_range(0..9) {
            0 => format!("({x} AND {y})"),
            1 => format!("({x} OR {y})"),
            2 => format!("NOT {x}"),
            3 => format!("{a} > 0"),
            4 => format!("10 / (v - 3) > {a}"),
            5 => format!("s LIKE '%{}%'", self.random.random_range(0..9)),
            6 => format!("{a} IN (SELECT v FROM d WHERE {x})"),
            7 => "EXISTS (SELECT 1 FROM d e WHERE e.v = d.k AND e.g = 'B')".to_owned(),
            _ => "CAST(s AS BIGINT) >= 0".to_owned(),
        }
    }
}

/// Long IN list, which the plan holds as one function. It contains every third number from `first` on, some decreased by one, so
/// lists with an equal beginning and length can still differ.
fn long_in_list(first: usize, other: usize, word: fn(usize) -> String) -> String {
    let number =
        |at: usize| (first + 3 * at).saturating_sub(usize::from(at > 0 && at % 4 == other));
    let words: Vec<String> = (0..80).map(|at| word(number(at))).collect();
    let not = if first.is_multiple_of(8) { "NOT " } else { "" };
    format!("{not}IN ({})", words.join(", "))
}
