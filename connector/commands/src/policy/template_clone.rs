//! `policy clone`: a policy with parameters that another participant publishes.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::policy::policy_template::{facts, template_text};
use hansa_audit_log::record::contracts::TemplateRecord;
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::printable;
use hansa_proto::peer::catalog_page::CatalogPageRequest;
use hansa_proto::template::PolicyTemplate;
use serde_json::{Value, json};
use std::sync::Arc;

/// Fetches one template, checked as one of our own, or lists them.
pub(super) async fn clone(
    connector: &Arc<Connector>,
    participant: &str,
    name: Option<&str>,
    out: &EventSink,
) -> CommandResult {
    let peer = connector.peer(participant)?;
    let client = connector.call(&peer).await?;
    let page = client.catalog(&CatalogPageRequest::default()).await?;
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
                out.fault(&refusal).await;
                continue;
            }
        };
        let mut data = facts(&template);
        if let Value::Object(map) = &mut data {
            map.insert("name".to_owned(), json!(listed_template.name));
            map.insert("participant".to_owned(), json!(peer.id.domain()));
            if name.is_some() {
                map.insert("file".to_owned(), json!(text));
            }
        }
        out.object(
            data,
            format!(
                "{}: {}",
                printable(&listed_template.name),
                template_text(&template)
            ),
        )
        .await?;
        found = Some(template.sha256);
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
