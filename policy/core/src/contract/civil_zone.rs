//! Time zones of the dates on a signed page.
//!
//! A signed page must read the same at any later time, but the rules of a time zone database change with national laws. So the
//! rules are constants of this file. Only the instant is binding; the date beside it shows the instant in local time.

use hansa_audit_log::time::UtcTimestamp;
use std::fmt;
use std::str::FromStr;

/// Time zone whose local time follows from a rule of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CivilZone(&'static ZoneRule);

/// Rule of a zone, with its name for people.
#[derive(Debug, PartialEq, Eq)]
struct ZoneRule {
    /// IANA name, as contracts hold it.
    name: &'static str,
    /// Hours ahead of UTC in winter.
    hours: i64,
    /// True if the clock is an hour ahead from the last Sunday of March to the last one of October, each at 01:00 UTC.
    summer: bool,
    /// Name of its time in English, German and Portuguese.
    titles: [&'static str; 3],
}

/// Date and time of day in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// Year.
    pub year: i64,
    /// Month, from 1.
    pub month: i64,
    /// Day of the month, from 1.
    pub day: i64,
    /// Microseconds since the day began.
    pub micros: i64,
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

const fn zone_rule(
    name: &'static str,
    hours: i64,
    summer: bool,
    titles: [&'static str; 3],
) -> ZoneRule {
    ZoneRule {
        name,
        hours,
        summer,
        titles,
    }
}

static UTC: ZoneRule = zone_rule("UTC", 0, false, ["UTC", "UTC", "UTC"]);

/// All zones except UTC. Entries are never changed and none is added: a page that was signed in an unlisted zone shows UTC, and
/// would show that zone after the addition. Adding a zone requires a new form of the page.
#[rustfmt::skip]
static RULES: [ZoneRule; 36] = [
    zone_rule("Atlantic/Azores", -1, true, ["Azores time", "Ortszeit Azoren", "hora dos Açores"]),
    zone_rule("Atlantic/Canary", 0, true, ["Canary Islands time", "Ortszeit Kanarische Inseln", "hora das Canárias"]),
    zone_rule("Atlantic/Madeira", 0, true, ["Madeira time", "Ortszeit Madeira", "hora da Madeira"]),
    zone_rule("Atlantic/Reykjavik", 0, false, ["Reykjavik time", "Ortszeit Reykjavik", "hora de Reiquiavique"]),
    zone_rule("Asia/Nicosia", 2, true, ["Nicosia time", "Ortszeit Nikosia", "hora de Nicósia"]),
    zone_rule("Europe/Amsterdam", 1, true, ["Amsterdam time", "Ortszeit Amsterdam", "hora de Amesterdão"]),
    zone_rule("Europe/Athens", 2, true, ["Athens time", "Ortszeit Athen", "hora de Atenas"]),
    zone_rule("Europe/Belgrade", 1, true, ["Belgrade time", "Ortszeit Belgrad", "hora de Belgrado"]),
    zone_rule("Europe/Berlin", 1, true, ["Berlin time", "Ortszeit Berlin", "hora de Berlim"]),
    zone_rule("Europe/Bratislava", 1, true, ["Bratislava time", "Ortszeit Bratislava", "hora de Bratislava"]),
    zone_rule("Europe/Brussels", 1, true, ["Brussels time", "Ortszeit Brüssel", "hora de Bruxelas"]),
    zone_rule("Europe/Bucharest", 2, true, ["Bucharest time", "Ortszeit Bukarest", "hora de Bucareste"]),
    zone_rule("Europe/Budapest", 1, true, ["Budapest time", "Ortszeit Budapest", "hora de Budapeste"]),
    zone_rule("Europe/Copenhagen", 1, true, ["Copenhagen time", "Ortszeit Kopenhagen", "hora de Copenhaga"]),
    zone_rule("Europe/Dublin", 0, true, ["Dublin time", "Ortszeit Dublin", "hora de Dublim"]),
    zone_rule("Europe/Helsinki", 2, true, ["Helsinki time", "Ortszeit Helsinki", "hora de Helsínquia"]),
    zone_rule("Europe/Lisbon", 0, true, ["Lisbon time", "Ortszeit Lissabon", "hora de Lisboa"]),
    zone_rule("Europe/Ljubljana", 1, true, ["Ljubljana time", "Ortszeit Ljubljana", "hora de Liubliana"]),
    zone_rule("Europe/London", 0, true, ["London time", "Ortszeit London", "hora de Londres"]),
    zone_rule("Europe/Luxembourg", 1, true, ["Luxembourg time", "Ortszeit Luxemburg", "hora do Luxemburgo"]),
    zone_rule("Europe/Madrid", 1, true, ["Madrid time", "Ortszeit Madrid", "hora de Madrid"]),
    zone_rule("Europe/Malta", 1, true, ["Malta time", "Ortszeit Malta", "hora de Malta"]),
    zone_rule("Europe/Oslo", 1, true, ["Oslo time", "Ortszeit Oslo", "hora de Oslo"]),
    zone_rule("Europe/Paris", 1, true, ["Paris time", "Ortszeit Paris", "hora de Paris"]),
    zone_rule("Europe/Prague", 1, true, ["Prague time", "Ortszeit Prag", "hora de Praga"]),
    zone_rule("Europe/Riga", 2, true, ["Riga time", "Ortszeit Riga", "hora de Riga"]),
    zone_rule("Europe/Rome", 1, true, ["Rome time", "Ortszeit Rom", "hora de Roma"]),
    zone_rule("Europe/Sofia", 2, true, ["Sofia time", "Ortszeit Sofia", "hora de Sófia"]),
    zone_rule("Europe/Stockholm", 1, true, ["Stockholm time", "Ortszeit Stockholm", "hora de Estocolmo"]),
    zone_rule("Europe/Tallinn", 2, true, ["Tallinn time", "Ortszeit Tallinn", "hora de Taline"]),
    zone_rule("Europe/Vaduz", 1, true, ["Vaduz time", "Ortszeit Vaduz", "hora de Vaduz"]),
    zone_rule("Europe/Vienna", 1, true, ["Vienna time", "Ortszeit Wien", "hora de Viena"]),
    zone_rule("Europe/Vilnius", 2, true, ["Vilnius time", "Ortszeit Vilnius", "hora de Vílnius"]),
    zone_rule("Europe/Warsaw", 1, true, ["Warsaw time", "Ortszeit Warschau", "hora de Varsóvia"]),
    zone_rule("Europe/Zagreb", 1, true, ["Zagreb time", "Ortszeit Zagreb", "hora de Zagrebe"]),
    zone_rule("Europe/Zurich", 1, true, ["Zurich time", "Ortszeit Zürich", "hora de Zurique"]),
];

impl CivilZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(&UTC);

    /// All zones.
    pub fn list_zones() -> impl Iterator<Item = Self> {
        std::iter::once(&UTC).chain(&RULES).map(Self)
    }

    /// Zone with this IANA name; UTC for a name without a rule.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        name.parse().unwrap_or_default()
    }

