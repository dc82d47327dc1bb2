//! The terms about the conduct of the parties as they stand in a policy file.

use super::conduct::{SINCE, UNITS};
use super::file_writer::{TermSyntax, quote_text, texts};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::term::Term;
use hansa_policy::term::embargo::{EmbargoDelay, EmbargoTerm};
use hansa_policy::term::inform::NotificationTerm;
use hansa_policy::term::key_transfer::{KeyRecipients, KeyTransferTerm};
use hansa_policy::term::odrl::word;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::term::price::PriceTerm;
use hansa_policy::term::relative_window::RelativeWindowTerm;
use hansa_policy::term::service_level::ServiceLevelTerm;
use hansa_policy::value::area::PublishedAreaTerm;
use hansa_policy::value::column::LookupTerm;
use hansa_policy::value::cube::{DominanceRule, DominanceTerm, LateDataPolicy, ReleaseTerm};
use hansa_policy::value::privacy_budget::PrivacyBudgetTerm;
use hansa_policy::value::time::TimeBucketWidth;

/// One rule of `dominance`.
pub(super) fn dominance(rule: &DominanceTerm) -> String {
    let [measure, unit] = [&rule.measure, &rule.unit].map(|name| quote_text(name.as_str()));
    let when = match rule.rule {
        DominanceRule::P(p) => format!("p = {p}"),
        DominanceRule::Nk { n, k } => format!("n = {n}, k = {k}"),
    };
    format!("{{ measure = {measure}, unit = {unit}, {when} }}")
}

/// How cells are released.
pub(super) fn release(release: &ReleaseTerm) -> String {
    let column = quote_text(release.column.as_str());
    let every = quote_text(word(&TimeBucketWidth::NAMES, &release.every));
    let late = quote_text(word(&LateDataPolicy::ALL, &release.late));
    format!("release = {{ column = {column}, every = {every}, late = {late} }}")
}

/// A budget of privacy.
pub(super) fn budget(budget: &PrivacyBudgetTerm) -> String {
    let name = |one: &SqlIdentifier| toml::Value::String(one.to_string()).to_string();
    let bounds = budget.bounds.iter().map(|one| {
        let ends = texts(&[one.low, one.high]);
        format!("{} = {ends}", name(&one.measure))
    });
    let values = budget
        .values
        .iter()
        .map(|one| format!("{} = {}", name(&one.column), texts(&one.list)));
    let (bounds, values): (Vec<String>, Vec<String>) = (bounds.collect(), values.collect());
    let [most, each] = [budget.most, budget.each].map(|one| quote_text(&one.to_string()));
    format!(
        "epsilon = {{ most = {most}, per = {}, each = {each}, unit = {}, cells = {}, rows = {}, bounds = {{ {} }}, \
         values = {{ {} }}, from = {} }}",
        quote_text(word(&TimeBucketWidth::NAMES, &budget.per)),
        quote_text(budget.unit.as_str()),
        budget.cells,
        budget.rows,
        bounds.join(", "),
        values.join(", "),
        quote_text(&budget.from.to_string())
    )
}

/// A published area.
pub(super) fn published_area(area: &PublishedAreaTerm) -> String {
    let [lon, lat] = [&area.lon, &area.lat].map(|one| quote_text(one.as_str()));
    let [list, which] = [area.list.to_string(), area.which.to_string()].map(|one| quote_text(&one));
    format!("{{ lon = {lon}, lat = {lat}, list = {list}, which = {which} }}")
}

/// A level of a published table.
pub(super) fn lookup(lookup: &LookupTerm) -> String {
    let [level, table] =
        [lookup.level.clone(), lookup.table.to_string()].map(|one| quote_text(&one));
    format!("{{ level = {level}, table = {table} }}")
}

/// The cells of a place.
pub(super) fn place(place: &PlaceCellsTerm) -> String {
    let [lon, lat, cell] =
        [&place.lon, &place.lat, &place.cell].map(|one| quote_text(one.as_str()));
    let to = quote_text(&place.size.to_string());
    format!("{{ lon = {lon}, lat = {lat}, to = {to}, as = {cell} }}")
}

