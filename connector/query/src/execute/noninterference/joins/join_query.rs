//! Random questions over `d` and `e`. Each question knows its use of both datasets from its construction.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinDatasetName {
    D,
    E,
}

impl JoinDatasetName {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::D => "d",
            Self::E => "e",
        }
    }

    pub(super) const fn other_name(self) -> Self {
        match self {
            Self::D => Self::E,
            Self::E => Self::D,
        }
    }
}

/// Use of one dataset in a question.
#[derive(Debug, Clone, Default)]
pub(super) struct JoinDatasetUse {
    /// Joined with the other dataset.
    pub(super) other: bool,
    /// Joined by a condition other than equality of columns.
    pub(super) otherwise: bool,
    /// Columns that are compared with columns of the other dataset.
    pub(super) over: BTreeSet<&'static str>,
    /// Columns that are used for more than the comparison.
    pub(super) used: BTreeSet<&'static str>,
}

/// Random statement with its use of both datasets.
#[derive(Debug)]
pub(super) struct RandomJoinQuery {
    text: String,
    d: Option<JoinDatasetUse>,
    e: Option<JoinDatasetUse>,
}

impl RandomJoinQuery {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Use of a dataset, if the question names it.
    pub(super) const fn dataset_use(&self, side: JoinDatasetName) -> Option<&JoinDatasetUse> {
        match side {
            JoinDatasetName::D => self.d.as_ref(),
            JoinDatasetName::E => self.e.as_ref(),
        }
    }

    pub(super) fn generate(random: &mut StdRng) -> Self {
        match random.random_range(0..12) {
            0..=4 => random_equijoin(random),
            5 => random_semi_join(random),
            6 => random_self_join(random),
            7 => random_subquery(random),
            8 => random_set_operation(random),
            9 => random_cross_join(random),
            10 => random_conditional_join(random),
            _ => random_single_query(random),
        }
    }
}