    /// IANA name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0.name
    }

    /// Name of its time in English, German and Portuguese: `Brussels time`.
    #[must_use]
    pub const fn titles(self) -> [&'static str; 3] {
        self.0.titles
    }

    /// Local time of an instant.
    #[must_use]
    pub fn to_local_time(self, time: UtcTimestamp) -> LocalTime {
        let ahead = self.0.hours + i64::from(self.0.summer && is_summer(time));
        let micros = time.micros().saturating_add(ahead * HOUR);
        let (year, month, day) = date_of(micros.div_euclid(DAY));
        LocalTime {
            year,
            month,
            day,
            micros: micros.rem_euclid(DAY),
        }
    }
}

impl LocalTime {
    /// True at the first instant of the day.
    #[must_use]
    pub const fn is_midnight(self) -> bool {
        self.micros == 0
    }
}

/// True if summer time holds at the instant by the European rule.
fn is_summer(time: UtcTimestamp) -> bool {
    let days = time.micros().div_euclid(DAY);
    let (year, _, _) = date_of(days);
    let change = |month| last_sunday(year, month).saturating_mul(DAY) + HOUR;
    (change(3)..change(10)).contains(&time.micros())
}

/// Last Sunday of March or October, in days since 1970-01-01: both months have 31 days.
fn last_sunday(year: i64, month: i64) -> i64 {
    let last = days_of(year, month, 31);
    // The first of January 1970 was a Thursday.
    last - (last + 4).rem_euclid(7)
}