/// How one of these terms is said; none for the others.
pub(super) fn say(term: &Term) -> Option<TermSyntax> {
    let alone = |key: &str, value: String| Some(TermSyntax::Alone(key.to_owned(), value));
    match term {
        Term::Lasts(RelativeWindowTerm { days, since }) => {
            let since = quote_text(word(&SINCE, since));
            alone("lasts", format!("{{ days = {days}, since = {since} }}"))
        }
        Term::Hours(hours) => alone("hours", quote_text(&hours.to_string())),
        Term::Embargo(EmbargoTerm { column, delay }) => {
            let column = quote_text(column.as_str());
            let delay = quote_text(&delay_text(*delay));
            alone("embargo", format!("{{ column = {column}, for = {delay} }}"))
        }
        Term::JoinKeys(list) => Some(TermSyntax::Entry("join", "keys".to_owned(), texts(list))),
        Term::JoinWith(list) => {
            let with = if list.is_empty() {
                quote_text("none")
            } else {
                texts(list)
            };
            Some(TermSyntax::Entry("join", "with".to_owned(), with))
        }
        Term::KeysStay => Some(TermSyntax::Entry(
            "join",
            "keys_stay".to_owned(),
            "true".to_owned(),
        )),
        Term::KeysTravel(KeyTransferTerm { columns, to }) => {
            let to = match to {
                KeyRecipients::Anybody => quote_text("anybody"),
                KeyRecipients::These(list) => texts(list),
            };
            let value = format!("{{ columns = {}, to = {to} }}", texts(columns));
            Some(TermSyntax::Entry("join", "travel".to_owned(), value))
        }
        Term::RowsPerSecond(rows) => alone("rows_per_second", rows.to_string()),
        Term::Concurrent(most) => alone("concurrent", most.to_string()),
        Term::Receipts(most) => alone("open_receipts", most.to_string()),
        Term::OpenData => alone("open_data", "true".to_owned()),
        Term::OneSidedReceipts => alone("one_sided_receipts", "true".to_owned()),
        Term::Networks(list) => alone("networks", texts(list)),
        Term::Group(name) => alone("group", quote_text(name.as_str())),
        Term::Sector(list) => alone("sectors", texts(list)),
        Term::Version(schemas) => alone("schema", quote_text(schemas.as_str())),
        Term::Region(region) => alone("region", quote_text(&region.to_string())),
        Term::Formats(list) => {
            let names: Vec<&str> = list.iter().map(|format| format.as_str()).collect();
            alone("formats", texts(&names))
        }
        Term::Exclusive => alone("exclusive", "true".to_owned()),
        Term::LegalBasis(basis) => alone("legal_basis", quote_text(basis.as_str())),
        Term::Service(ServiceLevelTerm {
            availability,
            p95_ms,
        }) => {
            let availability = quote_text(availability);
            let value = format!("{{ availability = {availability}, p95_ms = {p95_ms} }}");
            alone("service", value)
        }
        Term::Price(PriceTerm {
            amount,
            currency,
            per,
            prepaid,
        }) => {
            let [amount, currency, per] = [amount, currency, per.as_str()].map(quote_text);
            let paid = prepaid
                .as_deref()
                .map(|paid| format!(", prepaid = {}", quote_text(paid)))
                .unwrap_or_default();
            Some(TermSyntax::Item(
                "price",
                format!("{{ amount = {amount}, currency = {currency}, per = {per}{paid} }}"),
            ))
        }
        Term::Inform(list) => {
            let names: Vec<&str> = list.iter().map(|event| event.as_str()).collect();
            alone("inform", texts(&names))
        }
        Term::Notify(NotificationTerm {
            events: of,
            recipients: whom,
        }) => {
            let of: Vec<&str> = of.iter().map(|event| event.as_str()).collect();
            let whom: Vec<&str> = whom.iter().map(|side| side.as_str()).collect();
            let (of, whom) = (texts(&of), texts(&whom));
            alone("notify", format!("{{ of = {of}, whom = {whom} }}"))
        }
        Term::DeleteAfter { days } => Some(TermSyntax::Item(
            "duties",
            quote_text(&format!("delete-after {days} days")),
        )),
        Term::Attest { days } => Some(TermSyntax::Item(
            "duties",
            quote_text(&format!("attest-within {days} days")),
        )),
        Term::ObtainConsent => Some(TermSyntax::Item("duties", quote_text("consent"))),
        _ => None,
    }
}

fn delay_text(delay: EmbargoDelay) -> String {
    let exact = UNITS
        .iter()
        .find(|(_, seconds)| delay.0.is_multiple_of(*seconds));
    let (unit, seconds) = exact.copied().unwrap_or(("seconds", 1));
    format!("{} {unit}", delay.0 / seconds)
}
