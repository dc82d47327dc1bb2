//! Federation of the demo: a league, six connectors of cities, and two consumers without a running connector.

use crate::bundled_data;
use crate::runner::{ConnectorProcess, DemoCommandOutput, DemoRunner};
use crate::step_report::{DemoSpeaker, ExpectationError, StepReport, check_expectation};
use crate::tour_people::{PEOPLE_OF_DEMO, find_person};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Federation with its runner and data.
pub(super) struct DemoFederation<'a> {
    /// Runner of the processes.
    pub(super) stage: &'a DemoRunner,
    /// Bytes of the data files of each city.
    pub(super) files: Vec<(&'static str, u64)>,
    _serving: Vec<ConnectorProcess>,
}

/// Name of the firm that asks.
pub(super) const FIRM: &str = "acme";
/// Name of the bus operator. The data of Lisbon contains its passengers.
pub(super) const OPERATOR: &str = "operator";
/// Purpose of the contracts.
pub(super) const PURPOSE: &str = "traffic-planning";

const CITIES: [(&str, &str, &str); 6] = [
    ("lisbon", "Lisbon", "Europe/Lisbon"),
    ("munster", "Münster", "Europe/Berlin"),
    ("ottawa", "Ottawa", "America/Toronto"),
    ("zurich", "Zürich and its neighbours", "Europe/Zurich"),
    ("barcelona", "Barcelona", "Europe/Madrid"),
    ("uk", "British towns", "GMT"),
];

const CONSUMERS: [(&str, &str); 2] = [(FIRM, "Acme Mobility"), (OPERATOR, "Bus operator 42")];

impl DemoFederation<'_> {
    /// Runs a command of a participant that must end with status 0.
    ///
    /// # Errors
    /// If the status is another one.
    pub(super) fn run_command(
        &self,
        participant: &str,
        args: &[&str],
    ) -> Result<DemoCommandOutput, ExpectationError> {
        self.stage.run(Some(participant), args)?.expect_status(0)
    }

    /// Asks a question for the declared purpose. The answer must be complete.
    ///
    /// # Errors
    /// If the answer is incomplete.
    pub(super) fn ask_question(
        &self,
        participant: &str,
        sql: &str,
    ) -> Result<DemoCommandOutput, ExpectationError> {
        self.run_command(participant, &["sql", sql, "--purpose", PURPOSE])
    }

    /// Path of a file in the demo folder.
    pub(super) fn file_path(&self, path: &str) -> PathBuf {
        self.stage.folder().join(path)
    }

    /// Makes a contract: the consumer requests and signs, the provider signs, and the consumer receives the contract.
    ///
    /// # Errors
    /// If the contract does not come into force.
    pub(super) fn make_contract(
        &self,
        consumer: &str,
        provider: &str,
        dataset: &str,
    ) -> Result<String, ExpectationError> {
        let name = format!("{provider}.{dataset}");
        let asked = self.run_command(consumer, &["contract", "request", &name, "--sign"])?;
        let negotiation = member_text(asked.object_with_member("negotiation")?, "negotiation");
        self.run_command(provider, &["contract", "sign", &negotiation])?;
        let wanted = member_text(asked.object_with_member("negotiation")?, "would_become");
        let listed = self.run_command(consumer, &["contract", "list"])?;
        let state = listed
            .lines
            .iter()
            .find(|line| member_text(line, "contract") == wanted)
            .map(|line| member_text(line, "state"))
            .unwrap_or_default();
        check_expectation(
            state == "in force",
            format!("the contract over {name} is in force"),
            format!("it is `{state}`"),
        )?;
        Ok(wanted)
    }
}

impl DemoFederation<'_> {
    /// Least group size of a contract, from its page.
    ///
    /// # Errors
    /// If the page has none.
    pub(super) fn read_group_threshold(
        &self,
        participant: &str,
        id: &str,
    ) -> Result<i64, ExpectationError> {
        let output = self.run_command(participant, &["contract", "show", id])?;
        let terms = output.object_with_member("contract")?.get("terms").cloned();
        let least = terms
            .as_ref()
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|term| member_text(term, "text"))
            .filter(|sentence| sentence.starts_with("a group "))
            .find_map(|sentence| sentence.split(' ').find_map(|word| word.parse().ok()));
        least.ok_or_else(|| ExpectationError {
            expected: "the contract names a least group".to_owned(),
            came: "none".to_owned(),
        })
    }
}

