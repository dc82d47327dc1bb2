//! Pages of the catalogue of other participants, as it is known here: no page asks a participant.

use crate::catalog::arguments::{CatalogCommand, CatalogListArgs};
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::dataset_pages::check_name;
use crate::console::person_visit::PersonVisit;
use hansa_console::{
    CatalogFilter, CatalogListView, CatalogRow, CatalogView, ROWS_PER_PAGE, render_catalog,
    render_catalog_entry,
};
use hansa_node::config::person::Role;
use hansa_policy::refusal::Refusal;
use hansa_transport::ConsoleResponse;

/// Roles that read the catalogue.
const READERS: &[Role] = &[Role::Officer, Role::Analyst];

/// List of the datasets of other participants.
pub(super) async fn show_catalog(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, "catalog").await?;
    let args = CatalogListArgs {
        as_known: true,
        text: visit.given_parameter("text"),
        with: visit.given_parameter("with"),
        after: visit.given_parameter("after"),
        // One more shows whether another page follows.
        limit: Some(ROWS_PER_PAGE + 1),
        brief: true,
        ..CatalogListArgs::default()
    };
    let shown = list_command(&args);
    let command = ConnectorCommand::Catalog(CatalogCommand::List(args));
    let mut rows: Vec<CatalogRow> = permitted.read_rows(command).await?;
    let after = cut_page(&mut rows);
    let view = CatalogListView {
        rows,
        filter: CatalogFilter {
            text: visit.parameter("text").to_owned(),
            with: visit.parameter("with").to_owned(),
        },
        after,
    };
    Ok(visit.show_page(shown, |frame| render_catalog(frame, &view)))
}

/// Removes the datasets behind the last one of a page. Gives the name behind which the next page begins, if there is one.
fn cut_page(rows: &mut Vec<CatalogRow>) -> Option<String> {
    let mut count = 0_usize;
    let mut last = None;
    let mut has_more = false;
    rows.retain(|row| {
        let CatalogRow::Dataset(summary) = row else {
            return true;
        };
        let is_shown = count < ROWS_PER_PAGE;
        if is_shown {
            count = count.saturating_add(1);
            last = Some(summary.name.clone());
        } else {
            has_more = true;
        }
        is_shown
    });
    last.filter(|_| has_more)
}

/// One dataset of another participant.
pub(super) async fn show_catalog_entry(
    visit: &PersonVisit<'_>,
    participant: &str,
    dataset: &str,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, "catalog").await?;
    check_name(participant)?;
    check_name(dataset)?;
    let language = visit.language().tag();
    let name = format!("{participant}.{dataset}");
    let shown = format!("hansa catalog show {name} --as-known --language {language}");
    let command = ConnectorCommand::Catalog(CatalogCommand::Show {
        dataset: name,
        as_known: true,
        language: Some(language.to_owned()),
    });
    let view: CatalogView = permitted.read_one(command).await?;
    Ok(visit.show_page(shown, |frame| render_catalog_entry(frame, &view)))
}

/// Command line of a page of the list.
fn list_command(args: &CatalogListArgs) -> String {
    let mut line = format!("hansa catalog list --as-known --brief --limit {ROWS_PER_PAGE}");
    for (option, value) in [
        ("--text", &args.text),
        ("--with", &args.with),
        ("--after", &args.after),
    ] {
        if let Some(value) = value {
            line.push_str(&format!(" {option} {}", quote_word(value)));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(count: usize) -> Vec<CatalogRow> {
        let unread = json!({ "participant": "acme.example", "alias": "acme", "known": false });
        let datasets = (0..count).map(|number| {
            json!({ "name": format!("lindau.d{number:03}"), "participant": "lindau.example" })
        });
        let all = std::iter::once(unread).chain(datasets);
        all.map(|row| serde_json::from_value(row).unwrap())
            .collect()
    }

    #[test]
    fn a_page_ends_with_its_last_dataset() {
        let mut page = rows(ROWS_PER_PAGE + 1);
        assert_eq!(cut_page(&mut page).unwrap(), "lindau.d049");
        assert_eq!(page.len(), ROWS_PER_PAGE + 1, "the participant stays");
        let mut last = rows(ROWS_PER_PAGE);
        assert_eq!(cut_page(&mut last), None);
        assert_eq!(last.len(), ROWS_PER_PAGE + 1);
        assert_eq!(cut_page(&mut rows(0)), None);
    }
}
