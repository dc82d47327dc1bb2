//! Vocabulary as a table with an example of each term.

use super::rule::{OdrlWriter, TermSpec};
use super::vocabulary::{VOCABULARY, write_clause};
use super::{Clause, Term};
use crate::id::{ClauseId, DatasetId};

/// Markdown table of the vocabulary: number, name, ODRL form, point of execution, code, remedy, test.
#[must_use]
pub fn render_table() -> String {
    let mut rows = vec![
        "| no. | term | in ODRL | executed | code | what the asker can do, or sees | test |"
            .to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    for entry in VOCABULARY {
        let spec = entry.spec;
        let numbers: Vec<String> = spec.numbers.iter().map(ToString::to_string).collect();
        let operators = match spec.operators {
            [] => String::new(),
            several => format!(" {}", several.join(" / ")),
        };
        let stages: Vec<&str> = spec.executed.iter().map(|stage| stage.as_str()).collect();
        let codes: Vec<String> = spec.codes.iter().map(|code| format!("`{code}`")).collect();
        let example =
            render_example(spec).map_or_else(String::new, |example| format!("<br>`{example}`"));
        rows.push(format!(
            "| {} | {} | {}: `{}{operators}`{example} | {} | {} | {} | `{}` |",
            numbers.join(", "),
            spec.name,
            spec.position,
            spec.operand,
            stages.join(", "),
            if codes.is_empty() {
                "–".to_owned()
            } else {
                codes.join(" ")
            },
            spec.remedy,
            spec.test,
        ));
    }
    rows.push(String::new());
    rows.join("\n")
}

/// ODRL form of the first sample of a term, in one line.
fn render_example(spec: &'static TermSpec) -> Option<String> {
    let dataset: DatasetId = "hansa://munster.example/d/bike_counts".parse().ok()?;
    let term = Term::samples()
        .into_iter()
        .find(|term| std::ptr::eq(term.spec(), spec))?;
    let clause = Clause {
        id: ClauseId(2),
        term,
    };
    let script = &mut OdrlWriter::new(&dataset.owner, &dataset, [clause.id]);
    let json = write_clause(&clause, script);
    let text = String::from_utf8(hansa_audit_log::json::to_canonical_bytes(&json)).ok()?;
    // An unescaped bar would end the cell of the table.
    Some(text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Term;
    use crate::term::language::Language;
    use crate::term::rule::EnforcementPoint;
    use crate::term::vocabulary::VocabularyEntry;
    use std::collections::BTreeSet;

    #[test]
    fn every_term_of_the_list_is_written_said_and_told_apart() {
        let samples = Term::samples();
        let mut keys = BTreeSet::new();
        for VocabularyEntry { spec, .. } in VOCABULARY {
            let of: Vec<&Term> = samples
                .iter()
                .filter(|term| std::ptr::eq(term.spec(), *spec))
                .collect();
            assert!(!of.is_empty(), "{} has no sample", spec.name);
            assert!(!spec.remedy.is_empty() && !spec.executed.is_empty());
            assert!(
                !spec.codes.is_empty() || !spec.executed.contains(&EnforcementPoint::Admission),
                "{} refuses without a code",
                spec.name
            );
            for term in of {
                let said: BTreeSet<String> = Language::ALL
                    .iter()
                    .map(|language| term.render(*language))
                    .collect();
                assert_eq!(said.len(), Language::ALL.len(), "{said:?}");
            }
            let whole = format!("{} {} {:?}", spec.position, spec.operand, spec.name);
            assert!(keys.insert(whole), "{} stands twice", spec.name);
        }
        for term in &samples {
            let listed = VOCABULARY
                .iter()
                .any(|entry| std::ptr::eq(entry.spec, term.spec()));
            assert!(listed, "{} is not in the list", term.spec().name);
        }
        assert_eq!(render_table().lines().count(), VOCABULARY.len() + 2);
    }

    #[test]
    fn a_term_compares_with_itself_and_with_no_other_kind() {
        for one in Term::samples() {
            let order = one.compare(&one);
            assert_eq!(
                order,
                Some(std::cmp::Ordering::Equal),
                "{}",
                one.to_english()
            );
            for other in Term::samples() {
                let related = one.treated_column().is_some() && other.treated_column().is_some();
                if !std::ptr::eq(one.spec(), other.spec()) && !related {
                    let order = one.compare(&other);
                    let named = one.spec().name == other.spec().name;
                    assert!(
                        order.is_none() || named,
                        "{} | {}",
                        one.to_english(),
                        other.to_english()
                    );
                }
                let forth = one.compare(&other);
                let back = other.compare(&one);
                assert_eq!(forth, back.map(std::cmp::Ordering::reverse));
            }
        }
    }
}
