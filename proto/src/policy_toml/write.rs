//! From clauses to the text of a policy file.

mod aggregate;

use self::aggregate::Aggregate;
use super::form::BUCKETS;
use super::limits::{PERIODS, UNITS};
use super::{KEYS, Written};
use super::{prohibition, said};
use hansa_policy::id::Name;
use hansa_policy::row_filter::Literal;
use hansa_policy::term::band::Band;
use hansa_policy::term::odrl::word;
use hansa_policy::term::prefix::Prefix;
use hansa_policy::term::pseudonym::Pseudonym;
use hansa_policy::term::{Bounds, Clause, Mask, Quota, Term};

/// The policy; what the format can't say is left out and named.
pub(super) fn policy(title: &str, clauses: &[Clause]) -> Written {
    let aggregate = Aggregate::of(clauses);
    let mut lines = vec![Line::alone("title".to_owned(), quoted(title))];
    let mut left_out = Vec::new();
    for clause in clauses {
        let taken = match say(&clause.term) {
            Said::Never => false,
            Said::Aggregate => aggregate.says(clause.id),
            Said::Alone(key, value) => place(&mut lines, Line::alone(key, value)),
            Said::Item(key, value) => place(&mut lines, Line::item(key, value)),
            Said::Entry(key, name, value) => {
                let grouped = aggregate.groups(&clause.term);
                let key = if grouped { BUCKET } else { key };
                place(&mut lines, Line::entry(key, name, value))
            }
        };
        if !taken {
            left_out.push(clause);
        }
    }
    if let Some(value) = aggregate.value(&lines) {
        place(&mut lines, Line::alone(AGGREGATE.to_owned(), value));
    }
    lines.retain(|line| line.key != BUCKET);
    lines.sort_by_key(|line| KEYS.iter().position(|key| *key == line.key));
    let width = lines.iter().map(|line| line.key.len()).max();
    let width = width.unwrap_or_default();
    let said = lines
        .iter()
        .map(|line| format!("{:width$} = {}\n", line.key, line.value()));
    let unsaid = left_out.iter().map(|clause| {
        let plain = clause.term.plain();
        format!("# can't be said in this format: {} {plain}\n", clause.id)
    });
    Written {
        text: said.chain(unsaid).collect(),
        left_out: left_out.iter().map(|clause| clause.id).collect(),
    }
}

const AGGREGATE: &str = "aggregate";

/// Where the buckets of an aggregate's dimensions are gathered; no key of a file.
const BUCKET: &str = "aggregate.bucket";

