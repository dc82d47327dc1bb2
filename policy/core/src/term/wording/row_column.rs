//! Sentences of the clauses on rows and columns.

use super::Wording;
use crate::id::SqlIdentifier;
use crate::message::message;
use crate::row_filter::RowFilter;
use crate::term::band::BandTerm;
use crate::term::embargo::EmbargoTerm;
use crate::term::place_cells::PlaceCellsTerm;
use crate::term::prefix::PrefixTerm;
use crate::term::pseudonym::PseudonymTerm;
use crate::value::area::{BoundingBox, PublishedAreaTerm};
use crate::value::column::{LookupTerm, MaskValue};
use crate::value::time::TimeBucketWidth;

impl Wording<'_> {
    pub(super) fn row_filter(&self, filter: &RowFilter) -> String {
        let only = message!(self.language, "clause-rows", filter);
        if !filter.names_consumer() {
            return only;
        }
        let stands = message!(self.language, "clause-rows-consumer");
        format!("{only} ({stands})")
    }

    pub(super) fn only_columns(&self, columns: &[SqlIdentifier]) -> String {
        let list = self.language.all_of(columns);
        message!(self.language, "clause-columns", list)
    }

    pub(super) fn pseudonym(&self, one: &PseudonymTerm) -> String {
        let PseudonymTerm { column, epoch } = one;
        message!(self.language, "clause-pseudonym", column, epoch)
    }

    pub(super) fn mask(&self, column: &SqlIdentifier, mask: &MaskValue) -> String {
        match mask {
            MaskValue::Null => message!(self.language, "clause-mask-null", column),
            MaskValue::Constant(value) => message!(self.language, "clause-mask", column, value),
        }
    }

    pub(super) fn prefix(&self, one: &PrefixTerm) -> String {
        let PrefixTerm { column, length } = one;
        match length {
            1 => message!(self.language, "clause-prefix-one", column),
            _ => message!(self.language, "clause-prefix", column, length),
        }
    }

    pub(super) fn band(&self, one: &BandTerm) -> String {
        let column = &one.column;
        let edges = self.decimals(&one.edges);
        message!(self.language, "clause-band", column, edges)
    }

    pub(super) fn lookup(&self, one: &LookupTerm) -> String {
        let column = &one.column;
        let (level, table) = (self.quote(&one.level), self.digest(&one.table));
        message!(self.language, "clause-lookup", column, level, table)
    }

    pub(super) fn time_bucket(
        &self,
        column: &SqlIdentifier,
        bucket: TimeBucketWidth,
        zone: Option<&str>,
    ) -> String {
        let zone = self.bucket_zone(bucket, zone);
        let bucket = match bucket {
            TimeBucketWidth::QuarterHour => message!(self.language, "beginning-of-quarter-hour"),
            TimeBucketWidth::Hour => message!(self.language, "beginning-of-hour"),
            TimeBucketWidth::Day => message!(self.language, "beginning-of-day"),
            TimeBucketWidth::Week => message!(self.language, "beginning-of-week"),
            TimeBucketWidth::Month => message!(self.language, "beginning-of-month"),
            TimeBucketWidth::Year => message!(self.language, "beginning-of-year"),
        };
        message!(self.language, "clause-time-bucket", column, bucket, zone)
    }

    pub(super) fn area(
        &self,
        lon: &SqlIdentifier,
        lat: &SqlIdentifier,
        bounds: &BoundingBox,
    ) -> String {
        let (west, east) = (self.decimal(&bounds.west), self.decimal(&bounds.east));
        let (south, north) = (self.decimal(&bounds.south), self.decimal(&bounds.north));
        message!(
            self.language,
            "clause-area",
            lon,
            west,
            east,
            lat,
            south,
            north
        )
    }

    pub(super) fn published_area(&self, one: &PublishedAreaTerm) -> String {
        let PublishedAreaTerm {
            lon,
            lat,
            list,
            which,
        } = one;
        let list = self.digest(list);
        message!(
            self.language,
            "clause-published-area",
            lon,
            lat,
            which,
            list
        )
    }

    pub(super) fn place_cells(&self, one: &PlaceCellsTerm) -> String {
        let PlaceCellsTerm {
            lon,
            lat,
            cell,
            size,
        } = one;
        let size = self.cell_size(size);
        message!(self.language, "clause-place-cells", lon, lat, cell, size)
    }

    pub(super) fn embargo(&self, one: &EmbargoTerm) -> String {
        let column = &one.column;
        let seconds = one.delay.0;
        let delay = if seconds.is_multiple_of(86_400) {
            self.number_with_noun(
                seconds / 86_400,
                message!(self.language, "day"),
                message!(self.language, "days"),
            )
        } else if seconds.is_multiple_of(3_600) {
            self.number_with_noun(
                seconds / 3_600,
                message!(self.language, "hour"),
                message!(self.language, "hours"),
            )
        } else if seconds.is_multiple_of(60) {
            self.number_with_noun(
                seconds / 60,
                message!(self.language, "minute"),
                message!(self.language, "minutes"),
            )
        } else {
            self.number_with_noun(
                seconds,
                message!(self.language, "second"),
                message!(self.language, "seconds"),
            )
        };
        message!(self.language, "clause-embargo", column, delay)
    }
}
