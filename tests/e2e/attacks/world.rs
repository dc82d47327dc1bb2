//! The league in which SQL is attacked: one provider with every setup, a member that asks as it likes.

use crate::attacks::beyond_the_list::proposals::{TWIN, TWINS, twin};
use crate::attacks::trips::{self, TripsVersion};
use crate::attacks::{AttackReportLine, aggregate, areas, beyond_the_list, joins, row, tried};
use crate::binary;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::{CollectedAnswer, MaliciousPeer};
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::ALL;
use std::collections::BTreeMap;

/// Both versions of each setup, the plain tables, and who asks.
pub(crate) struct SqlAttackFederation {
    pub(crate) lindau: TestParticipant,
    pub(crate) acme: TestParticipant,
    pub(crate) attacker: MaliciousPeer,
    pub(crate) stranger: MaliciousPeer,
    /// The stranger's own contract on `trips_h`.
    pub(crate) strangers: ContractId,
    _speyer: TestParticipant,
    contracts: BTreeMap<String, ContractId>,
    /// Last, since its folder goes with it.
    pub(crate) league: TestLeague,
}

impl SqlAttackFederation {
    fn new() -> Self {
        let league = TestLeague::new(binary());
        let mut lindau = league.city("lindau");
        let mut speyer = league.city("speyer");
        let acme = league.firm("acme");
        let other = league.firm("other");
        league.hand_bundle_to("speyer");
        speyer.write("data/cells_a.csv", &trips::dozen());
        speyer.configure(&dataset("cells_a"));
        speyer.offers(
            "cells_a",
            "cells_a",
            &format!("{G}\n{ALL}"),
            "\"league\"",
            "auto",
        );
        speyer.publishes();
        speyer.serve();
        league.hand_bundle_to("lindau");
        let sets = [
            ("trips_a", trips::stored(TripsVersion::One), R.to_owned()),
            ("trips_b", trips::stored(TripsVersion::Other), R.to_owned()),
            ("cells_a", trips::cells(TripsVersion::One), G.to_owned()),
            ("cells_b", trips::cells(TripsVersion::Other), G.to_owned()),
            (
                "fares_a",
                trips::fares(TripsVersion::One),
                DOMINATED.to_owned(),
            ),
            (
                "fares_b",
                trips::fares(TripsVersion::Other),
                DOMINATED.to_owned(),
            ),
            (
                "trips_h",
                trips::stored(TripsVersion::One),
                HASHED.to_owned(),
            ),
            ("trips_t", trips::stored(TripsVersion::One), T.to_owned()),
            ("areas_a", areas::stored(TripsVersion::One), areas::terms()),
            (
                "areas_b",
                areas::stored(TripsVersion::Other),
                areas::terms(),
            ),
        ];
        for (name, csv, terms) in &sets {
            lindau.write(&format!("data/{name}.csv"), csv);
            lindau.configure(&dataset(name));
            lindau.offers(name, name, &format!("{terms}\n{ALL}"), "\"league\"", "auto");
        }
        for (name, csv) in TWINS {
            lindau.write(&format!("data/{name}.csv"), csv);
            lindau.configure(&twin(name));
            lindau.offers(name, name, &format!("{TWIN}\n{ALL}"), "\"league\"", "auto");
        }
        lindau.write("lists/areas.geojson", areas::AREA);
        lindau.write("lists/operators.csv", areas::TABLE);
        lindau.write("data/areas_v.csv", &areas::view());
        lindau.configure(AREAS_V);
        lindau.offers("areas_v", "areas_v", ALL, "\"league\"", "auto");
        lindau.write("data/trips_v.csv", &trips::view());
        lindau.configure(&viewed());
        lindau.offers("trips_v", "trips_v", ALL, "\"league\"", "auto");
        lindau.write("data/cells_v.csv", &trips::published());
        lindau.configure(PUBLISHED);
        lindau.offers("cells_v", "cells_v", ALL, "\"league\"", "auto");
        lindau.offers(
            "trips_a",
            "wider",
            &format!("{WIDER}\n{ALL}"),
            "[\"acme.example\"]",
            "officer",
        );
        // Trips that may be joined with operators, over keys that nobody is shown.
        lindau.write("data/trips_j.csv", &trips::stored(TripsVersion::One));
        lindau.configure(&dataset("trips_j"));
        lindau.offers(
            "trips_j",
            "trips_j",
            &format!("{J}\n{ALL}"),
            "\"league\"",
            "auto",
        );
        for (name, csv) in [
            ("operators", "operator,title\nop0,Nord\nop1,West\n"),
            ("others", "operator,title\nop0,Nord\n"),
        ] {
            lindau.holds(name, csv, "");
            lindau.offers(name, name, ALL, "\"league\"", "auto");
        }
        lindau.configure("[tenant.\"acme.example\"]\nvalue = \"op1\"");
        lindau.publishes();
        lindau.serve();
        acme.knows(&lindau);
        acme.knows(&speyer);
        let _ = acme.contract("speyer.cells_a");
        let contracts = [
            "trips_a",
            "trips_b",
            "trips_v",
            "cells_a",
            "cells_b",
            "cells_v",
            "trips_t",
            "trips_j",
            "operators",
            "others",
            "trips_h",
            "fares_a",
            "fares_b",
            "areas_a",
            "areas_b",
            "areas_v",
            "twin_a",
            "twin_b",
        ]
        .into_iter()
        .map(|name| {
            let contract = acme.contract_on(&format!("lindau.{name}"), name);
            (name.to_owned(), contract.parse().unwrap())
        })
        .collect();
        other.knows(&lindau);
        let strangers = other.contract_on("lindau.trips_h", "trips_h");
        let strangers = strangers.parse().unwrap();
        let attacker =
            MaliciousPeer::enter(&league, "acme", lindau.address(), lindau.domain()).unwrap();
        let stranger =
            MaliciousPeer::enter(&league, "other", lindau.address(), lindau.domain()).unwrap();
        Self {
            league,
            lindau,
            acme,
            attacker,
            stranger,
            strangers,
            _speyer: speyer,
            contracts,
        }
    }

