//! What laws and standards ask of a participant, what the connector does about it, and how this participant stands.
//!
//! The pages are data of the program. `docs/law` holds them as documents, and a test compares the two; `hansa conformance` prints
//! them with the facts of one participant. They are a technical mapping and no legal advice.

pub(crate) mod arguments;
pub(crate) mod command;
mod data_act;
mod fact_value;
mod interoperability_standard;
pub(crate) mod page_text;
pub(crate) mod participant_facts;
mod processing_record;
mod security;
#[cfg(test)]
mod tests;

use crate::conformance::participant_facts::ParticipantFact;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Article of a law, or standard, that has a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
pub(crate) enum ConformanceArticle {
    /// Data Act, Article 33: interoperability of data and of data sharing
    #[value(name = "data-act-33")]
    DataAct33,
    /// Data Act, Article 36: smart contracts that execute data sharing agreements
    #[value(name = "data-act-36")]
    DataAct36,
    /// prEN 18235-3: interoperability requirements for trusted data transactions
    #[value(name = "pren-18235-3")]
    PrEn182353,
    /// NIS2, Articles 21 and 23, and MIM6: security
    #[value(name = "nis2-mim6")]
    Nis2Mim6,
    /// GDPR, Article 30: records of processing activities
    #[value(name = "gdpr-30")]
    Gdpr30,
}

impl ConformanceArticle {
    /// Every article, in the order of the pages.
    pub(crate) const ALL: [Self; 5] = [
        Self::DataAct33,
        Self::DataAct36,
        Self::PrEn182353,
        Self::Nis2Mim6,
        Self::Gdpr30,
    ];

    /// Its page.
    pub(crate) const fn page(self) -> &'static ConformancePage {
        match self {
            Self::DataAct33 => &data_act::ARTICLE_33,
            Self::DataAct36 => &data_act::ARTICLE_36,
            Self::PrEn182353 => &interoperability_standard::PREN_18235_3,
            Self::Nis2Mim6 => &security::NIS2_MIM6,
            Self::Gdpr30 => &processing_record::GDPR_30,
        }
    }
}

/// Page about one article or standard.
#[derive(Debug)]
pub(crate) struct ConformancePage {
    /// Name on the command line, and of the document.
    pub(crate) name: &'static str,
    /// Title.
    pub(crate) title: &'static str,
    /// Paragraphs before the table: whom the requirements bind, and which text is meant.
    pub(crate) preface: &'static [&'static str],
    /// One row for each requirement.
    pub(crate) requirements: &'static [ArticleRequirement],
    /// Paragraphs after the table: what is not met, and what remains the work of people.
    pub(crate) limits: &'static [&'static str],
}

/// Requirement of an article, with what the connector does about it.
#[derive(Debug)]
pub(crate) struct ArticleRequirement {
    /// Paragraph and point.
    pub(crate) reference: &'static str,
    /// The requirement, in our own words.
    pub(crate) requirement: &'static str,
    /// How much of it the connector does.
    pub(crate) coverage: RequirementCoverage,
    /// What the connector does.
    pub(crate) measure: &'static str,
    /// Commands that show or do it.
    pub(crate) commands: &'static [&'static str],
    /// Tests that fail when it does not hold, each by its module and name.
    pub(crate) tests: &'static [&'static str],
    /// What of this participant bears on it.
    pub(crate) facts: &'static [ParticipantFact],
}

/// How much of a requirement the connector does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequirementCoverage {
    /// All that software can do.
    Met,
    /// A part; the measure says which.
    Partial,
    /// Nothing; the measure says who does.
    Outside,
}

impl RequirementCoverage {
    /// In words.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Partial => "in part",
            Self::Outside => "not by software",
        }
    }
}
