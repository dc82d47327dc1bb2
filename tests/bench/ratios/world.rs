//! A league of two with the documented commands: a provider with some datasets, a consumer with a contract for each.

use crate::tpch::gate;
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use hansa_policy::id::ContractId;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::ALL;
use parquet::arrow::ArrowWriter;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that both ways of asking share.
pub(crate) struct BenchFederation {
    league: TestLeague,
    pub(crate) provider: TestParticipant,
    contracts: BTreeMap<&'static str, ContractId>,
}

/// What the contract of each dataset says beyond purpose and time. All but `lines` hold rows of the same form.
const TERMS: [(&str, &str); 10] = [
    ("open", ""),
    ("tenth", ""),
    ("sorted", ""),
    (
        "filtered",
        "rows = \"site <> 'site 7'\"\nmask = { note = \"null\", extra = { constant = 0 } }\n",
    ),
    ("small", ""),
    ("lines", gate::TERMS),
    ("rounded", "coarsen = { at = \"hour\" }\n"),
    ("keyed", "mask = { device = \"hash\" }\n"),
    (
        "grouped",
        "aggregate = { by = [\"site\"], functions = [\"count\", \"sum\"], measures = [\"n\"], min_rows = 3 }\n",
    ),
    (
        "released",
        "aggregate = { by = [\"site\", \"at\"], functions = [\"count\", \"sum\"], measures = [\"n\"], \
         bucket = \"hour\", zone = \"UTC\", min_rows = 3 }\n",
    ),
];

/// The grids of the datasets of which cells are shown.
const GRIDS: [(&str, &str); 2] = [
    ("grouped", "dimensions = [\"site\"]"),
    (
        "released",
        "dimensions = [\"site\", \"at\"]\nbucket = \"hour\"\nzone = \"UTC\"\nrelease = \"day\"\nrelease_column = \"at\"\nlate = \"wait\"",
    ),
];

impl BenchFederation {
    /// Publishes so many rows under each of the terms whose dataset is `needed`, a hundred, and the lines of TPC-H at that scale;
    /// signs a contract for each.
    pub(crate) fn new(rows: usize, scale: f64, needed: impl Fn(&str) -> bool) -> Self {
        let league = TestLeague::new(Path::new(env!("CARGO_BIN_EXE_hansa")));
        let mut provider = league.city("north");
        let consumer = league.firm("firm");
        for alias in ["north", "firm"] {
            league.hand_bundle_to(alias);
        }
        let terms = TERMS.into_iter().filter(|(name, _)| needed(name));
        let terms: Vec<(&'static str, &'static str)> = terms.collect();
        for (name, _) in &terms {
            let file = provider.folder().join(format!("{name}.parquet"));
            match *name {
                "small" => write(&file, 100),
                "tenth" => write(&file, rows / 10),
                "lines" => gate::lines(&file, scale),
                _ => write(&file, rows),
            }
            let dataset = format!("counts_{name}");
            let file = file.to_str().expect("temporary folders have plain names");
            let add = ["dataset", "add", file, "--name", &dataset, "--licence"];
            provider
                .hansa(&[&add[..], &["proprietary"]].concat())
                .must();
            if let Some((_, grid)) = GRIDS.iter().find(|(of, _)| of == name) {
                provider.configure(&format!("\n[dataset.grid]\n{grid}\n"));
            }
            if *name == "sorted" {
                by_number(&provider, &dataset);
            }
        }
        provider.publishes();
        for (name, terms) in &terms {
            let dataset = format!("counts_{name}");
            provider.offers(
                &dataset,
                name,
                &format!("{terms}{ALL}"),
                "\"league\"",
                "auto",
            );
        }
        // Fifty readers of one peer, which gets three quarters of the slots.
        let config = provider.folder().join("hansa.toml");
        let toml = std::fs::read_to_string(&config).expect("the configuration is there");
        let toml = toml.replace("concurrent = 16", "concurrent = 80");
        std::fs::write(config, toml).expect("the configuration can be written");
        provider.serve();
        consumer.knows(&provider);
        let contracts = terms
            .iter()
            .map(|(name, _)| {
                let contract = consumer.contract(&format!("north.counts_{name}"));
                (*name, contract.parse().expect("a contract's name"))
            })
            .collect();
        provider.stop();
        Self {
            league,
            provider,
            contracts,
        }
    }

