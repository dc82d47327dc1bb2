//! Cities as processes, a firm that asks them, and a relay on the way to each.

use super::data;
use arrow_array::RecordBatch;
use hansa_test_support::league::TestLeague;
use hansa_test_support::network_relay::{LinkProfile, NetworkRelay};
use hansa_test_support::participant::{CommandOutput, TestParticipant};
use hansa_test_support::sql_session::SqlSession;
use hansa_test_support::workflow::ALL;
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The cities that share orders and lines.
pub(super) const CITIES: [&str; 3] = ["munster", "ottawa", "zurich"];

/// The city that has the rest.
pub(super) const FOURTH: &str = "bremen";

/// The tables of one city: what they are called, and their rows.
pub(super) type CityTables = Vec<(&'static str, Box<dyn Iterator<Item = RecordBatch>>)>;

/// All participants.
pub(super) struct TpchFederation {
    league: TestLeague,
    cities: Vec<TestParticipant>,
    firm: TestParticipant,
    relays: Vec<NetworkRelay>,
    files: BTreeMap<String, PathBuf>,
}

/// What is shown of a table of which no rows are.
pub(super) struct CellTerms {
    /// By which columns.
    pub(super) by: &'static [&'static str],
    /// Counts, sums and averages of which columns.
    pub(super) measures: &'static [&'static str],
    /// Groups of fewer rows are not shown.
    pub(super) least: usize,
}

impl CellTerms {
    pub(super) fn terms(&self) -> String {
        format!(
            "{ALL}\naggregate = {{ by = {:?}, measures = {:?}, functions = [\"count\", \"sum\", \"avg\"], min_rows = {} }}",
            self.by, self.measures, self.least
        )
    }
}

/// What came back.
pub(super) struct QueryAnswer {
    /// The rows, as objects.
    pub(super) rows: Vec<Value>,
    /// How many texts went out.
    pub(super) remote_queries: usize,
}

impl QueryAnswer {
    /// Rows, and what is told below them.
    ///
    /// # Panics
    /// When it lacks a participant.
    pub(super) fn of(lines: Vec<Value>) -> Self {
        let (reports, rows): (Vec<_>, Vec<_>) = lines
            .into_iter()
            .partition(|line| line.get("hansa").is_some());
        let report = &reports[0]["hansa"];
        assert_eq!(report["complete"], Value::Bool(true), "{report}");
        Self {
            rows,
            remote_queries: report["participants"].as_array().unwrap().len(),
        }
    }
}

impl TpchFederation {
    /// The tables of TPC-H at that scale, those that are shared with three cities and the rest with the fourth.
    pub(super) fn new(scale: f64, link: Option<LinkProfile>) -> Self {
        Self::of(Self::holdings(scale), link)
    }

    /// Who has which tables.
    pub(super) fn holdings(scale: f64) -> Vec<(&'static str, CityTables)> {
        let tables = |names: &[&'static str], part: i32, parts: i32| -> CityTables {
            let rows = |name: &&'static str| (*name, data::rows(name, scale, part, parts));
            names.iter().map(rows).collect()
        };
        let shared = (1..).zip(CITIES);
        let shared = shared.map(|(part, city)| (city, tables(&data::SHARED, part, 3)));
        let rest = (FOURTH, tables(&data::REST, 1, 1));
        shared.chain([rest]).collect()
    }

