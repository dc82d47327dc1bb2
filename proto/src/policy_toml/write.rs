//! From clauses to the text of a policy file.

use super::Written;
use super::form::BUCKETS;
use super::limits::{PERIODS, UNITS};
use crate::odrl::name::word;
use crate::render::printable;
use policy::id::{ClauseId, Name};
use policy::row_filter::Literal;
use policy::term::{Bounds, Clause, Mask, Quota, Term, Unit};
use std::collections::BTreeSet;

/// The policy; what the format can't say is left out and named.
pub(super) fn policy(title: &str, clauses: &[Clause]) -> Written {
    let mut page = Page {
        clauses,
        lines: vec![("title".to_owned(), quoted(title))],
        said: BTreeSet::new(),
    };
    page.first("purpose", |term| match term {
        Term::Purpose(list) => Some(texts(list)),
        _ => None,
    });
    page.valid();
    page.first("columns", |term| match term {
        Term::Columns(list) => Some(texts(list)),
        _ => None,
    });
    page.first("rows", |term| match term {
        Term::Rows(filter) => Some(quoted(&filter.to_string())),
        _ => None,
    });
    page.first("area", area);
    page.each("mask", '{', |term| match term {
        Term::Mask { column, mask } => Some(format!("{column} = {}", masked(mask)?)),
        _ => None,
    });
    page.aggregate();
    page.each("coarsen", '{', bucket);
    for (ending, per) in PERIODS {
        let quota = |quota: &Quota| (quota.per == per).then_some(quota.max);
        page.first(&format!("queries_per_{ending}"), |term| match term {
            Term::Queries(limit) => quota(limit).map(|max| max.to_string()),
            _ => None,
        });
        page.first(&format!("rows_per_{ending}"), |term| match term {
            Term::RowQuota(limit) => quota(limit).map(|max| max.to_string()),
            _ => None,
        });
        page.first(&format!("bytes_per_{ending}"), |term| match term {
            Term::ByteQuota(limit) => quota(limit).map(size),
            _ => None,
        });
    }
    page.first("result_rows", |term| match term {
        Term::ResultRows(rows) => Some(rows.to_string()),
        _ => None,
    });
    page.each("duties", '[', |term| match term {
        Term::Attribution(text) => Some(format!("{{ attribution = {} }}", quoted(text))),
        Term::DeleteAfter { days } => Some(quoted(&format!("delete-after {days} days"))),
        _ => None,
    });
    page.each("prohibit", '[', |term| match term {
        Term::Prohibit(what) => Some(quoted(what.as_str())),
        _ => None,
    });
    page.finish()
}

struct Page<'a> {
    clauses: &'a [Clause],
    lines: Vec<(String, String)>,
    said: BTreeSet<ClauseId>,
}

