//! People at the consoles of the demonstration. All of them are the Unix user who runs it, so each has a participant to itself.

/// Person at the console of a participant.
#[derive(Debug)]
pub(super) struct TourPerson {
    pub(super) participant: &'static str,
    /// Name in the configuration.
    pub(super) name: &'static str,
    pub(super) roles: &'static [&'static str],
    /// Something to begin with.
    pub(super) suggestion: &'static str,
    /// True if the person confirms acts by a number at the machine.
    pub(super) signs: bool,
}

/// People of `hansa demo`.
pub(super) const PEOPLE_OF_DEMO: [TourPerson; 4] = [
    TourPerson {
        participant: "lisbon",
        name: "Data officer of Lisbon",
        roles: &["officer", "signer"],
        suggestion: "a request of the firm waits: read it, sign it, and withdraw the contract again",
        signs: true,
    },
    TourPerson {
        participant: "acme",
        name: "Analyst of Acme Mobility",
        roles: &["analyst"],
        suggestion: "ask SELECT * FROM munster.bike_counts: it is refused, with the clause",
        signs: false,
    },
    TourPerson {
        participant: "munster",
        name: "Auditor of Münster",
        roles: &["auditor"],
        suggestion: "who received what, under which clause; the refusal to the firm is among the records",
        signs: false,
    },
    TourPerson {
        participant: "ottawa",
        name: "Operator of Ottawa",
        roles: &["operator"],
        suggestion: "the health of the connector, and where each setting comes from",
        signs: false,
    },
];

/// People of `hansa try`: two participants, so one person of the city has several roles.
pub(super) const PEOPLE_OF_TRIAL: [TourPerson; 2] = [
    TourPerson {
        participant: "munster",
        name: "Data officer, auditor and operator of Münster",
        roles: &["officer", "signer", "auditor", "operator"],
        suggestion: "a request of the firm waits: read it, sign it, withdraw the contract again, and read the evidence",
        signs: true,
    },
    TourPerson {
        participant: "acme",
        name: "Analyst of Acme Mobility",
        roles: &["analyst"],
        suggestion: "ask SELECT * FROM munster.bike_counts: it is refused, with the clause",
        signs: false,
    },
];

/// Finds the person of a participant.
pub(super) fn find_person<'a>(
    people: &'a [TourPerson],
    participant: &str,
) -> Option<&'a TourPerson> {
    people
        .iter()
        .find(|person| person.participant == participant)
}