/// Days since 1970-01-01. Years begin in March, so that a leap day is the last one.
const fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (month * 153 + 2) / 5
        + day
        - 719_469
}

/// Date of a number of days since 1970-01-01.
const fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year + era * 400;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

impl Default for CivilZone {
    fn default() -> Self {
        Self::UTC
    }
}

impl fmt::Display for CivilZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CivilZone {
    type Err = CivilZoneError;

    fn from_str(text: &str) -> Result<Self, CivilZoneError> {
        Self::list_zones()
            .find(|zone| zone.as_str() == text)
            .ok_or(CivilZoneError)
    }
}

hansa_audit_log::serialize_as_text!(CivilZone);

/// Error of a zone name for which no rule stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pages are dated in UTC and in zones of Europe")]
pub struct CivilZoneError;

#[cfg(test)]
mod tests {
    use super::*;

    fn local(zone: &str, time: &str) -> (i64, i64, i64, i64) {
        let LocalTime {
            year,
            month,
            day,
            micros,
        } = CivilZone::from_name(zone).to_local_time(time.parse().unwrap());
        (year, month, day, micros / 60_000_000)
    }

    #[test]
    fn summer_time_begins_and_ends_on_the_last_sunday() {
        let brussels = |time| local("Europe/Brussels", time);
        assert_eq!(brussels("2026-12-31T23:00:00Z"), (2027, 1, 1, 0));
        assert_eq!(brussels("2026-03-29T00:59:00Z"), (2026, 3, 29, 119));
        assert_eq!(brussels("2026-03-29T01:00:00Z"), (2026, 3, 29, 180));
        assert_eq!(brussels("2026-10-25T00:59:00Z"), (2026, 10, 25, 179));
        assert_eq!(brussels("2026-10-25T01:00:00Z"), (2026, 10, 25, 120));
        assert_eq!(local("Europe/Lisbon", "2026-07-01T00:00:00Z").3, 60);
        assert_eq!(
            local("Atlantic/Azores", "2024-03-01T00:30:00Z"),
            (2024, 2, 29, 1_410)
        );
        assert_eq!(local("UTC", "1969-12-31T23:59:00Z"), (1969, 12, 31, 1_439));
    }

    #[test]
    fn a_zone_without_a_rule_is_dated_in_utc() {
        assert_eq!(CivilZone::from_name("America/Toronto"), CivilZone::UTC);
        assert_eq!("America/Toronto".parse::<CivilZone>(), Err(CivilZoneError));
        for zone in CivilZone::list_zones() {
            assert_eq!(zone.as_str().parse(), Ok(zone));
            assert!(hansa_audit_log::time::is_zone(zone.as_str()), "{zone}");
        }
    }

    /// Pages were signed with these zones and no others.
    #[test]
    fn the_zones_stay_what_they_were() {
        let mut text = String::new();
        for zone in CivilZone::list_zones() {
            let ZoneRule {
                name,
                hours,
                summer,
                titles,
            } = zone.0;
            let titles = titles.join("|");
            text.push_str(&format!("{name}|{hours}|{summer}|{titles}\n"));
        }
        let digest = hansa_audit_log::digest::Digest::of(text.as_bytes()).to_string();
        let known = "0959701e48c35f8950dcf4065427cbcc46d7f381230b364fdb28c6334f938c74";
        assert_eq!(
            digest, known,
            "another zone is another form of the page:\n{text}"
        );
    }

    /// Each hour of some years, held against the database of today.
    #[test]
    fn the_rules_are_those_of_the_database() {
        let start: UtcTimestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        for zone in CivilZone::list_zones() {
            for hours in 0..(2 * 366 * 24) {
                let time = start.plus_micros(hours * HOUR);
                let minute = zone.to_local_time(time).micros / 60_000_000;
                let known = hansa_audit_log::time::civil_time(time, zone.as_str()).unwrap();
                assert_eq!(minute, i64::from(known.minute), "{zone} at {time}");
            }
        }
    }
}
