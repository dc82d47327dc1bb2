//! From clauses to the text of a policy file.

mod aggregate;

use self::aggregate::AggregateClauses;
use super::quota::{PERIODS, UNITS};
use super::{EACH_COLUMN, KEYS, PolicyFileText};
use super::{conduct_writer, prohibition};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::row_filter::PolicyLiteral;
use hansa_policy::term::band::BandTerm;
use hansa_policy::term::odrl::word;
use hansa_policy::term::prefix::PrefixTerm;
use hansa_policy::term::pseudonym::PseudonymTerm;
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::area::BoundingBox;
use hansa_policy::value::column::MaskValue;
use hansa_policy::value::time::{PeriodQuota, TimeBucketWidth};

/// The policy; what the format can't say is left out and named.
pub(super) fn policy(title: &str, clauses: &[Clause]) -> PolicyFileText {
    let aggregate = AggregateClauses::of(clauses);
    let mut lines = vec![PolicyFileEntry::alone(
        "title".to_owned(),
        quote_text(title),
    )];
    let mut left_out = Vec::new();
    for clause in clauses {
        let taken = match say(&clause.term) {
            TermSyntax::Never => false,
            TermSyntax::Aggregate => aggregate.says(clause.id),
            TermSyntax::Alone(key, value) => place(&mut lines, PolicyFileEntry::alone(key, value)),
            TermSyntax::Item(key, value) => place(&mut lines, PolicyFileEntry::item(key, value)),
            TermSyntax::Entry(key, name, value) => {
                let grouped = aggregate.groups(&clause.term);
                let key = if grouped { BUCKET } else { key };
                place(&mut lines, PolicyFileEntry::entry(key, name, value))
            }
        };
        if !taken {
            left_out.push(clause);
        }
    }
    if let Some(value) = aggregate.value(&lines) {
        place(
            &mut lines,
            PolicyFileEntry::alone(AGGREGATE.to_owned(), value),
        );
    }
    lines.retain(|line| line.key != BUCKET);
    let is_named = |line: &PolicyFileEntry| matches!(line.key.as_str(), "columns" | AGGREGATE);
    if !lines.iter().any(is_named) {
        let each = PolicyFileEntry::alone("columns".to_owned(), quote_text(EACH_COLUMN));
        place(&mut lines, each);
    }
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
    PolicyFileText {
        text: said.chain(unsaid).collect(),
        unsupported: left_out.iter().map(|clause| clause.id).collect(),
    }
}

const AGGREGATE: &str = "aggregate";

/// Where the buckets of an aggregate's dimensions are gathered; no key of a file.
const BUCKET: &str = "aggregate.bucket";

/// How a term is said.
pub(super) enum TermSyntax {
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

pub(super) fn say(term: &Term) -> TermSyntax {
    let alone = |key: &str, value| TermSyntax::Alone(key.to_owned(), value);
    let quota = |what: &str, limit: &PeriodQuota, max: String| {
        let key = format!("{what}_per_{}", word(&PERIODS, &limit.per.days()));
        let value = match limit.per.zone() {
            Some(zone) => format!("{{ max = {max}, zone = {} }}", quote_text(zone.as_str())),
            None => max,
        };
        TermSyntax::Alone(key, value)
    };
    match term {
        Term::Purpose(list) => alone("purpose", texts(list)),
        Term::PurposeNot(list) => alone("purpose_not", texts(list)),
        Term::NotBefore(time) => TermSyntax::Entry("valid", "from".to_owned(), time.to_string()),
        Term::NotAfter(time) => TermSyntax::Entry("valid", "until".to_owned(), time.to_string()),
        Term::Rows(filter) => alone("rows", quote_text(&filter.to_string())),
        Term::Columns(list) => alone("columns", texts(list)),
        Term::Mask { column, mask } => match format_mask(mask) {
            Some(value) => TermSyntax::Entry("mask", column.to_string(), value),
            None => TermSyntax::Never,
        },
        Term::Pseudonym(PseudonymTerm { column, epoch }) => {
            let value = match epoch {
                1 => quote_text("hash"),
                epoch => format!("{{ hash = {epoch} }}"),
            };
            TermSyntax::Entry("mask", column.to_string(), value)
        }
        Term::Prefix(PrefixTerm { column, length }) => TermSyntax::Entry(
            "mask",
            column.to_string(),
            format!("{{ prefix = {length} }}"),
        ),
        Term::Band(BandTerm { column, edges }) => {
            if edges.iter().all(|edge| is_toml_number(edge)) {
                let value = format!("{{ bands = [{}] }}", edges.join(", "));
                TermSyntax::Entry("mask", column.to_string(), value)
            } else {
                TermSyntax::Never
            }
        }
        Term::TimeBucket {
            column,
            bucket,
            zone,
        } => {
            let to = quote_text(word(&TimeBucketWidth::NAMES, bucket));
            let zone = quote_text(zone.as_deref().unwrap_or("UTC"));
            let value = format!("{{ to = {to}, zone = {zone} }}");
            TermSyntax::Entry("coarsen", column.to_string(), value)
        }
        Term::Area { lon, lat, bounds } => match area(lon, lat, bounds) {
            Some(value) => alone("area", value),
            None => TermSyntax::Never,
        },
        Term::PublishedArea(area) => alone("within", conduct_writer::published_area(area)),
        Term::Lookup(lookup) => TermSyntax::Entry(
            "mask",
            lookup.column.to_string(),
            conduct_writer::lookup(lookup),
        ),
        Term::PlaceCells(place) => alone("cells", conduct_writer::place(place)),
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
        | Term::CellKey(_) => TermSyntax::Aggregate,
        Term::Queries(limit) => quota("queries", limit, limit.max.to_string()),
        Term::RowQuota(limit) => quota("rows", limit, limit.max.to_string()),
        Term::ByteQuota(limit) => quota("bytes", limit, size(limit.max)),
        Term::ResultRows(rows) => alone("result_rows", rows.to_string()),
        Term::Attribution(text) => TermSyntax::Item(
            "duties",
            format!("{{ attribution = {} }}", quote_text(text)),
        ),
        Term::Prohibition(one) => {
            TermSyntax::Item("prohibit", prohibition::format_prohibition(one))
        }
        Term::Prohibit(what) => TermSyntax::Item("prohibit", quote_text(what.as_str())),
        other => conduct_writer::say(other).unwrap_or(TermSyntax::Never),
    }
}

/// A key with what is said under it.
struct PolicyFileEntry {
    key: String,
    kind: PolicyFileEntryKind,
    parts: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PolicyFileEntryKind {
    Alone,
    Item,
    Entry,
}

impl PolicyFileEntry {
    fn alone(key: String, value: String) -> Self {
        let parts = vec![(String::new(), value)];
        Self {
            key,
            kind: PolicyFileEntryKind::Alone,
            parts,
        }
    }