    /// Where it lies.
    pub(crate) fn folder(&self) -> &Path {
        self.league.folder()
    }

    /// The contract over a dataset.
    pub(crate) fn contract(&self, dataset: &str) -> ContractId {
        self.contracts[dataset]
    }

    /// The contracts.
    pub(crate) fn contracts(&self) -> impl Iterator<Item = ContractId> {
        self.contracts.values().copied()
    }

    /// The same with the datasets' names.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = (&'static str, ContractId)> {
        self.contracts.iter().map(|(name, id)| (*name, *id))
    }

    /// The files of each dataset's snapshot.
    pub(crate) fn files(&self) -> BTreeMap<&'static str, Vec<PathBuf>> {
        let provider = crate::governed_query::InProcessProvider::open(self);
        let names = self.contracts.keys();
        names.map(|name| (*name, provider.files(name))).collect()
    }

    /// Starts the provider.
    pub(crate) fn serve(&mut self) {
        self.provider.serve();
    }
}

/// Has the rows of a dataset stored by their numbers, and not by time as it is without a word.
fn by_number(provider: &TestParticipant, dataset: &str) {
    let path = provider.folder().join("hansa.toml");
    let text = std::fs::read_to_string(&path).expect("the configuration is there");
    let name = format!("name        = \"{dataset}\"\n");
    assert!(text.contains(&name), "the entry of {dataset}: {text}");
    let text = text.replace(&name, &format!("{name}sort        = [\"id\"]\n"));
    std::fs::write(path, text).expect("the configuration can be written");
}

/// 1 June 2026, in microseconds: 19 days from here are over.
const BEGIN: i64 = 1_780_272_000_000_000;

/// Counts at forty sites: numbers that compress badly and texts that compress well, as sensors give them.
pub(crate) fn write(file: &Path, rows: usize) {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("site", DataType::Utf8, false),
        Field::new("kind", DataType::Utf8, false),
        Field::new("n", DataType::Int64, false),
        Field::new("value", DataType::Float64, false),
        Field::new("extra", DataType::Int64, false),
        Field::new("note", DataType::Utf8, true),
        Field::new("device", DataType::Utf8, false),
        Field::new("at", time, false),
    ]));
    let out = std::fs::File::create(file).expect("a file can be made");
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), None).expect("a Parquet file");
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut next = 0;
    while next < rows {
        let length = (rows - next).min(65_536);
        let numbers: Vec<u64> = (0..length).map(|_| random()).collect();
        let ids = (next..next + length).map(|id| id as i64);
        let sites = numbers.iter().map(|n| format!("site {}", n % 40));
        let kinds = numbers.iter().map(|n| format!("kind {}", (n >> 8) % 5));
        let batch = RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                Arc::new(Int64Array::from_iter_values(ids)),
                Arc::new(StringArray::from_iter_values(sites)),
                Arc::new(StringArray::from_iter_values(kinds)),
                Arc::new(Int64Array::from_iter_values(
                    numbers.iter().map(|n| (n >> 16 & 0x3ff) as i64),
                )),
                Arc::new(Float64Array::from_iter_values(
                    numbers.iter().map(|n| (n >> 20 & 0xf_ffff) as f64 / 64.0),
                )),
                Arc::new(Int64Array::from_iter_values(
                    numbers.iter().map(|n| (n >> 32) as i64),
                )),
                Arc::new(StringArray::from_iter(
                    numbers
                        .iter()
                        .map(|n| (n % 3 == 0).then(|| format!("{n:x}"))),
                )),
                Arc::new(StringArray::from_iter_values(
                    numbers.iter().map(|n| format!("{:x}", n >> 24)),
                )),
                Arc::new(
                    TimestampMicrosecondArray::from_iter_values(
                        numbers
                            .iter()
                            .map(|n| BEGIN + (n >> 12 & 0xff_ffff) as i64 * 100_000),
                    )
                    .with_timezone("UTC"),
                ),
            ],
        )
        .expect("columns as the schema says");
        writer.write(&batch).expect("there is room");
        next += length;
    }
    writer.close().expect("there is room");
}
