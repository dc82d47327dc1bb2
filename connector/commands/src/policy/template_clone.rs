//! `policy clone`: a policy with parameters that another participant publishes.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::policy::policy_template::TemplateDescription;
use hansa_audit_log::record::contracts::TemplateRecord;
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::to_printable;
use hansa_proto::peer::catalog_page::CatalogPageRequest;
use hansa_proto::template::PolicyTemplate;
use serde::Serialize;
use std::sync::Arc;

/// Fetches one template, checked as one of our own, or lists them.
pub(super) async fn clone_template(
    connector: &Arc<Connector>,
    participant: &str,
    name: Option<&str>,
    out: &EventSink,
) -> CommandResult {
    let peer = connector.find_peer(participant)?;
    let client = connector.call_peer(&peer).await?;
    let page = client
        .fetch_catalog_page(&CatalogPageRequest::default())
        .await?;
    let mut found = None;
    for listed_template in page.templates {
        if name.is_some_and(|name| name != listed_template.name) {
            continue;
        }
        let text = String::from_utf8_lossy(&listed_template.text).into_owned();
        let shown = format!("{}:{}", peer.id.domain(), listed_template.name);
        let template = match PolicyTemplate::read(&text, &shown) {
            Ok(template) => template,
            Err(refusal) => {
                let refusal = refusal.with_participant(peer.id.clone());
                if name.is_some() {
                    return Err(refusal.into());
                }
                out.send_fault(&refusal).await;
                continue;
            }
        };
        let cloned = ClonedTemplate {
            template: TemplateDescription::of(template),
            name: listed_template.name,
            participant: peer.id.domain().to_owned(),
            file: name.is_some().then_some(text),
        };
        out.send_report(&cloned).await?;
        found = Some(cloned.template.sha256);
    }
    let Some(name) = name else { return Ok(0) };
    let sha256 = found.ok_or_else(|| {
        Refusal::new(
            ErrorCode::TemplateUnknown,
            format!("{} publishes no template `{name}`", peer.id.domain()),
        )
        .with_help(format!("hansa policy clone {participant}"))
    })?;
    let _durable = connector
        .record(AuditEvent::from(TemplateRecord {
            peer: peer.id.to_string(),
            name: name.to_string(),
            sha256,
        }))
        .await?;
    Ok(0)
}

/// Template of another participant. Its text is there where it was asked for by its name.
#[derive(Debug, Serialize)]
struct ClonedTemplate {
    #[serde(flatten)]
    template: TemplateDescription,
    name: String,
    participant: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl CommandReport for ClonedTemplate {
    fn to_text(&self) -> String {
        format!("{}: {}", to_printable(&self.name), self.template.to_text())
    }
}