/// Equijoin of tables, of aliased subqueries, or of CTEs.
fn random_equijoin(random: &mut StdRng) -> RandomJoinQuery {
    let keys = random_keys(random);
    let kind = choose_text(random, &["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
    let (mut d, mut e) = (keyed_dataset_use(&keys), keyed_dataset_use(&keys));
    let form = match (kind.as_str(), random.random_range(0..4)) {
        // The merged column of a FULL JOIN belongs to neither side, and the unmodified engine can't name it.
        ("FULL JOIN", 1) => 0,
        (_, form) => form,
    };
    let (from, named): (String, bool) = match form {
        0 => (
            format!(
                "d x {kind} e y ON {}",
                format_key_equality(&keys, "x", "y", false)
            ),
            false,
        ),
        1 => (format!("d x {kind} e y USING ({})", keys.join(", ")), false),
        2 => (
            format!(
                "(SELECT a ka, g kg, v FROM d WHERE v <> 7) x {kind} \
                 (SELECT k, v, g kg, a ka FROM e) y ON {}",
                format_key_equality(&keys, "y", "x", true)
            ),
            true,
        ),
        _ => (
            format!(
                "d x {kind} (SELECT a ka, g kg, max(v) v, count(*) k FROM e GROUP BY a, g) y ON {}",
                keys.iter()
                    .map(|key| format!("x.{key} = y.k{key}"))
                    .collect::<Vec<_>>()
                    .join(" AND ")
            ),
            false,
        ),
    };
    if form == 3 {
        // A grouping column counts as used, and the compared column holds the same values.
        e.used.extend(["a", "g"]);
        d.used.extend(keys.iter());
    }
    // A USING column can be named only on the side whose rows are all preserved.
    let key = match (named, form, kind.as_str()) {
        (true, _, _) => "x.ka",
        (false, 1, "RIGHT JOIN") if keys.contains(&"a") => "y.a",
        (false, _, _) => "x.a",
    };
    let mut uses_key = false;
    let select = match random.random_range(0..5) {
        0 => "count(*) n".to_owned(),
        1 => "count(*) n, sum(x.v) s, min(y.v) m".to_owned(),
        2 => "x.v, y.v w".to_owned(),
        3 => "sum(10 / (x.v - 3)) q, max(y.k) k".to_owned(),
        _ => {
            uses_key = true;
            format!("{key} u, y.v w")
        }
    };
    let filter = match random.random_range(0..5) {
        0 => " WHERE x.v > 8".to_owned(),
        1 => " WHERE y.v IS NULL OR 10 / (y.v - 3) >= 0".to_owned(),
        2 => {
            uses_key = true;
            format!(" WHERE {key} < 4")
        }
        _ => String::new(),
    };
    if uses_key {
        d.used.insert("a");
        if keys.contains(&"a") {
            e.used.insert("a");
        }
    }
    RandomJoinQuery {
        text: format!("SELECT {select} FROM {from}{filter}"),
        d: Some(d),
        e: Some(e),
    }
}

/// Semi-join: it reveals which keys exist on the other side, so the key itself counts as shown.
fn random_semi_join(random: &mut StdRng) -> RandomJoinQuery {
    let keys = random_keys(random);
    let kind = choose_text(random, &["LEFT SEMI JOIN", "LEFT ANTI JOIN"]);
    let mut join_use = keyed_dataset_use(&keys);
    join_use.used.extend(keys.iter());
    RandomJoinQuery {
        text: format!(
            "SELECT count(*) n, sum(x.v) s FROM d x {kind} e y ON {}",
            format_key_equality(&keys, "x", "y", false)
        ),
        d: Some(join_use.clone()),
        e: Some(join_use),
    }
}

/// Self-join: the dataset is joined with no other one, but the result reveals which rows match.
fn random_self_join(random: &mut StdRng) -> RandomJoinQuery {
    let keys = random_keys(random);
    let mut join_use = JoinDatasetUse::default();
    join_use.used.extend(keys.iter());
    RandomJoinQuery {
        text: format!(
            "SELECT count(*) n, sum(y.v) s FROM d x JOIN d y ON {}",
            format_key_equality(&keys, "x", "y", false)
        ),
        d: Some(join_use),
        e: None,
    }
}

fn random_subquery(random: &mut StdRng) -> RandomJoinQuery {
    let mut d = JoinDatasetUse {
        other: true,
        otherwise: true,
        ..JoinDatasetUse::default()
    };
    let mut e = d.clone();
    let text = match random.random_range(0..4) {
        0 => {
            d.used.insert("a");
            e.used.insert("a");
            "SELECT count(*) n FROM d WHERE a IN (SELECT a FROM e WHERE v > 8)"
        }
        1 => {
            d.used.insert("a");
            e.used.insert("a");
            "SELECT sum(v) s FROM d WHERE EXISTS (SELECT 1 FROM e WHERE e.a = d.a AND e.v > 6)"
        }
        2 => "SELECT count(*) n FROM d WHERE v > (SELECT min(v) FROM e)",
        _ => "SELECT k, (SELECT count(*) FROM e) n FROM d",
    };
    RandomJoinQuery {
        text: text.to_owned(),
        d: Some(d),
        e: Some(e),
    }
}

fn random_set_operation(random: &mut StdRng) -> RandomJoinQuery {
    let operation = choose_text(random, &["UNION ALL", "UNION"]);
    let join_use = JoinDatasetUse {
        other: true,
        otherwise: true,
        ..JoinDatasetUse::default()
    };
    RandomJoinQuery {
        text: format!("SELECT v FROM d {operation} SELECT v FROM e"),
        d: Some(join_use.clone()),
        e: Some(join_use),
    }
}

fn random_cross_join(random: &mut StdRng) -> RandomJoinQuery {
    let join = choose_text(random, &["CROSS JOIN e y", "JOIN e y ON true", ", e y"]);
    let join = join.replace("JOIN e y ON true", "JOIN e y ON x.v > 6");
    let join_use = JoinDatasetUse {
        other: true,
        otherwise: true,
        ..JoinDatasetUse::default()
    };
    let space = if join.starts_with(',') { "" } else { " " };
    RandomJoinQuery {
        text: format!("SELECT count(*) n, sum(y.v) s FROM d x{space}{join}"),
        d: Some(join_use.clone()),
        e: Some(join_use),
    }
}

/// Equijoin with an additional condition that is no equality.
fn random_conditional_join(random: &mut StdRng) -> RandomJoinQuery {
    let keys = random_keys(random);
    let mut join_use = keyed_dataset_use(&keys);
    join_use.otherwise = true;
    let mut d = join_use.clone();
    let beside = match random.random_range(0..3) {
        0 => "x.v < y.v",
        1 => "10 / (x.v - 3) > 0",
        _ => {
            d.used.insert("a");
            if keys.contains(&"a") {
                join_use.used.insert("a");
            }
            "x.a <> 2"
        }
    };
    RandomJoinQuery {
        text: format!(
            "SELECT count(*) n FROM d x JOIN e y ON {} AND {beside}",
            format_key_equality(&keys, "x", "y", false)
        ),
        d: Some(d),
        e: Some(join_use),
    }
}

fn random_single_query(random: &mut StdRng) -> RandomJoinQuery {
    let mut join_use = JoinDatasetUse::default();
    let text = match random.random_range(0..4) {
        0 => "SELECT count(*) n, sum(v) s FROM d",
        1 => "SELECT k, v, s FROM d WHERE 10 / (v - 3) > 0",
        2 => {
            join_use.used.insert("a");
            "SELECT a, count(*) n FROM d GROUP BY a"
        }
        _ => {
            join_use.used.extend(["a", "g"]);
            "SELECT * FROM d"
        }
    };
    RandomJoinQuery {
        text: text.to_owned(),
        d: Some(join_use),
        e: None,
    }
}

fn keyed_dataset_use(keys: &[&'static str]) -> JoinDatasetUse {
    JoinDatasetUse {
        other: true,
        over: keys.iter().copied().collect(),
        ..JoinDatasetUse::default()
    }
}

fn random_keys(random: &mut StdRng) -> Vec<&'static str> {
    [vec!["a"], vec!["a"], vec!["g"], vec!["a", "g"]]
        .choose(random)
        .unwrap()
        .clone()
}

fn format_key_equality(keys: &[&str], one: &str, other: &str, renamed: bool) -> String {
    let letter = if renamed { "k" } else { "" };
    keys.iter()
        .map(|key| format!("{one}.{letter}{key} = {other}.{letter}{key}"))
        .collect::<Vec<_>>()
        .join(" AND ")
}

fn choose_text(random: &mut StdRng, list: &[&str]) -> String {
    (*list.choose(random).unwrap()).to_owned()
}
