//! `hansa conformance`: the pages about laws and standards, with the facts of this participant.

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, report_json};
use crate::conformance::arguments::{ConformanceArgs, ConformanceFormat};
use crate::conformance::page_text::PageReport;
use crate::conformance::participant_facts::ParticipantFactSheet;
use crate::conformance::{ConformanceArticle, page_text};
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::dataset::publication;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_node::process::blocking_work::run_blocking;
use serde::Serialize;
use std::sync::Arc;

impl Command for ConformanceArgs {
    fn effect(&self) -> CommandEffect {
        CommandEffect::Looks
    }
}

impl ConnectorVerb for ConformanceArgs {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        Vec::new()
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        JudgedState::None
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        print_conformance(connector, self, out).await
    }
}

/// Prints the pages that were asked for, or all.
async fn print_conformance(
    connector: &Arc<Connector>,
    args: ConformanceArgs,
    out: &EventSink,
) -> CommandResult {
    let articles = match args.article.is_empty() {
        true => ConformanceArticle::ALL.to_vec(),
        false => args.article,
    };
    let inner = Arc::clone(connector);
    let report = run_blocking(move || {
        let configured = publication::read_configured_datasets(&inner).map_err(combined_refusal)?;
        let facts = ParticipantFactSheet::collect(&inner, configured)?;
        let (mut pages, mut markdown) = (Vec::new(), Vec::new());
        for article in articles {
            pages.push(PageReport::new(article.page(), &facts)?);
            markdown.push(page_text::with_facts(article.page(), &facts)?);
        }
        Ok(ConformanceReport {
            participant: facts.participant(),
            at: facts.at,
            version: env!("CARGO_PKG_VERSION"),
            pages,
            format: args.format,
            markdown,
        })
    })
    .await?;
    out.send_document(report_json(&report), report.to_text())
        .await?;
    Ok(0)
}

/// Pages about laws and standards with the facts of a participant.
#[derive(Debug, Serialize)]
struct ConformanceReport {
    participant: String,
    at: UtcTimestamp,
    version: &'static str,
    pages: Vec<PageReport>,
    #[serde(skip)]
    format: ConformanceFormat,
    #[serde(skip)]
    markdown: Vec<String>,
}

impl CommandReport for ConformanceReport {
    fn to_text(&self) -> String {
        match self.format {
            ConformanceFormat::Md => self.markdown.join("\n"),
            ConformanceFormat::Json => {
                serde_json::to_string_pretty(&report_json(self)).unwrap_or_default()
            }
        }
    }
}