    /// The contract on a dataset.
    pub(crate) fn contract(&self, dataset: &str) -> ContractId {
        self.contracts[dataset]
    }

    /// What the contract on a dataset says.
    pub(crate) fn agreement(&self, dataset: &str) -> Agreement {
        let id = self.contract(dataset).to_string();
        let file = ["contract", "export", &id];
        let bytes = self.acme.hansa(&file).must().out;
        let signed = hansa_proto::envelope::parse_contract(bytes.trim().as_bytes()).unwrap();
        signed.agreement
    }

    /// Asks over the wire under the contract on a dataset.
    pub(crate) fn ask(&self, dataset: &str, sql: &str) -> CollectedAnswer {
        self.attacker.ask(&[self.contract(dataset)], sql)
    }
}

/// Attacks rows and cells.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let mut federation = SqlAttackFederation::new();
    let mut lines = tried(&mut federation, &row::attacks());
    lines.extend(tried(&mut federation, &aggregate::attacks()));
    lines.extend(tried(&mut federation, &beyond_the_list::ATTACKS));
    lines.extend(tried(&mut federation, &joins::ATTACKS));
    lines.extend(tried(&mut federation, &areas::ATTACKS));
    lines
}

/// Rows of one district, without the notes; devices are hidden, places are cells, times are hours.
const R: &str = "rows = \"district = 'A'\"\n\
    columns = [\"trip_id\", \"device_id\", \"operator\", \"district\", \"started_at\", \"lon\", \"lat\", \"duration_s\", \"fare\"]\n\
    mask = { device_id = \"null\" }\n\
    cells = { to = \"h3:8\" }\n\
    coarsen = { started_at = \"hour\" }";

/// Cells of district and hour with ten devices each.
const G: &str = "aggregate = { by = [\"district\", \"started_at\"], measures = [\"duration_s\", \"fare\"], \
    functions = [\"sum\", \"count\", \"avg\"], min_contributors = 10 }";