/// How a term is said.
pub(super) enum Said {
    /// `key = value`
    Alone(String, String),
    /// `key = [value, …]`
    Item(&'static str, String),
    /// `key = { name = value, … }`
    Entry(&'static str, String, String),
    /// Within `aggregate`.
    Aggregate,
    /// Not at all.
    Never,
}

pub(super) fn say(term: &Term) -> Said {
    let alone = |key: &str, value| Said::Alone(key.to_owned(), value);
    let quota = |what: &str, limit: &Quota, max: String| {
        Said::Alone(format!("{what}_per_{}", word(&PERIODS, &limit.per)), max)
    };
    match term {
        Term::Purpose(list) => alone("purpose", texts(list)),
        Term::PurposeNot(list) => alone("purpose_not", texts(list)),
        Term::NotBefore(time) => Said::Entry("valid", "from".to_owned(), time.to_string()),
        Term::NotAfter(time) => Said::Entry("valid", "until".to_owned(), time.to_string()),
        Term::Rows(filter) => alone("rows", quoted(&filter.to_string())),
        Term::Columns(list) => alone("columns", texts(list)),
        Term::Mask { column, mask } => match masked(mask) {
            Some(value) => Said::Entry("mask", column.to_string(), value),
            None => Said::Never,
        },
        Term::Pseudonym(Pseudonym { column, epoch }) => {
            let value = match epoch {
                1 => quoted("hash"),
                epoch => format!("{{ hash = {epoch} }}"),
            };
            Said::Entry("mask", column.to_string(), value)
        }
        Term::Prefix(Prefix { column, length }) => Said::Entry(
            "mask",
            column.to_string(),
            format!("{{ prefix = {length} }}"),
        ),
        Term::Band(Band { column, edges }) => {
            if edges.iter().all(|edge| is_toml_number(edge)) {
                let value = format!("{{ bands = [{}] }}", edges.join(", "));
                Said::Entry("mask", column.to_string(), value)
            } else {
                Said::Never
            }
        }
        Term::TimeBucket {
            column,
            bucket,
            zone,
        } => {
            let to = quoted(word(&BUCKETS, bucket));
            let zone = quoted(zone.as_deref().unwrap_or("UTC"));
            let value = format!("{{ to = {to}, zone = {zone} }}");
            Said::Entry("coarsen", column.to_string(), value)
        }
        Term::Area { lon, lat, bounds } => match area(lon, lat, bounds) {
            Some(value) => alone("area", value),
            None => Said::Never,
        },
        Term::PublishedArea(area) => alone("within", said::published_area(area)),
        Term::Lookup(lookup) => {
            Said::Entry("mask", lookup.column.to_string(), said::lookup(lookup))
        }
        Term::PlaceCells(place) => alone("cells", said::place(place)),
        Term::Functions(_)
        | Term::Dimensions(_)
        | Term::Measures(_)
        | Term::Grid(_)
        | Term::Release(_)
        | Term::MinGroup { .. }
        | Term::Dominance(_)
        | Term::Budget(_)
        | Term::TotalsFromPublished
        | Term::SuppressComplement
        | Term::CellKey(_) => Said::Aggregate,
        Term::Queries(limit) => quota("queries", limit, limit.max.to_string()),
        Term::RowQuota(limit) => quota("rows", limit, limit.max.to_string()),
        Term::ByteQuota(limit) => quota("bytes", limit, size(limit.max)),
        Term::ResultRows(rows) => alone("result_rows", rows.to_string()),
        Term::Attribution(text) => {
            Said::Item("duties", format!("{{ attribution = {} }}", quoted(text)))
        }
        Term::Prohibition(one) => Said::Item("prohibit", prohibition::written(one)),
        Term::Prohibit(what) => Said::Item("prohibit", quoted(what.as_str())),
        other => said::say(other).unwrap_or(Said::Never),
    }
}

/// A key with what is said under it.
struct Line {
    key: String,
    kind: LineKind,
    parts: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LineKind {
    Alone,
    Item,
    Entry,
}

impl Line {
    fn alone(key: String, value: String) -> Self {
        let parts = vec![(String::new(), value)];
        Self {
            key,
            kind: LineKind::Alone,
            parts,
        }
    }

    fn item(key: &str, value: String) -> Self {
        Self {
            kind: LineKind::Item,
            ..Self::alone(key.to_owned(), value)
        }
    }

    fn entry(key: &str, name: String, value: String) -> Self {
        Self {
            key: key.to_owned(),
            kind: LineKind::Entry,
            parts: vec![(name, value)],
        }
    }

    fn value(&self) -> String {
        let parts = self.parts.iter();
        let each: Vec<String> = match self.kind {
            LineKind::Alone | LineKind::Item => parts.map(|(_, value)| value.clone()).collect(),
            LineKind::Entry => parts
                .map(|(name, value)| format!("{name} = {value}"))
                .collect(),
        };
        match self.kind {
            LineKind::Alone => each.join(", "),
            LineKind::Item => format!("[{}]", each.join(", ")),
            LineKind::Entry => format!("{{ {} }}", each.join(", ")),
        }
    }
}

/// Adds a line, or its part to the line of its key; false, where that is already said.
fn place(lines: &mut Vec<Line>, line: Line) -> bool {
    let Some(known) = lines.iter_mut().find(|known| known.key == line.key) else {
        lines.push(line);
        return true;
    };
    let room = match line.kind {
        LineKind::Alone => false,
        LineKind::Item => true,
        LineKind::Entry => line
            .parts
            .iter()
            .all(|(name, _)| known.parts.iter().all(|(other, _)| other != name)),
    };
    if room {
        known.parts.extend(line.parts);
    }
    room
}

fn area(lon: &Name, lat: &Name, bounds: &Bounds) -> Option<String> {
    let Bounds {
        west,
        south,
        east,
        north,
    } = bounds;
    let edges = [west, south, east, north];
    edges.iter().all(|edge| is_toml_number(edge)).then(|| {
        format!(
            "{{ lon = {}, lat = {}, box = [{west}, {south}, {east}, {north}] }}",
            quoted(lon.as_str()),
            quoted(lat.as_str())
        )
    })
}

fn masked(mask: &Mask) -> Option<String> {
    let value = match mask {
        Mask::Null => return Some(quoted("null")),
        Mask::Constant(Literal::Text(text)) => quoted(text),
        Mask::Constant(Literal::Int(number)) => number.to_string(),
        Mask::Constant(Literal::Bool(value)) => value.to_string(),
        Mask::Constant(Literal::Decimal(text)) if text.contains('.') && is_toml_number(text) => {
            text.clone()
        }
        Mask::Constant(Literal::Decimal(_)) => return None,
    };
    Some(format!("{{ constant = {value} }}"))
}

/// TOML has no leading zeros.
fn is_toml_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.split('.').next().unwrap_or_default();
    whole == "0" || !whole.starts_with('0')
}

/// The largest unit that says it exactly; the binary ones only where no decimal one does.
fn size(bytes: u64) -> String {
    let exact = UNITS
        .iter()
        .filter(|(unit, of)| {
            *unit != "B" && *unit != "KB" && bytes >= *of && bytes.is_multiple_of(*of)
        })
        .min_by_key(|(unit, of)| (unit.contains('i'), std::cmp::Reverse(*of)));
    match exact {
        Some((unit, of)) => quoted(&format!("{} {unit}", bytes / of)),
        None => bytes.to_string(),
    }
}

pub(super) fn texts<T: ToString>(list: &[T]) -> String {
    let quoted: Vec<String> = list.iter().map(|one| quoted(&one.to_string())).collect();
    format!("[{}]", quoted.join(", "))
}

pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
