//! Small dataset that is published repeatedly.

use crate::fixture;
use crate::limits::QueryResourceLimits;
use crate::release;
use crate::snapshot::Snapshot;
use crate::snapshot::released_cells::{ReleasePeriod, ReleasedCells};
use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{Dataset, GridDimension, RegisteredGrid};
use hansa_policy::effect::{Cube, CubeDimension};
use hansa_policy::refusal::Refusal;
use hansa_policy::value::cube::{
    CountingUnit, CubeFunction, DominanceTerm, LateDataPolicy, ReleaseTerm,
};
use hansa_policy::value::privacy_budget::{ClampRange, DimensionValues, PrivacyBudgetTerm};
use hansa_policy::value::time::TimeBucketWidth;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Row with a number that makes it unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BikeRow {
    pub(super) site: Option<&'static str>,
    pub(super) hour: i64,
    pub(super) device: Option<u8>,
    pub(super) bikes: Option<i64>,
}

/// Row of a site in an hour of a day, counted from 2026-06-01.
pub(super) fn row(site: &'static str, day: i64, hour: i64, device: u8, bikes: i64) -> BikeRow {
    BikeRow {
        site: Some(site),
        hour: day * 24 + hour,
        device: Some(device),
        bikes: Some(bikes),
    }
}

/// Start of a day, counted from 2026-06-01.
pub(super) fn day(day: i64) -> UtcTimestamp {
    UtcTimestamp::from_micros(START + day * 24 * HOUR).unwrap()
}

pub(super) struct ReleasedDatasetFixture {
    folder: tempfile::TempDir,
    late: LateDataPolicy,
    number: usize,
    renamed: bool,
    every: TimeBucketWidth,
    snapshot: Option<Snapshot>,
    seen: Option<UtcTimestamp>,
    released: ReleasedCells,
    limits: QueryResourceLimits,
}