/// What only a person may sign.
const WIDER: &str = "columns = [\"trip_id\", \"notes\"]";

/// Trips that may be joined with operators alone, over a key that is shown to nobody.
const J: &str = "rows = \"district = 'A'\"\ncolumns = [\"trip_id\", \"operator\", \"district\", \"fare\"]\n\
    join = { keys = [\"operator\"], with = [\"hansa://lindau.example/d/operators\"], keys_stay = true }";

/// Cells in which no operator may have nearly all of the fares.
const DOMINATED: &str = "aggregate = { by = [\"district\", \"started_at\"], measures = [\"fare\"], \
    functions = [\"sum\", \"count\"], min_contributors = 3, \
    dominance = [{ measure = \"fare\", unit = \"operator\", p = 15 }] }";

/// Devices as keyed hashes.
const HASHED: &str = "rows = \"district = 'A'\"\ncolumns = [\"trip_id\", \"device_id\"]\nmask = { device_id = \"hash\" }";

/// The rows of whoever asks.
const T: &str = "rows = \"operator = {{consumer}}\"\ncolumns = [\"trip_id\", \"operator\"]";

fn dataset(name: &str) -> String {
    format!(
        r#"
[[dataset]]
name = "{name}"
title = "Trips"
licence = "proprietary"
unit_column = "device_id"
zone = "UTC"
sort = ["trip_id"]

[dataset.source]
kind = "text"
path = "data/{name}.csv"
{COLUMNS}
[dataset.grid]
dimensions = ["district", "started_at"]
bucket = "hour"
zone = "UTC"
"#
    )
}

const COLUMNS: &str = r#"
[[dataset.column]]
name = "trip_id"

[[dataset.column]]
name = "device_id"

[[dataset.column]]
name = "operator"

[[dataset.column]]
name = "district"

[[dataset.column]]
name = "started_at"
type = "instant"
format = "%Y-%m-%d %H:%M"

[[dataset.column]]
name = "lon"
type = "float"

[[dataset.column]]
name = "lat"
type = "float"

[[dataset.column]]
name = "duration_s"
type = "int"

[[dataset.column]]
name = "fare"
type = "int"

[[dataset.column]]
name = "notes"
"#;

/// The plain table of what R shows.
fn viewed() -> String {
    let degrees = COLUMNS.split("[[dataset.column]]").filter(|column| {
        let named = |name: &str| column.contains(&format!("name = \"{name}\""));
        !named("lat") && !named("notes")
    });
    let columns: Vec<String> = degrees
        .map(|column| match column.contains("name = \"lon\"") {
            true => "\nname = \"cell\"\n\n".to_owned(),
            false => column.to_owned(),
        })
        .collect();
    dataset("trips_v").replace(COLUMNS, &columns.join("[[dataset.column]]"))
}

const AREAS_V: &str = r#"
[[dataset]]
name = "areas_v"
title = "Trips"
licence = "proprietary"
zone = "UTC"
sort = ["trip_id"]

[dataset.source]
kind = "text"
path = "data/areas_v.csv"

[[dataset.column]]
name = "trip_id"

[[dataset.column]]
name = "operator"

[[dataset.column]]
name = "duration_s"
type = "int"
"#;

const PUBLISHED: &str = r#"
[[dataset]]
name = "cells_v"
title = "Cells"
licence = "proprietary"
zone = "UTC"

[dataset.source]
kind = "text"
path = "data/cells_v.csv"

[[dataset.column]]
name = "district"

[[dataset.column]]
name = "started_at"
type = "instant"
format = "%Y-%m-%d %H:%M"

[[dataset.column]]
name = "n"
type = "int"

[[dataset.column]]
name = "cnt_duration_s"
type = "int"

[[dataset.column]]
name = "sum_duration_s"
type = "int"

[[dataset.column]]
name = "cnt_fare"
type = "int"

[[dataset.column]]
name = "sum_fare"
type = "int"
"#;