impl Page<'_> {
    /// A key that one clause fills.
    fn first(&mut self, key: &str, say: impl Fn(&Term) -> Option<String>) {
        let found = self
            .clauses
            .iter()
            .filter(|clause| !self.said.contains(&clause.id))
            .find_map(|clause| Some((clause.id, say(&clause.term)?)));
        if let Some((id, value)) = found {
            self.said.insert(id);
            self.lines.push((key.to_owned(), value));
        }
    }

    /// A key that several clauses fill.
    fn each(&mut self, key: &str, bracket: char, say: impl Fn(&Term) -> Option<String>) {
        let mut found: Vec<String> = Vec::new();
        for clause in self.clauses {
            if self.said.contains(&clause.id) {
                continue;
            }
            let Some(value) = say(&clause.term) else {
                continue;
            };
            let column = value.split(" = ").next().unwrap_or_default();
            let again = bracket == '{'
                && found
                    .iter()
                    .any(|known| known.split(" = ").next() == Some(column));
            if !again {
                self.said.insert(clause.id);
                found.push(value);
            }
        }
        if !found.is_empty() {
            let inner = found.join(", ");
            self.lines.push((
                key.to_owned(),
                if bracket == '{' {
                    format!("{{ {inner} }}")
                } else {
                    format!("[{inner}]")
                },
            ));
        }
    }

    fn valid(&mut self) {
        let mut parts = Vec::new();
        for key in ["from", "until"] {
            let found = self.clauses.iter().find_map(|clause| match &clause.term {
                Term::NotBefore(time) if key == "from" => Some((clause.id, *time)),
                Term::NotAfter(time) if key == "until" => Some((clause.id, *time)),
                _ => None,
            });
            if let Some((id, time)) = found {
                self.said.insert(id);
                parts.push(format!("{key} = {time}"));
            }
        }
        if !parts.is_empty() {
            self.lines
                .push(("valid".to_owned(), format!("{{ {} }}", parts.join(", "))));
        }
    }

    /// The aggregate form, if its clauses are complete. The grid is that of the dataset, and totals are built from
    /// published cells: the format has no other.
    fn aggregate(&mut self) {
        let mut parts: [Option<(ClauseId, String)>; 6] = [const { None }; 6];
        let mut by: &[Name] = &[];
        for clause in self.clauses {
            let (slot, text) = match &clause.term {
                Term::Dimensions(list) => {
                    by = list;
                    (0, format!("by = {}", texts(list)))
                }
                Term::Functions(list) => {
                    let words: Vec<&str> = list.iter().map(|one| one.as_str()).collect();
                    (1, format!("functions = {}", texts(&words)))
                }
                Term::Measures(list) => (2, format!("measures = {}", texts(list))),
                Term::MinGroup { at_least, unit } => match unit {
                    Unit::Rows => (3, format!("min_rows = {at_least}")),
                    Unit::Column(column) => (
                        3,
                        format!(
                            "min_contributors = {at_least}, unit = {}",
                            quoted(column.as_str())
                        ),
                    ),
                },
                Term::Grid(_) => (4, String::new()),
                Term::TotalsFromPublished => (5, String::new()),
                _ => continue,
            };
            if let Some(part) = parts.get_mut(slot)
                && part.is_none()
            {
                *part = Some((clause.id, text));
            }
        }
        let [Some(_), Some(_), measures, _, Some(_), _] = &parts else {
            return;
        };
        let none = measures.is_none().then(|| "measures = []".to_owned());
        let mut inner: Vec<String> = Vec::new();
        for (id, text) in parts.into_iter().flatten() {
            self.said.insert(id);
            inner.push(text);
        }
        inner.extend(none);
        let mut buckets = Vec::new();
        for clause in self.clauses {
            if let Term::TimeBucket { column, .. } = &clause.term
                && by.contains(column)
                && let Some(text) = bucket(&clause.term)
            {
                self.said.insert(clause.id);
                buckets.push(text);
            }
        }
        if !buckets.is_empty() {
            inner.push(format!("bucket = {{ {} }}", buckets.join(", ")));
        }
        inner.retain(|text| !text.is_empty());
        let value = format!("{{ {} }}", inner.join(", "));
        self.lines.push(("aggregate".to_owned(), value));
    }

    fn finish(self) -> Written {
        let width = self.lines.iter().map(|(key, _)| key.len()).max();
        let width = width.unwrap_or_default();
        let mut text = String::new();
        for (key, value) in &self.lines {
            text.push_str(&format!("{key:width$} = {value}\n"));
        }
        let left: Vec<&Clause> = self
            .clauses
            .iter()
            .filter(|clause| !self.said.contains(&clause.id))
            .collect();
        for clause in &left {
            let plain = printable(&clause.term.plain());
            text.push_str(&format!(
                "# can't be said in this format: {} {plain}\n",
                clause.id
            ));
        }
        Written {
            text,
            left_out: left.into_iter().map(|clause| clause.id).collect(),
        }
    }
}

fn area(term: &Term) -> Option<String> {
    let Term::Area { lon, lat, bounds } = term else {
        return None;
    };
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

fn bucket(term: &Term) -> Option<String> {
    let Term::TimeBucket {
        column,
        bucket,
        zone,
    } = term
    else {
        return None;
    };
    Some(format!(
        "{column} = {{ to = {}, zone = {} }}",
        quoted(word(&BUCKETS, bucket)),
        quoted(zone.as_deref().unwrap_or("UTC"))
    ))
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

fn texts<T: ToString>(list: &[T]) -> String {
    let quoted: Vec<String> = list.iter().map(|one| quoted(&one.to_string())).collect();
    format!("[{}]", quoted.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
