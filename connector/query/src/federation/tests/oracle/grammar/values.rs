//! Expressions of each type.

use super::{Grammar, Scope, ValueKind, literal, other, value};
use crate::federation::tests::oracle::statement_tree::{Node, NodeKind};

impl Grammar<'_> {
    /// Expression over the columns of a scope.
    pub(super) fn value(&mut self, kind: ValueKind, scope: &Scope, depth: u32) -> Node {
        if depth == 0 || self.chance(0.3) {
            return self.leaf(kind, scope);
        }
        if self.chance(0.06)
            && let Some(node) = self.single_value(kind, scope)
        {
            return node;
        }
        let depth = depth - 1;
        // Forms that exist for every type.
        if self.chance(0.18) {
            return self.choice(kind, scope, depth);
        }
        match kind {
            ValueKind::Int => self.int(scope, depth),
            ValueKind::Float => self.float(scope, depth),
            ValueKind::Decimal => self.decimal(scope, depth),
            ValueKind::Text => self.text(scope, depth),
            ValueKind::Bool => self.truth(scope, depth),
            ValueKind::Date => self.date(scope, depth),
            ValueKind::Instant => self.instant(scope, depth),
        }
    }

    fn leaf(&mut self, kind: ValueKind, scope: &Scope) -> Node {
        if self.chance(0.75)
            && let Some(column) = self.column(kind, scope)
        {
            return column;
        }
        self.literal(kind)
    }

    pub(super) fn column(&mut self, kind: ValueKind, scope: &Scope) -> Option<Node> {
        let outer = !scope.outer.is_empty() && self.chance(0.35);
        let relations = if outer {
            &scope.outer
        } else {
            &scope.relations
        };
        let mut all = Vec::new();
        for relation in relations {
            for (name, column_kind) in &relation.columns {
                if *column_kind == kind {
                    all.push(format!("{}.{name}", relation.alias));
                }
            }
        }
        if !outer {
            let merged = scope.merged.iter();
            all.extend(
                merged
                    .filter(|(_, of)| *of == kind)
                    .map(|(name, _)| name.clone()),
            );
        }
        if all.is_empty() {
            return None;
        }
        let at = self.below(all.len());
        Some(literal(kind, all.swap_remove(at)))
    }

    pub(super) fn literal(&mut self, kind: ValueKind) -> Node {
        if self.chance(0.08) {
            let name = match kind {
                ValueKind::Int => "BIGINT",
                ValueKind::Float => "DOUBLE PRECISION",
                ValueKind::Decimal => "DECIMAL(12, 2)",
                ValueKind::Text => "TEXT",
                ValueKind::Bool => "BOOLEAN",
                ValueKind::Date => "DATE",
                ValueKind::Instant => "TIMESTAMP WITH TIME ZONE",
            };
            return literal(kind, format!("CAST(NULL AS {name})"));
        }
        let text = match kind {
            ValueKind::Int => self.one(&["0", "1", "2", "3", "-1", "5", "7"]),
            ValueKind::Decimal => self.one(&[
                "CAST('0.10' AS DECIMAL(12, 2))",
                "CAST('-2.5' AS DECIMAL(5, 1))",
                "CAST('1.505' AS DECIMAL(12, 3))",
                "CAST(3 AS DECIMAL(12, 0))",
                "12345678901234567.89",
            ]),
            ValueKind::Float => self.one(&[
                "CAST('NaN' AS DOUBLE PRECISION)",
                "CAST('-Infinity' AS DOUBLE PRECISION)",
                "CAST('-0' AS DOUBLE PRECISION)",
                "CAST(0.0 AS DOUBLE PRECISION)",
                "CAST(0.5 AS DOUBLE PRECISION)",
                "CAST(-1.25 AS DOUBLE PRECISION)",
                "CAST(3.0 AS DOUBLE PRECISION)",
                "CAST(-0.0 AS DOUBLE PRECISION)",
            ]),
            ValueKind::Text => {
                self.one(&["'a'", "'ab'", "''", "'zz'", "'é'", "'ABC'", "'%'", "'12'"])
            }
            ValueKind::Bool => self.one(&["true", "false"]),
            ValueKind::Date => self.one(&[
                "DATE '2024-02-29'",
                "DATE '2024-03-01'",
                "DATE '1999-12-31'",
                "DATE '2023-12-31'",
            ]),
            ValueKind::Instant => self.one(&[
                "TIMESTAMP WITH TIME ZONE '2024-03-31T00:30:00Z'",
                "TIMESTAMP WITH TIME ZONE '2024-10-27T00:30:00Z'",
                "TIMESTAMP WITH TIME ZONE '2024-02-29 00:00:00+00'",
                "TIMESTAMP WITH TIME ZONE '2024-12-31 23:59:59.5+00'",
            ]),
        };
        literal(kind, text)
    }

    fn choice(&mut self, kind: ValueKind, scope: &Scope, depth: u32) -> Node {
        match self.below(5) {
            0 => {
                let [one, other] = self.two(kind, scope, depth);
                value(kind, "coalesce({}, {})", vec![one, other])
            }
            1 => {
                let [one, other] = self.two(kind, scope, depth);
                value(kind, "nullif({}, {})", vec![one, other])
            }
            2 => {
                let condition = self.value(ValueKind::Bool, scope, depth);
                let [one, other] = self.two(kind, scope, depth);
                value(
                    kind,
                    "CASE WHEN {} THEN {} ELSE {} END",
                    vec![condition, one, other],
                )
            }
            3 => {
                let of = self.kind();
                let subject = self.value(of, scope, depth);
                let [when, second] = self.two(of, scope, 0);
                let [one, other] = self.two(kind, scope, depth);
                value(
                    kind,
                    "CASE {} WHEN {} THEN {} WHEN {} THEN {} END",
                    vec![subject, when, one, second, other],
                )
            }
            _ => {
                let [one, other] = self.two(kind, scope, depth);
                let name = self.one(&["greatest", "least"]);
                value(kind, &format!("{name}({{}}, {{}})"), vec![one, other])
            }
        }
    }

    /// Expression with a column of the query itself. Outer columns do not affect groups.
    pub(super) fn key(&mut self, kind: ValueKind, scope: &Scope) -> Node {
        let own = Scope {
            outer: Vec::new(),
            ..scope.clone()
        };
        let Some(column) = self.column(kind, &own) else {
            return self.literal(kind);
        };
        match (kind, self.below(3)) {
            (ValueKind::Int, 0) => value(kind, "({} % 3)", vec![column]),
            (ValueKind::Text, 0) => value(kind, "upper(replace({}, 'ß', 'z'))", vec![column]),
            (ValueKind::Float | ValueKind::Decimal, 0) => value(kind, "floor({})", vec![column]),
            (ValueKind::Bool, 0) => value(kind, "({} IS NULL)", vec![column]),
            (ValueKind::Instant, 0) => value(kind, "date_trunc('month', {})", vec![column]),
            _ => column,
        }
    }

    fn two(&mut self, kind: ValueKind, scope: &Scope, depth: u32) -> [Node; 2] {
        [0, 1].map(|_| self.value(kind, scope, depth))
    }

    fn int(&mut self, scope: &Scope, depth: u32) -> Node {
        let kind = ValueKind::Int;
        match self.below(14) {
            0..=2 => {
                let [one, other] = self.two(kind, scope, depth);
                let op = self.one(&["+", "-"]);
                value(kind, &format!("({{}} {op} {{}})"), vec![one, other])
            }
            3 => {
                let one = self.value(kind, scope, depth);
                let by = self.one(&["2", "3", "-1"]);
                value(kind, &format!("({{}} * {by})"), vec![one])
            }
            4 => {
                let [one, other] = self.two(kind, scope, depth);
                let op = self.one(&["/", "%"]);
                value(
                    kind,
                    &format!("({{}} {op} nullif({{}}, 0))"),
                    vec![one, other],
                )
            }
            5 => {
                let one = self.value(kind, scope, depth);
                let call = self.one(&["abs({})", "(- {})", "(+ {})"]);
                value(kind, call, vec![one])
            }
            6 | 7 => {
                let text = self.value(ValueKind::Text, scope, depth);
                let call = self.one(&[
                    "character_length({})",
                    "length({})",
                    "octet_length({})",
                    "ascii({})",
                ]);
                value(kind, call, vec![text])
            }
            8 => {
                let [one, other] = self.two(ValueKind::Text, scope, depth);
                let call = self.one(&["strpos({}, {})", "position({} IN {})"]);
                value(kind, call, vec![one, other])
            }
            9 | 10 => {
                let of = self.one(&[ValueKind::Date, ValueKind::Instant]);
                let day = self.value(of, scope, depth);
                let part = self.one(&[
                    "year", "month", "day", "quarter", "week", "doy", "dow", "isodow", "isoyear",
                ]);
                value(
                    kind,
                    &format!("CAST(extract({part} FROM {{}}) AS BIGINT)"),
                    vec![day],
                )
            }
            11 => {
                let at = self.value(ValueKind::Instant, scope, depth);
                let part = self.one(&["hour", "minute"]);
                value(
                    kind,
                    &format!("CAST(extract({part} FROM {{}}) AS BIGINT)"),
                    vec![at],
                )
            }
            12 => {
                let truth = self.value(ValueKind::Bool, scope, depth);
                value(kind, "CAST({} AS INT)", vec![truth])
            }
            _ => {
                let [one, other] = self.two(ValueKind::Date, scope, depth);
                value(kind, "({} - {})", vec![one, other])
            }
        }
    }

    fn float(&mut self, scope: &Scope, depth: u32) -> Node {
        let kind = ValueKind::Float;
        match self.below(11) {
            0..=2 => {
                let [one, other] = self.two(kind, scope, depth);
                let op = self.one(&["+", "-", "*"]);
                value(kind, &format!("({{}} {op} {{}})"), vec![one, other])
            }
            3 => {
                let [one, other] = self.two(kind, scope, depth);
                value(
                    kind,
                    "({} / nullif({}, CAST(0 AS DOUBLE PRECISION)))",
                    vec![one, other],
                )
            }
            4 => {
                let one = self.value(kind, scope, depth);
                let call = self.one(&["abs({})", "(- {})", "floor({})", "ceil({})", "trunc({})"]);
                value(kind, call, vec![one])
            }
            5 => {
                let one = self.value(kind, scope, depth);
                value(kind, "sqrt(abs({}))", vec![one])
            }
            6 => {
                let one = self.value(ValueKind::Int, scope, depth);
                value(kind, "CAST({} AS DOUBLE PRECISION)", vec![one])
            }
            7 => {
                let [one, other] =
                    [ValueKind::Int, kind].map(|kind| self.value(kind, scope, depth));
                let op = self.one(&["+", "-", "*"]);
                value(kind, &format!("({{}} {op} {{}})"), vec![one, other])
            }
            8 => {
                let [one, other] = self.two(ValueKind::Instant, scope, depth);
                value(
                    kind,
                    "CAST(extract(epoch FROM ({} - {})) AS DOUBLE PRECISION)",
                    vec![one, other],
                )
            }
            _ => {
                let day = self.value(ValueKind::Instant, scope, depth);
                let part = self.one(&["epoch", "second", "millisecond"]);
                value(
                    kind,
                    &format!("CAST(extract({part} FROM {{}}) AS DOUBLE PRECISION)"),
                    vec![day],
                )
            }
        }
    }

    fn decimal(&mut self, scope: &Scope, depth: u32) -> Node {
        let kind = ValueKind::Decimal;
        match self.below(8) {
            0 | 1 => {
                let [one, other] = self.two(kind, scope, depth);
                let op = self.one(&["+", "-"]);
                value(kind, &format!("({{}} {op} {{}})"), vec![one, other])
            }
            2 => {
                let one = self.value(kind, scope, depth);
                let by = self.one(&["* 2", "* 0.5", "% 3", "+ 0.1", "- 0.25"]);
                value(kind, &format!("({{}} {by})"), vec![one])
            }
            3 => {
                let one = self.value(kind, scope, depth);
                let call = self.one(&[
                    "abs({})",
                    "(- {})",
                    "floor({})",
                    "ceil({})",
                    "trunc({}, 1)",
                    "round({}, 1)",
                    "round({})",
                    "CAST({} AS DECIMAL(24, 1))",
                ]);
                value(kind, call, vec![one])
            }
            4 => {
                let whole = self.value(ValueKind::Int, scope, 0);
                let one = self.value(kind, scope, depth);
                value(kind, "({} + {})", vec![whole, one])
            }
            5 => {
                let whole = self.value(ValueKind::Int, scope, depth);
                value(kind, "CAST({} AS DECIMAL(20, 0))", vec![whole])
            }
            6 => {
                let column = self.column(kind, scope);
                let one = column.unwrap_or_else(|| self.literal(kind));
                let by = self.one(&["4", "3", "0.7"]);
                value(kind, &format!("({{}} / {by})"), vec![one])
            }
            _ => {
                let one = self.value(kind, scope, 0);
                value(kind, "(1.19 * {})", vec![one])
            }
        }
    }

    fn text(&mut self, scope: &Scope, depth: u32) -> Node {
        let kind = ValueKind::Text;
        match self.below(16) {
            0..=2 => {
                let [one, other] = self.two(kind, scope, depth);
                value(kind, "({} || {})", vec![one, other])
            }
            3 | 4 => {
                let one = self.value(kind, scope, depth);
                let call = self.one(&[
                    "upper(replace({}, 'ß', 'z'))",
                    "lower({})",
                    "reverse({})",
                    "trim({})",
                    "btrim({})",
                    "ltrim({})",
                    "rtrim({})",
                    "trim(BOTH 'a' FROM {})",
                    "trim(LEADING 'ab' FROM {})",
                    "btrim({}, 'ac')",
                ]);
                value(kind, call, vec![one])
            }
            5 | 6 => {
                let one = self.value(kind, scope, depth);
                let from = self.one(&["1", "2", "0", "3"]);
                let call = self.one(&[
                    "substr({}, #)",
                    "substr({}, #, 2)",
                    "substring({} FROM # FOR 1)",
                ]);
                value(kind, &call.replace('#', from), vec![one])
            }
            7 => {
                let one = self.value(kind, scope, depth);
                let count = self.one(&["0", "1", "2", "-1", "9"]);
                let call = self.one(&["left({}, #)", "right({}, #)"]);
                value(kind, &call.replace('#', count), vec![one])
            }
            8 => {
                let one = self.value(kind, scope, depth);
                let call = self.one(&[
                    "lpad({}, 3)",
                    "rpad({}, 4, 'xy')",
                    "lpad({}, 5, 'z')",
                    "repeat({}, 2)",
                ]);
                value(kind, call, vec![one])
            }
            9 => {
                let [one, other] = self.two(kind, scope, depth);
                let call = self.one(&[
                    "replace({}, {}, 'q')",
                    "concat({}, {})",
                    "concat_ws('-', {}, {})",
                ]);
                value(kind, call, vec![one, other])
            }
            10 => {
                let one = self.value(kind, scope, depth);
                let call = self.one(&[
                    "split_part({}, 'b', 1)",
                    "split_part({}, 'b', 2)",
                    "split_part({}, 'b', -1)",
                    "translate({}, 'ab', 'ba')",
                    "translate({}, 'abc', 'x')",
                    "initcap(replace({}, 'ß', 'z'))",
                    "overlay({} PLACING 'ü' FROM 2)",
                    "overlay({} PLACING 'üü' FROM 1 FOR 1)",
                ]);
                value(kind, call, vec![one])
            }
            11 => {
                let one = self.value(ValueKind::Int, scope, depth);
                value(kind, "CAST({} AS TEXT)", vec![one])
            }
            12 => {
                let one = self.value(ValueKind::Date, scope, depth);
                value(kind, "CAST({} AS TEXT)", vec![one])
            }
            13 => {
                let one = self.value(ValueKind::Bool, scope, depth);
                value(kind, "CAST({} AS TEXT)", vec![one])
            }
            14 => {
                let one = self.value(kind, scope, depth);
                let call = self.one(&[
                    "regexp_replace({}, 'a', 'x')",
                    "regexp_replace({}, '[ab]+', '', 'g')",
                    "regexp_replace({}, '^([^~])([^~]*)$', '\\2\\1')",
                ]);
                value(kind, call, vec![one])
            }
            _ => {
                let count = self.one(&["65", "233", "128512"]);
                literal(kind, format!("chr({count})"))
            }
        }
    }

    pub(super) fn truth(&mut self, scope: &Scope, depth: u32) -> Node {
        let kind = ValueKind::Bool;
        match self.below(26) {
            0..=3 => {
                let of = self.kind();
                let [one, other] = self.two(of, scope, depth);
                let op = self.one(&["=", "<>", "<", "<=", ">", ">="]);
                value(kind, &format!("({{}} {op} {{}})"), vec![one, other])
            }
            4..=6 => {
                let [one, other] = self.two(kind, scope, depth);
                let op = self.one(&["AND", "OR"]);
                value(kind, &format!("({{}} {op} {{}})"), vec![one, other])
            }
            7 | 8 => {
                let one = self.value(kind, scope, depth);
                value(kind, "(NOT {})", vec![one])
            }
            9 => {
                let of = self.kind();
                let one = self.value(of, scope, depth);
                let test = self.one(&["({} IS NULL)", "({} IS NOT NULL)"]);
                value(kind, test, vec![one])
            }
            10 => {
                let one = self.value(kind, scope, depth);
                let test = self.one(&[
                    "({} IS TRUE)",
                    "({} IS NOT TRUE)",
                    "({} IS FALSE)",
                    "({} IS NOT FALSE)",
                    "({} IS UNKNOWN)",
                    "({} IS NOT UNKNOWN)",
                ]);
                value(kind, test, vec![one])
            }
            11 => {
                let of = self.kind();
                let [one, other] = self.two(of, scope, depth);
                let op = self.one(&["IS DISTINCT FROM", "IS NOT DISTINCT FROM"]);
                value(kind, &format!("({{}} {op} {{}})"), vec![one, other])
            }
            12..=14 => {
                let of = self.kind();
                let one = self.value(of, scope, depth);
                let count = self.one(&[1, 2, 3, 4, 6]);
                let items: Vec<Node> = (0..count)
                    .map(|_| match self.chance(0.15) {
                        true => self.value(of, scope, 0),
                        false => self.literal(of),
                    })
                    .collect();
                let op = self.one(&["IN", "NOT IN"]);
                value(
                    kind,
                    &format!("({{}} {op} ({{}}))"),
                    vec![one, Node::list(items, ", ")],
                )
            }
            15 => {
                let of = self.kind();
                let one = self.value(of, scope, depth);
                let [low, high] = self.two(of, scope, 0);
                let op = self.one(&["BETWEEN", "NOT BETWEEN"]);
                value(
                    kind,
                    &format!("({{}} {op} {{}} AND {{}})"),
                    vec![one, low, high],
                )
            }
            16 | 17 => {
                let one = self.value(ValueKind::Text, scope, depth);
                let op = self.one(&["LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"]);
                let pattern = self.one(&[
                    "'a%'",
                    "'%a%'",
                    "'_'",
                    "'a_c'",
                    "'%'",
                    "''",
                    "'é'",
                    "'a\\%c'",
                    "'a\\_c'",
                    "'%B%'",
                    "'x_y'",
                    "'%c'",
                    "'a!%c' ESCAPE '!'",
                    "'a\\c' ESCAPE ''",
                    "'_%'",
                    "'%%'",
                    "'ä'",
                    "'%\\\\%'",
                ]);
                value(kind, &format!("({{}} {op} {pattern})"), vec![one])
            }
            18 => {
                let one = self.value(ValueKind::Text, scope, depth);
                let op = self.one(&["~", "!~", "~*", "!~*"]);
                let pattern = self.one(&[
                    "'^a'",
                    "'b$'",
                    "'a.c'",
                    "'^$'",
                    "'[0-9]+'",
                    "'a|b'",
                    "'é'",
                    "'^(ab|zz)$'",
                ]);
                value(kind, &format!("({{}} {op} {pattern})"), vec![one])
            }
            19 => {
                let [one, other] = self.two(ValueKind::Text, scope, depth);
                value(kind, "starts_with({}, {})", vec![one, other])
            }
            20 => {
                let kinds = self.one(&[
                    [ValueKind::Int, ValueKind::Float],
                    [ValueKind::Decimal, ValueKind::Int],
                    [ValueKind::Decimal, ValueKind::Float],
                ]);
                let [one, other] = kinds.map(|kind| self.value(kind, scope, depth));
                let op = self.one(&["=", "<>", "<", ">="]);
                value(kind, &format!("({{}} {op} {{}})"), vec![one, other])
            }
            21 if self.chance(0.5) => {
                let one = self.value(ValueKind::Decimal, scope, depth);
                let test = self.one(&["= 0.1", "<> 0.30", "< 1.505", "IN (0.1, 1, 0.3)", ">= 1"]);
                value(kind, &format!("({{}} {test})"), vec![one])
            }
            21 => {
                let one = self.value(ValueKind::Instant, scope, depth);
                let day = self.value(ValueKind::Date, scope, depth);
                let op = self.one(&["=", "<", ">="]);
                value(kind, &format!("({{}} {op} {{}})"), vec![one, day])
            }
            _ => self.subquery_truth(scope, depth),
        }
    }

    fn date(&mut self, scope: &Scope, depth: u32) -> Node {
        let kind = ValueKind::Date;
        match self.below(4) {
            0 => {
                let at = self.value(ValueKind::Instant, scope, depth);
                value(kind, "CAST({} AS DATE)", vec![at])
            }
            1 => {
                let at = self.value(ValueKind::Instant, scope, depth);
                let zone = self.one(&["Europe/Berlin", "America/New_York", "UTC"]);
                value(
                    kind,
                    &format!("CAST({{}} AT TIME ZONE '{zone}' AS DATE)"),
                    vec![at],
                )
            }
            2 => {
                let one = self.value(kind, scope, depth);
                let [op, interval] = [
                    self.one(&["+", "-"]),
                    self.one(&["1 day", "1 month", "1 year", "36 hours", "1 month 2 days"]),
                ];
                value(
                    kind,
                    &format!("CAST({{}} {op} INTERVAL '{interval}' AS DATE)"),
                    vec![one],
                )
            }
            _ => {
                let one = self.value(kind, scope, depth);
                let part = self.one(&["month", "year", "week", "quarter"]);
                value(
                    kind,
                    &format!("CAST(date_trunc('{part}', {{}}) AS DATE)"),
                    vec![one],
                )
            }
        }
    }

    fn instant(&mut self, scope: &Scope, depth: u32) -> Node {
        let kind = ValueKind::Instant;
        match self.below(3) {
            0 => {
                let one = self.value(kind, scope, depth);
                let [op, interval] = [
                    self.one(&["+", "-"]),
                    self.one(&[
                        "1 hour",
                        "90 minutes",
                        "1 day",
                        "1 month",
                        "1 year",
                        "1 day 3 hours",
                        "0.5 seconds",
                    ]),
                ];
                value(
                    kind,
                    &format!("({{}} {op} INTERVAL '{interval}')"),
                    vec![one],
                )
            }
            1 => {
                let one = self.value(kind, scope, depth);
                let part = self.one(&["minute", "hour", "day", "week", "month", "quarter", "year"]);
                value(kind, &format!("date_trunc('{part}', {{}})"), vec![one])
            }
            _ => {
                let one = self.value(kind, scope, depth);
                let zone = self.one(&["Europe/Berlin", "America/New_York"]);
                value(
                    kind,
                    // Timestamps in nanoseconds, which AT TIME ZONE returns, can't represent the year 9999.
                    &format!(
                        "CAST((CAST({{}} AT TIME ZONE '{zone}' AS TIMESTAMP)) AT TIME ZONE 'UTC' AS TIMESTAMP WITH TIME ZONE)"
                    ),
                    vec![one],
                )
            }
        }
    }

    fn subquery_truth(&mut self, scope: &Scope, depth: u32) -> Node {
        let kind = ValueKind::Bool;
        if self.subqueries == 0 {
            return self.leaf(kind, scope);
        }
        self.subqueries -= 1;
        match self.below(4) {
            0 => {
                let wanted = [self.kind()];
                let query = self.query(&wanted, &scope.within(), 1);
                let op = self.one(&["EXISTS", "NOT EXISTS"]);
                value(
                    kind,
                    &format!("({op} ({{}}))"),
                    vec![put_in_brackets(query)],
                )
            }
            1 | 2 => {
                let of = self.kind();
                let one = self.value(of, scope, depth.min(1));
                let query = self.query(&[of], &scope.within(), 1);
                let op = self.one(&["IN", "NOT IN"]);
                value(
                    kind,
                    &format!("({{}} {op} ({{}}))"),
                    vec![one, put_in_brackets(query)],
                )
            }
            _ => {
                let of = self.kind();
                let one = self.value(of, scope, depth.min(1));
                let query = self.query(&[of], &scope.within(), 1);
                let op = self.one(&["=", "<>", "<", "<=", ">", ">="]);
                let any = self.one(&["ANY", "ALL", "SOME"]);
                value(
                    kind,
                    &format!("({{}} {op} {any} ({{}}))"),
                    vec![one, put_in_brackets(query)],
                )
            }
        }
    }

    /// Scalar subquery.
    fn single_value(&mut self, kind: ValueKind, scope: &Scope) -> Option<Node> {
        if self.subqueries == 0 {
            return None;
        }
        self.subqueries -= 1;
        let query = self.one_row_query(kind, &scope.within());
        Some(Node::of(NodeKind::Value(kind), "({})", vec![query]))
    }

    pub(super) fn blank() -> Node {
        other("")
    }
}

/// Query that does not begin with a parenthesis. After IN and ANY the parser would read the parenthesis as a list.
fn put_in_brackets(query: Node) -> Node {
    match query.to_string().starts_with('(') {
        true => Node::of(NodeKind::Query, "SELECT * FROM ({}) AS q", vec![query]),
        false => query,
    }
}