    fn item(key: &str, value: String) -> Self {
        Self {
            kind: PolicyFileEntryKind::Item,
            ..Self::alone(key.to_owned(), value)
        }
    }

    fn entry(key: &str, name: String, value: String) -> Self {
        Self {
            key: key.to_owned(),
            kind: PolicyFileEntryKind::Entry,
            parts: vec![(name, value)],
        }
    }

    fn value(&self) -> String {
        let parts = self.parts.iter();
        let each: Vec<String> = match self.kind {
            PolicyFileEntryKind::Alone | PolicyFileEntryKind::Item => {
                parts.map(|(_, value)| value.clone()).collect()
            }
            PolicyFileEntryKind::Entry => parts
                .map(|(name, value)| format!("{name} = {value}"))
                .collect(),
        };
        match self.kind {
            PolicyFileEntryKind::Alone => each.join(", "),
            PolicyFileEntryKind::Item => format!("[{}]", each.join(", ")),
            PolicyFileEntryKind::Entry => format!("{{ {} }}", each.join(", ")),
        }
    }
}

/// Adds a line, or its part to the line of its key; false, where that is already said.
fn place(lines: &mut Vec<PolicyFileEntry>, line: PolicyFileEntry) -> bool {
    let Some(known) = lines.iter_mut().find(|known| known.key == line.key) else {
        lines.push(line);
        return true;
    };
    let room = match line.kind {
        PolicyFileEntryKind::Alone => false,
        PolicyFileEntryKind::Item => true,
        PolicyFileEntryKind::Entry => line
            .parts
            .iter()
            .all(|(name, _)| known.parts.iter().all(|(other, _)| other != name)),
    };
    if room {
        known.parts.extend(line.parts);
    }
    room
}

fn area(lon: &SqlIdentifier, lat: &SqlIdentifier, bounds: &BoundingBox) -> Option<String> {
    let BoundingBox {
        west,
        south,
        east,
        north,
    } = bounds;
    let edges = [west, south, east, north];
    edges.iter().all(|edge| is_toml_number(edge)).then(|| {
        format!(
            "{{ lon = {}, lat = {}, box = [{west}, {south}, {east}, {north}] }}",
            quote_text(lon.as_str()),
            quote_text(lat.as_str())
        )
    })
}

fn format_mask(mask: &MaskValue) -> Option<String> {
    let value = match mask {
        MaskValue::Null => return Some(quote_text("null")),
        MaskValue::Constant(PolicyLiteral::Text(text)) => quote_text(text),
        MaskValue::Constant(PolicyLiteral::Int(number)) => number.to_string(),
        MaskValue::Constant(PolicyLiteral::Bool(value)) => value.to_string(),
        MaskValue::Constant(PolicyLiteral::Decimal(text))
            if text.contains('.') && is_toml_number(text) =>
        {
            text.clone()
        }
        MaskValue::Constant(PolicyLiteral::Decimal(_)) => return None,
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
        Some((unit, of)) => quote_text(&format!("{} {unit}", bytes / of)),
        None => bytes.to_string(),
    }
}

pub(super) fn texts<T: ToString>(list: &[T]) -> String {
    let quoted: Vec<String> = list
        .iter()
        .map(|one| quote_text(&one.to_string()))
        .collect();
    format!("[{}]", quoted.join(", "))
}

pub(super) fn quote_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
