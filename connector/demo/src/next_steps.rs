//! Step 7: the connectors keep running, with consoles and suggestions for the user.

use crate::console_tour::{ConsoleTour, TourPlan};
use crate::federation::{DemoFederation, FIRM, PURPOSE};
use crate::step_report::ExpectationError;
use crate::tour_people::PEOPLE_OF_DEMO;
use hansa_commands::cli::output::OutputSettings;
use hansa_commands::cli::terminal::line_out;
use serde_json::json;
use std::time::Duration;

/// Opens the consoles, prints suggestions, and waits for the end of the demo.
///
/// # Errors
/// If a console can't be opened.
pub(super) fn show_next_steps(
    federation: &DemoFederation<'_>,
    with_consoles: bool,
    show: OutputSettings,
) -> Result<(), ExpectationError> {
    let plan = TourPlan {
        people: &PEOPLE_OF_DEMO,
        city: "lisbon",
        dataset: "validations",
    };
    let open = || ConsoleTour::open(federation.stage, &plan);
    let tour = with_consoles.then(open).transpose()?;
    let hansa = std::env::current_exe()
        .map_or_else(|_| "hansa".to_owned(), |path| path.display().to_string());
    let at = |participant: &str| {
        format!(
            "{hansa} --config {}",
            federation.file_path(participant).display()
        )
    };
    let tries = [
        (
            "ask",
            format!(
                "{} sql \"SELECT participant, sum(bikes) FROM model.bicycle_counts GROUP BY participant\" --purpose {PURPOSE}",
                at(FIRM)
            ),
        ),
        (
            "see what would travel",
            format!(
                "{} explain \"SELECT town, avg(value) FROM model.air_quality_observed GROUP BY town\"",
                at(FIRM)
            ),
        ),
        ("read the offers", format!("{} catalog list", at(FIRM))),
        (
            "follow a question hop by hop",
            format!("{} doctor lisbon", at(FIRM)),
        ),
        (
            "see what the city wrote down",
            format!("{} audit list --last 20", at("lisbon")),
        ),
    ];
    if show.json {
        let list: Vec<_> = tries.iter().map(|(_, command)| command).collect();
        line_out(
            &json!({"step": 7, "name": "closing", "ok": true, "figures": {"try": list, "consoles": tour.as_ref().map(ConsoleTour::to_json)}})
                .to_string(),
        );
    } else {
        line_out("\n7. The connectors go on until you press Ctrl-C. Five things to try:\n");
        for (what, command) in &tries {
            line_out(&format!("   {what}:\n      {command}"));
        }
        if let Some(tour) = &tour {
            line_out("");
            tour.print();
        }
    }
    if let Some(tour) = tour {
        return tour.wait_for_interruption(federation.stage, !show.json);
    }
    while !federation.stage.is_interrupted() {
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