impl ReleasedDatasetFixture {
    pub(super) fn new(late: LateDataPolicy) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            late,
            number: 0,
            renamed: false,
            every: TimeBucketWidth::Day,
            snapshot: None,
            seen: None,
            released: ReleasedCells::default(),
            limits: QueryResourceLimits::default(),
        }
    }

    /// Sets the memory limit of a release, in bytes.
    pub(super) const fn memory(&mut self, bytes: usize) {
        self.limits.memory = bytes;
    }

    pub(super) fn state(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        self.snapshot.as_ref().unwrap()
    }

    /// Changes the schema of the dataset.
    pub(super) const fn rename(&mut self) {
        self.renamed = true;
    }

    /// Changes the release period.
    pub(super) const fn every(&mut self, every: TimeBucketWidth) {
        self.every = every;
    }

    fn dataset(&self, at: UtcTimestamp) -> Dataset {
        let last = if self.renamed {
            "extra:float?"
        } else {
            "other:float?"
        };
        let mut dataset = fixture::dataset_files::build_dataset(
            "counts",
            &[
                "site:text?",
                "at:instant",
                "device:text?",
                "bikes:int?",
                last,
            ],
        );
        dataset.version = format!("2026-06-01.{}", self.number);
        dataset.published_at = at;
        let dimension = |of: &str, bucket| GridDimension {
            column: of.parse().unwrap(),
            bucket,
            zone: None,
        };
        dataset.grid = Some(RegisteredGrid {
            id: GRID.to_owned(),
            dimensions: vec![
                dimension("site", None),
                dimension("at", Some(TimeBucketWidth::Hour)),
            ],
            release: Some(self.release()),
        });
        dataset
    }

    fn release(&self) -> ReleaseTerm {
        ReleaseTerm {
            column: "at".parse().unwrap(),
            every: self.every,
            late: self.late,
        }
    }

    /// Cube over bikes with devices as units.
    pub(super) fn cube(&self, by: &[&str], bucket: TimeBucketWidth, at_least: u32) -> Cube {
        let dimensions = by.iter().map(|of| CubeDimension {
            column: of.parse().unwrap(),
            bucket: (*of == "at").then_some(bucket),
            zone: None,
        });
        Cube {
            grid: GRID.to_owned(),
            dimensions: dimensions.collect(),
            measures: vec!["bikes".parse().unwrap()],
            functions: vec![CubeFunction::Count, CubeFunction::Sum],
            at_least,
            unit: CountingUnit::Column("device".parse().unwrap()),
            dominance: Vec::<DominanceTerm>::new(),
            release: Some(self.release()),
            budget: None,
            base: None,
        }
    }

    /// Number of releases.
    pub(super) fn releases(&self) -> usize {
        self.released.facts.len()
    }

    /// Cube of noisy counts and sums for the sites `a` and `b`, with cells from the first day on.
    pub(super) fn noisy(&self, each: &str, most: &str, per: TimeBucketWidth) -> Cube {
        Cube {
            at_least: 1,
            unit: CountingUnit::Rows,
            budget: Some(Box::new(PrivacyBudgetTerm {
                most: most.parse().unwrap(),
                per,
                each: each.parse().unwrap(),
                unit: "device".parse().unwrap(),
                cells: 2,
                rows: 1,
                bounds: vec![ClampRange {
                    measure: "bikes".parse().unwrap(),
                    low: "-2".parse().unwrap(),
                    high: "10".parse().unwrap(),
                }],
                values: vec![DimensionValues {
                    column: "site".parse().unwrap(),
                    list: vec!["a".to_owned(), "b".to_owned()],
                }],
                from: day(0),
            })),
            ..self.cube(&["site", "at"], TimeBucketWidth::Hour, 1)
        }
    }

    /// Draws the due noisy cells, and publishes them unless `lost` is set. Returns the refusals, and the file of each cube's cells.
    pub(super) fn draw(
        &mut self,
        cubes: &[&Cube],
        seed: u8,
        lost: bool,
    ) -> (Vec<Refusal>, Vec<Vec<String>>) {
        let limits = QueryResourceLimits::default();
        let owned: Vec<Cube> = cubes.iter().copied().cloned().collect();
        let next = std::cell::Cell::new(seed);
        let fresh = || {
            next.set(next.get().wrapping_add(1));
            [next.get(); 32]
        };
        let state = self.state().to_owned();
        let drawn =
            release::stage_drawn(self.snapshot(), &owned, &state, &limits, day(9), &fresh).unwrap();
        let Some(drawn) = drawn else {
            return (Vec::new(), Vec::new());
        };
        let faults = drawn.faults.clone();
        let mut reported = Vec::new();
        for one in &drawn.series.drawn {
            if let Some(file) = &one.file {
                reported.push(fixture::format_rows(&batches(&drawn.folder.join(file))));
            }
        }
        if !lost {
            self.released = drawn.commit().unwrap();
        }
        (faults, reported)
    }

    /// Spending: unit, start of the period in days from 2026-06-01, millionths of epsilon, and a flag that the seed still exists.
    pub(super) fn spent(&self) -> Vec<(String, i64, u64, bool)> {
        let directory =
            crate::snapshot::dataset_dir::DatasetDir::new(self.state(), &"counts".parse().unwrap());
        let series = release::history::load_history(&directory.releases())
            .unwrap()
            .unwrap();
        let day = |from: i64| (from - START) / (24 * HOUR);
        let spent = series.spent.into_iter();
        spent
            .map(|one| (one.unit, day(one.from), one.each, one.seed.is_some()))
            .collect()
    }

    /// Released cells.
    pub(super) const fn released(&self) -> &ReleasedCells {
        &self.released
    }

    /// Exact values of a day before the noise: rows, rows with a value, and sums, for each cell.
    pub(super) fn exact(&self, cube: &Cube, on: i64) -> [Vec<i128>; 3] {
        let from = START + on * 24 * HOUR;
        release::noisy_release::exact_totals(
            self.snapshot(),
            cube,
            ReleasePeriod {
                from,
                to: from + 24 * HOUR,
            },
            self.state(),
        )
    }

    /// Publishes rows.
    pub(super) fn publish(&mut self, rows: &[BikeRow], at: UtcTimestamp) {
        self.number += 1;
        let dataset = self.dataset(at);
        let file = self.folder.path().join(format!("{}.parquet", self.number));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(rows.iter().map(|row| row.site).collect::<StringArray>()),
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(
                    rows.iter().map(|row| START + row.hour * HOUR + 1),
                )
                .with_timezone("UTC"),
            ),
            Arc::new(
                rows.iter()
                    .map(|row| row.device.map(|device| device.to_string()))
                    .collect::<StringArray>(),
            ),
            Arc::new(rows.iter().map(|row| row.bikes).collect::<Int64Array>()),
            // Numbers whose sum depends on the order of addition.
            Arc::new(
                rows.iter()
                    .map(|row| row.bikes.map(|bikes| bikes as f64 * 0.1))
                    .collect::<Float64Array>(),
            ),
        ];
        let batch = RecordBatch::try_new(dataset.schema(), columns).unwrap();
        let mut writer =
            ArrowWriter::try_new(File::create(&file).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        self.snapshot = Some(Snapshot::of_files(dataset, vec![file], Digest::of(b"rows")));
    }

    /// Releases the due cells of the cubes. Returns true if there were any.
    pub(super) fn stage(&mut self, cubes: &[&Cube]) -> bool {
        let staged = self.staged(cubes);
        let Some(staged) = staged else {
            return false;
        };
        assert!(staged.faults.is_empty(), "{:?}", staged.faults);
        self.released = staged.commit().unwrap();
        assert_eq!(
            release::open_released_cells(self.state(), &self.snapshot().dataset).unwrap(),
            self.released
        );
        true
    }

    /// Refusals for the cubes.
    pub(super) fn faults(&self, cubes: &[&Cube]) -> Vec<Refusal> {
        self.staged(cubes).unwrap().faults
    }

    fn staged(&self, cubes: &[&Cube]) -> Option<release::StagedRelease> {
        let limits = self.limits;
        let cubes: Vec<Cube> = cubes.iter().copied().cloned().collect();
        let secret = [9; 32];
        release::stage_release(
            self.snapshot(),
            &cubes,
            self.state(),
            &limits,
            day(9),
            &secret,
            self.seen.unwrap_or(self.snapshot().dataset.published_at),
        )
        .unwrap()
    }

    /// Releases the due cells of the cubes and returns the refusals.
    pub(super) fn held_back(&mut self, cubes: &[&Cube]) -> Vec<Refusal> {
        let staged = self.staged(cubes).unwrap();
        let faults = staged.faults.clone();
        self.released = staged.commit().unwrap();
        faults
    }

    /// Records that the sources are unchanged at this time.
    pub(super) const fn looked_at(&mut self, at: UtcTimestamp) {
        self.seen = Some(at);
    }

    /// Published cells of a cube, one on each line.
    pub(super) fn cells(&self, cube: &Cube) -> Vec<String> {
        match self.released.cells.get(&cube.shape()) {
            Some(file) => fixture::format_rows(&batches(file)),
            None => Vec::new(),
        }
    }

    /// Base rows of the cells, for all released parts.
    pub(super) fn base(&self) -> Vec<String> {
        let directory =
            crate::snapshot::dataset_dir::DatasetDir::new(self.state(), &"counts".parse().unwrap());
        let series = release::history::load_history(&directory.releases())
            .unwrap()
            .unwrap();
        let newest = series
            .parts
            .iter()
            .map(|part| part.versions.last().unwrap());
        let files: Vec<PathBuf> = newest.map(|name| directory.releases().join(name)).collect();
        files
            .iter()
            .flat_map(|file| fixture::format_rows(&batches(file)))
            .collect()
    }
}

fn batches(file: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap());
    reader
        .unwrap()
        .build()
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

const GRID: &str = "hansa://munster.example/grid/counts-1";

const HOUR: i64 = 3_600_000_000;

/// 2026-06-01T00:00:00Z.
const START: i64 = 1_780_272_000_000_000;
