//! The zone in which days of an instant begin.

use datafusion::arrow::datatypes::DataType;
use hansa_audit_log::time::keeps_hours;

/// The zone in which days of an instant begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayZone {
    /// This one, which may be UTC.
    Of(String),
    /// Columns of several zones went into it.
    Several {
        /// True if the hours of all their clocks begin together.
        keep_hours: bool,
    },
}

impl DayZone {
    /// The zone of what is made of both.
    #[must_use]
    pub fn beside(self, other: Self) -> Self {
        match self == other {
            true => self,
            false => Self::Several {
                keep_hours: self.keeps_hours() && other.keeps_hours(),
            },
        }
    }

    /// True if hours begin with those of UTC.
    pub(super) fn keeps_hours(&self) -> bool {
        match self {
            Self::Of(zone) => keeps_hours(zone),
            Self::Several { keep_hours } => *keep_hours,
        }
    }
}

/// True if a type is that of instants as datasets hold them.
pub(super) fn is_instant(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, Some(zone)) if is_utc(zone))
}

/// True if a zone is UTC.
pub(super) fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "+00:00" | "Etc/UTC")
}
