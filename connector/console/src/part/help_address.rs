//! Addresses of the guide's topics.

/// Topic about logs with two histories.
pub(crate) const INCIDENT_HELP: &str = "/help/incidents";

/// Address of the topic about the page of a path.
pub(crate) fn help_address(path: &str) -> &'static str {
    let section = path.trim_start_matches('/').split('/').next();
    match section.unwrap_or_default() {
        "datasets" => "/help/city",
        "policies" => "/help/policies",
        "catalog" => "/help/firm",
        "ask" | "answers" => "/help/analyst",
        "evidence" => "/help/auditor",
        "operations" | "settings" => "/help/operator",
        _ => "/help/console",
    }
}