/// Member of an object as text, without quotes.
pub(super) fn member_text(object: &Value, member: &str) -> String {
    match object.get(member) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Member of an object as a whole number.
pub(super) fn member_integer(object: &Value, member: &str) -> i64 {
    object.get(member).and_then(Value::as_i64).unwrap_or(0)
}

/// Member of an object as a number.
pub(super) fn member_number(object: &Value, member: &str) -> f64 {
    object
        .get(member)
        .and_then(Value::as_f64)
        .unwrap_or(f64::NAN)
}

/// First digits of an identity.
pub(super) fn short_identity(id: &str) -> String {
    id.chars().take(12).collect()
}

/// Founds the league, admits the participants, publishes the data and starts the connectors.
///
/// # Errors
/// If one of these steps fails.
pub(super) fn set_up_federation<'a>(
    stage: &'a DemoRunner,
    step: &mut StepReport,
) -> Result<DemoFederation<'a>, ExpectationError> {
    let ready = |args: &[&str]| stage.run(None, args)?.expect_status(0);
    ready(&[
        "league",
        "init",
        "league",
        "--name",
        "League of the show",
        "--demo",
    ])?;
    let participants: Vec<(&str, &str, &str, bool)> = CITIES
        .iter()
        .map(|(participant, name, zone)| (*participant, *name, *zone, true))
        .chain(CONSUMERS.map(|(participant, name)| (participant, name, "UTC", false)))
        .collect();
    for (participant, name, zone, serves) in &participants {
        let id = format!("{participant}.example");
        let mut args = vec![
            "init",
            participant,
            "--id",
            &id,
            "--name",
            name,
            "--zone",
            zone,
        ];
        if *serves {
            args.extend(["--listen", "127.0.0.1:0"]);
        }
        ready(&args)?;
        ready(&[
            "league",
            "admit",
            &exchange_file_path(participant, "request"),
            "--dir",
            "league",
        ])?;
    }
    ready(&[
        "league",
        "export",
        "--dir",
        "league",
        "--output",
        "bundle.json",
    ])?;
    // Join, publish and serve in sequence for each city, and for all cities in parallel.
    let began = in_parallel(&participants, |(participant, _, _, serves)| {
        set_up_participant(stage, participant, *serves)
    })?;
    let mut serving = Vec::new();
    let mut files = Vec::new();
    let mut rows = 0;
    for ((participant, ..), begun) in participants.iter().zip(began) {
        if let Some(begun) = begun {
            files.push((*participant, begun.bytes));
            rows += begun.rows;
            serving.push((*participant, begun.serving));
        }
    }
    in_parallel(&CONSUMERS, |(participant, _)| {
        for (city, served) in &serving {
            let id = format!("{city}.example");
            let add = ["peer", "add", &served.address, "--id", &id];
            stage.run(Some(participant), &add)?.expect_status(0)?;
        }
        Ok(())
    })?;
    let bytes: u64 = files.iter().map(|(_, bytes)| bytes).sum();
    step.print_spoken_line(
        DemoSpeaker("The stage"),
        &format!(
            "{} connectors as separate processes with mutual TLS between them, and {} consumers without a service; \
             {rows} rows\npublished from {:.1} MB of files as the cities wrote them; the folder is {}",
            serving.len(),
            CONSUMERS.len(),
            to_megabytes(bytes),
            stage.folder().display()
        ),
    );
    step.store_figure("connectors", serving.len());
    step.store_figure("consumers", CONSUMERS.len());
    step.store_figure("rows", rows);
    step.store_figure("file_bytes", bytes);
    step.store_figure("folder", json!(stage.folder()));
    Ok(DemoFederation {
        stage,
        files,
        _serving: serving.into_iter().map(|(_, served)| served).collect(),
    })
}

/// Signs the contracts of the firm with three cities.
///
/// # Errors
/// If one of the contracts does not come into force.
pub(super) fn sign_contracts(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    for (city, dataset) in [
        ("lisbon", "validations"),
        ("munster", "bike_counts"),
        ("ottawa", "bike_counts"),
    ] {
        let contract = federation.make_contract(FIRM, city, dataset)?;
        step.print_spoken_line(
            DemoSpeaker("Acme Mobility"),
            &format!(
                "{city}.{dataset}: contract {} is in force",
                short_identity(&contract)
            ),
        );
        step.store_figure(&format!("contract_{city}"), contract);
    }
    Ok(())
}

struct StartedConnector {
    serving: ConnectorProcess,
    bytes: u64,
    rows: i64,
}

fn set_up_participant(
    stage: &DemoRunner,
    participant: &str,
    serves: bool,
) -> Result<Option<StartedConnector>, ExpectationError> {
    let unwritten = |why: String| ExpectationError {
        expected: format!("the folder of {participant} is written"),
        came: why,
    };
    stage
        .run(
            Some(participant),
            &["--yes", "join", &exchange_file_path(participant, "join")],
        )?
        .expect_status(0)?;
    let folder = stage.folder().join(participant);
    std::fs::copy(
        stage.folder().join("bundle.json"),
        folder.join("trust/bundle.json"),
    )
    .map_err(|fault| unwritten(fault.to_string()))?;
    let bytes = bundled_data::unpack_city_data(participant, &folder)
        .map_err(|refusal| unwritten(refusal.to_string()))?;
    if !serves {
        // The operator is near the cities, so its rows are not compressed.
        if participant == OPERATOR {
            bundled_data::plain_rows(&folder).map_err(|refusal| unwritten(refusal.to_string()))?;
        }
        return Ok(None);
    }
    if let Some(person) = find_person(&PEOPLE_OF_DEMO, participant) {
        bundled_data::add_console(&folder, person)
            .map_err(|refusal| unwritten(refusal.to_string()))?;
    }
    stage.run(Some(participant), &["check"])?.expect_status(0)?;
    let published = stage
        .run(Some(participant), &["dataset", "publish"])?
        .expect_status(0)?;
    let rows = published
        .lines
        .iter()
        .map(|line| member_integer(line, "rows"))
        .sum();
    check_expectation(rows > 0, format!("{participant} publishes rows"), rows)?;
    let serving = stage.serve(participant)?;
    Ok(Some(StartedConnector {
        serving,
        bytes,
        rows,
    }))
}

fn exchange_file_path(participant: &str, ending: &str) -> String {
    format!("{participant}/{participant}.example.{ending}")
}

fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, ExpectationError> + Sync,
) -> Result<Vec<R>, ExpectationError> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = items
            .iter()
            .map(|item| scope.spawn(move || work(item)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| {
                    Err(ExpectationError {
                        expected: "a player begins".to_owned(),
                        came: "its thread ended".to_owned(),
                    })
                })
            })
            .collect()
    })
}

/// Converts bytes to megabytes.
pub(super) fn to_megabytes(bytes: u64) -> f64 {
    u32::try_from(bytes / 1000).map_or(f64::NAN, f64::from) / 1000.0
}
