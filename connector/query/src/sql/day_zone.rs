//! Time zone in which the days of an instant start.

use datafusion::arrow::datatypes::DataType;
use hansa_audit_log::time::keeps_hours;

/// Time zone in which the days of an instant start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayZone {
    /// Single zone, which may be UTC.
    Of(String),
    /// Several zones, from columns of different datasets.
    Several {
        /// Set if the hours of all these zones start together.
        keep_hours: bool,
    },
}

impl DayZone {
    /// Zone of a value computed from both.
    #[must_use]
    pub fn combine(self, other: Self) -> Self {
        match self == other {
            true => self,
            false => Self::Several {
                keep_hours: self.keeps_hours() && other.keeps_hours(),
            },
        }
    }

    /// Checks that the hours start with those of UTC.
    pub(super) fn keeps_hours(&self) -> bool {
        match self {
            Self::Of(zone) => keeps_hours(zone),
            Self::Several { keep_hours } => *keep_hours,
        }
    }
}

/// Checks for the type of instants in datasets.
pub(super) fn is_instant(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, Some(zone)) if is_utc(zone))
}

/// Checks for UTC.
pub(super) fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "+00:00" | "Etc/UTC")
}