    /// Publishes the tables of each city, signs a contract for each of them and starts all participants.
    pub(super) fn of(holdings: Vec<(&'static str, CityTables)>, link: Option<LinkProfile>) -> Self {
        Self::under(|_| None, holdings, link)
    }

    /// The same where some tables show cells alone.
    pub(super) fn under(
        cells: fn(&str) -> Option<CellTerms>,
        holdings: Vec<(&'static str, CityTables)>,
        link: Option<LinkProfile>,
    ) -> Self {
        let league = TestLeague::new(Path::new(env!("CARGO_BIN_EXE_hansa")));
        let names: Vec<&str> = holdings.iter().map(|(name, _)| *name).collect();
        let mut cities: Vec<TestParticipant> = names.iter().map(|name| league.city(name)).collect();
        let mut firm = league.firm("firm");
        for alias in names.iter().chain(&["firm"]) {
            league.hand_bundle_to(alias);
        }
        let mut files = BTreeMap::new();
        for (city, (name, tables)) in cities.iter().zip(holdings) {
            let mut published = Vec::new();
            for (table, rows) in tables {
                let file = city.folder().join(format!("{table}.parquet"));
                write(&file, rows);
                let path = file.to_str().expect("temporary folders have plain names");
                let add = ["dataset", "add", path, "--name", table, "--licence"];
                city.hansa(&[&add[..], &["proprietary"]].concat()).must();
                own_keys(city);
                if let Some(cells) = cells(table) {
                    register(city, &cells);
                }
                files.insert(format!("{name}.{table}"), file);
                published.push(table);
            }
            city.publishes();
            for table in published {
                let terms = cells(table).map_or_else(|| lending(table), |cells| cells.terms());
                city.offers(table, table, &terms, "\"league\"", "auto");
            }
        }
        firm.serve();
        let mut relays = Vec::new();
        for (city, name) in cities.iter_mut().zip(&names) {
            city.serve();
            let relay = NetworkRelay::to(city.address(), link);
            firm.hansa(&["peer", "add", relay.address(), "--id", city.domain()])
                .must();
            relays.push(relay);
            for table in files.keys().filter(|table| table.starts_with(name)) {
                let _ = firm.contract(table);
            }
        }
        Self {
            league,
            cities,
            firm,
            relays,
            files,
        }
    }

    /// The files of the tables, as `city.table`.
    pub(super) fn files(&self) -> BTreeMap<String, PathBuf> {
        self.files.clone()
    }

    /// Asks as the firm, by a command of its own.
    pub(super) fn ask(&self, sql: &str) -> QueryAnswer {
        QueryAnswer::of(self.tries(sql).must().lines())
    }

    /// The same, answered or not.
    pub(super) fn tries(&self, sql: &str) -> CommandOutput {
        let purpose = hansa_test_support::workflow::PURPOSE;
        self.firm
            .hansa(&["--json", "sql", sql, "--purpose", purpose])
    }

    /// One command of the firm for many questions.
    #[allow(dead_code, reason = "the benchmark's alone; the test measures nothing")]
    pub(super) fn session(&self) -> SqlSession {
        self.firm
            .session(&["--purpose", hansa_test_support::workflow::PURPOSE])
    }

    /// Where everything lies.
    #[allow(dead_code, reason = "the benchmark's alone; the test measures nothing")]
    pub(super) fn folder(&self) -> &Path {
        self.league.folder()
    }

    /// The processes of all participants.
    #[allow(dead_code, reason = "the benchmark's alone; the test measures nothing")]
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        let all = self.cities.iter().chain([&self.firm]);
        all.filter_map(TestParticipant::pid)
    }

    /// Bytes through all relays, both ways.
    pub(super) fn passed(&self) -> u64 {
        let all = self.relays.iter().map(NetworkRelay::passed);
        all.map(|(to, from)| to + from).sum()
    }
}

impl Drop for TpchFederation {
    fn drop(&mut self) {
        for city in &mut self.cities {
            city.stop();
        }
        self.firm.stop();
    }
}

/// Permits everything, and lets the keys of what the fourth city has be sent to others.
fn lending(table: &str) -> String {
    let keys = match table {
        "part" => "\"p_partkey\"",
        "supplier" => "\"s_suppkey\", \"s_nationkey\"",
        "customer" => "\"c_custkey\", \"c_nationkey\"",
        "partsupp" => "\"ps_partkey\", \"ps_suppkey\"",
        "nation" => "\"n_nationkey\", \"n_regionkey\"",
        "region" => "\"r_regionkey\"",
        _ => return ALL.to_owned(),
    };
    format!("{ALL}\njoin = {{ travel = {{ columns = [{keys}], to = \"anybody\" }} }}")
}

/// Says of the keys of orders that each city has its own.
fn own_keys(city: &TestParticipant) {
    let path = city.folder().join("hansa.toml");
    let mut text = std::fs::read_to_string(&path).expect("the configuration is there");
    for column in ["o_orderkey", "l_orderkey"] {
        let line = format!("name   = \"{column}\"\n");
        let more = format!("{line}own_keys = \"order\"\nrequired = true\n");
        if !text.contains(&more) {
            text = text.replace(&line, &more);
        }
    }
    std::fs::write(path, text).expect("the configuration can be written");
}

/// Registers the grid of the dataset that was added last.
pub(super) fn register(city: &TestParticipant, cells: &CellTerms) {
    let path = city.folder().join("hansa.toml");
    let text = std::fs::read_to_string(&path).expect("the configuration is there");
    let text = format!("{text}\n[dataset.grid]\ndimensions = {:?}\n", cells.by);
    std::fs::write(path, text).expect("the configuration can be written");
}

/// Writes rows as one Parquet file.
pub(super) fn write(file: &Path, rows: impl Iterator<Item = RecordBatch>) {
    let mut rows = rows.peekable();
    let schema = rows.peek().expect("a table has rows").schema();
    let out = std::fs::File::create(file).expect("a file can be made");
    let mut writer = ArrowWriter::try_new(out, schema, None).expect("a Parquet file");
    for batch in rows {
        writer.write(&batch).expect("there is room");
    }
    writer.close().expect("there is room");
}
