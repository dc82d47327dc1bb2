//! Pages as Markdown and as JSON, with the facts of a participant or without.

use crate::conformance::fact_value::FactValue;
use crate::conformance::participant_facts::{FactStatement, ParticipantFact, ParticipantFactSheet};
use crate::conformance::{ArticleRequirement, ConformancePage};
use hansa_policy::refusal::Refusal;
use hansa_policy::safe_text::to_printable;
use serde::Serialize;

/// The page without facts, as the document that is kept of it.
#[cfg(test)]
pub(crate) fn render_document(page: &ConformancePage) -> String {
    let command = format!(
        "`hansa conformance --article {}` prints this page with the facts of a participant. It is no legal advice.",
        page.name
    );
    render_markdown(page, &command, None, |requirement| {
        requirement_row(requirement, &[])
    })
}

/// The page with the facts of a participant.
///
/// # Errors
/// When a fact can't be read.
pub(crate) fn with_facts(
    page: &ConformancePage,
    facts: &ParticipantFactSheet<'_>,
) -> Result<String, Refusal> {
    let participant = facts.participant();
    let mut rows = Vec::new();
    for requirement in page.requirements {
        let stated = state_requirement(requirement, facts)?;
        let lines: Vec<String> = stated
            .iter()
            .map(|(_, stated)| statement_line(stated))
            .collect();
        rows.push(requirement_row(requirement, &[lines.join("<br>")]));
    }
    let mut rows = rows.into_iter();
    let source = format!(
        "Facts of {participant} at {}, read by hansa {}. It is no legal advice.",
        facts.at,
        env!("CARGO_PKG_VERSION")
    );
    Ok(render_markdown(page, &source, Some(&participant), |_| {
        rows.next().unwrap_or_default()
    }))
}

/// Page with the facts of a participant, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct PageReport {
    article: &'static str,
    title: &'static str,
    preface: &'static [&'static str],
    requirements: Vec<RequirementReport>,
    limits: &'static [&'static str],
}

/// Requirement of a page, with the facts that bear on it.
#[derive(Debug, Serialize)]
struct RequirementReport {
    reference: &'static str,
    requirement: &'static str,
    coverage: &'static str,
    measure: &'static str,
    commands: &'static [&'static str],
    tests: &'static [&'static str],
    facts: Vec<FactReport>,
}

/// Fact of a participant. A gap has a remedy.
#[derive(Debug, Serialize)]
struct FactReport {
    fact: &'static str,
    text: String,
    value: FactValue,
    gap: bool,
    remedy: Option<&'static str>,
}

impl PageReport {
    /// The page with the facts of a participant.
    ///
    /// # Errors
    /// When a fact can't be read.
    pub(crate) fn new(
        page: &'static ConformancePage,
        facts: &ParticipantFactSheet<'_>,
    ) -> Result<Self, Refusal> {
        let mut requirements = Vec::new();
        for requirement in page.requirements {
            let stated = state_requirement(requirement, facts)?.into_iter();
            let facts = stated.map(|(fact, stated)| FactReport {
                fact: fact.name(),
                text: stated.text,
                value: stated.value,
                gap: stated.remedy.is_some(),
                remedy: stated.remedy,
            });
            requirements.push(RequirementReport {
                reference: requirement.reference,
                requirement: requirement.requirement,
                coverage: requirement.coverage.as_str(),
                measure: requirement.measure,
                commands: requirement.commands,
                tests: requirement.tests,
                facts: facts.collect(),
            });
        }
        Ok(Self {
            article: page.name,
            title: page.title,
            preface: page.preface,
            requirements,
            limits: page.limits,
        })
    }
}

fn state_requirement(
    requirement: &ArticleRequirement,
    facts: &ParticipantFactSheet<'_>,
) -> Result<Vec<(ParticipantFact, FactStatement)>, Refusal> {
    let all = requirement.facts.iter();
    all.map(|fact| Ok((*fact, facts.state_fact(*fact)?)))
        .collect()
}

fn statement_line(stated: &FactStatement) -> String {
    match stated.remedy {
        None => stated.text.clone(),
        Some(remedy) => format!("{} (gap: {remedy})", stated.text),
    }
}

fn render_markdown(
    page: &ConformancePage,
    source: &str,
    participant: Option<&str>,
    mut row: impl FnMut(&ArticleRequirement) -> String,
) -> String {
    let mut text = format!("# {}\n\n", page.title);
    for paragraph in page.preface.iter().copied().chain([source]) {
        text.push_str(&format!("{paragraph}\n\n"));
    }
    let mut columns = vec![
        "paragraph",
        "requirement",
        "what Hansa does",
        "command",
        "test",
    ];
    columns.extend(participant);
    text.push_str(&format!("| {} |\n", columns.join(" | ")));
    text.push_str(&format!("|{}\n", "---|".repeat(columns.len())));
    for requirement in page.requirements {
        text.push_str(&row(requirement));
    }
    for paragraph in page.limits {
        text.push_str(&format!("\n{paragraph}\n"));
    }
    text
}

fn requirement_row(requirement: &ArticleRequirement, more: &[String]) -> String {
    let code = |words: &[&str]| {
        let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        quoted.join("<br>")
    };
    let mut cells = vec![
        requirement.reference.to_owned(),
        requirement.requirement.to_owned(),
        format!(
            "**{}.** {}",
            capitalise_word(requirement.coverage.as_str()),
            requirement.measure
        ),
        code(requirement.commands),
        code(requirement.tests),
    ];
    cells.extend(more.iter().cloned());
    let cells: Vec<String> = cells.iter().map(|text| table_cell(text)).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A text as one cell of a table: on one line, and without what ends a cell.
pub(crate) fn table_cell(text: &str) -> String {
    to_printable(text).replace('|', "\\|")
}

fn capitalise_word(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}
