//! One request of a browser: language, session, and the values that all pages share.

use hansa_audit_log::time::UtcTimestamp;
use hansa_console::{
    ActNote, ActValue, FaultView, ForkNotice, LogFork, PageFrame, PersonLabel, PersonRole,
    SessionEnd, encode_address, render_fault,
};
use hansa_node::config::ConnectorConfig;
use hansa_node::console;
use hansa_node::console::SignedInPerson;
use hansa_node::console::act::last_act_of_page;
use hansa_node::console::session::{Browser, DoneAct};
use hansa_node::participant::Connector;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::language::Language;
use hansa_transport::console::refusal_status;
use hansa_transport::internal_error::with_trace_number;
use hansa_transport::{ConsoleRequest, ConsoleResponse};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Request of a browser, with its language.
pub(super) struct PageVisit {
    pub(super) request: ConsoleRequest,
    pub(super) browser: Browser,
    /// Language of the page.
    pub(super) language: Language,
    /// Tag of the language that the address of the page chooses, to be remembered.
    pub(super) chosen_language: Option<&'static str>,
    config: Arc<ConnectorConfig>,
}

/// Values of a page's frame.
pub(super) struct FrameFacts {
    config: Arc<ConnectorConfig>,
    language: Language,
    address: String,
    person: Option<SignedInPerson>,
    roles: Vec<PersonRole>,
    is_demo: bool,
    clock_offset: Option<String>,
    as_of: Option<UtcTimestamp>,
    /// Notices of the commands behind the page.
    pub(super) notices: Vec<String>,
    /// Command line with the content of the page.
    pub(super) command: Option<String>,
    /// Number of items that wait.
    pub(super) waiting: Option<usize>,
    /// Act of the person a moment ago that led to the page.
    pub(super) done: Option<ActNote>,
    /// Logs with two histories; none where they can't be read.
    forks: Option<Vec<LogFork>>,
}

impl FrameFacts {
    /// Roles of the person.
    pub(super) fn roles(&self) -> &[PersonRole] {
        &self.roles
    }

    /// Language of the page.
    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// Sets the language of the page.
    pub(super) const fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// End of the session, if nothing more is asked.
    pub(super) fn session_end(&self) -> Option<SessionEnd> {
        let left = self.person.as_ref()?.left;
        let micros = i64::try_from(left.left.as_micros()).unwrap_or(i64::MAX);
        Some(SessionEnd {
            at: self.as_of?.plus_micros(micros),
            left_ms: u64::try_from(left.left.as_millis()).unwrap_or(u64::MAX),
            can_stay: left.can_grow,
        })
    }

    /// The frame of the page.
    pub(super) fn to_frame(&self) -> PageFrame<'_> {
        PageFrame {
            language: self.language,
            participant_name: &self.config.participant.name,
            participant_domain: self.config.participant.id.domain(),
            zone: &self.config.participant.zone,
            person: self.person.as_ref().map(|signed_in| PersonLabel {
                name: &signed_in.person.name,
                roles: &self.roles,
            }),
            demo: self.is_demo,
            clock_offset: self.clock_offset.as_deref(),
            as_of: self.as_of,
            address: &self.address,
            waiting: self.waiting,
            session_end: self.session_end(),
            command: self.command.as_deref(),
            notices: &self.notices,
            done: self.done.as_ref(),
            forks: match &self.forks {
                Some(forks) => ForkNotice::Known(forks),
                None => ForkNotice::Unreadable,
            },
        }
    }
}

impl PageVisit {
    /// Reads the language of a request: of its address, of an earlier choice, of the browser, of the participant.
    pub(super) fn new(connector: &Connector, request: ConsoleRequest) -> Self {
        let config = connector.config();
        let chosen = request
            .parameters
            .get("lang")
            .and_then(|tag| tag.parse::<Language>().ok());
        let earlier = || request.language.as_deref()?.parse().ok();
        let of_browser = || {
            let wanted = request.languages.as_deref()?.split(',');
            let tags = wanted.map(|entry| entry.split([';', '-']).next().unwrap_or_default());
            tags.filter_map(|tag| tag.trim().parse().ok()).next()
        };
        let language = chosen
            .or_else(earlier)
            .or_else(of_browser)
            .unwrap_or(config.participant.language);
        Self {
            browser: Browser {
                address: request.address,
                name: request.browser.clone(),
            },
            language,
            chosen_language: chosen.map(Language::tag),
            config,
            request,
        }
    }

    /// Person of the session of this request.
    pub(super) fn find_person(&self, connector: &Connector) -> Option<SignedInPerson> {
        let secret = self.request.session.as_deref()?;
        console::find_session(connector, secret, &self.browser)
    }

    /// Ends the session of this request.
    pub(super) fn sign_out(&self, connector: &Connector) {
        if let Some(secret) = &self.request.session {
            console::sign_out(connector, secret);
        }
    }

    /// Frame of a page for nobody in particular.
    pub(super) fn anonymous_frame_facts(&self) -> FrameFacts {
        let address = encode_address(&self.request.path, &self.request.parameters);
        self.anonymous_frame_facts_at(&address)
    }

    /// Frame of a page for nobody in particular, whose links name another address than that of the request.
    pub(super) fn anonymous_frame_facts_at(&self, address: &str) -> FrameFacts {
        FrameFacts {
            config: Arc::clone(&self.config),
            language: self.language,
            address: address.to_owned(),
            person: None,
            roles: Vec::new(),
            is_demo: false,
            clock_offset: None,
            as_of: None,
            command: None,
            notices: Vec::new(),
            waiting: None,
            done: None,
            forks: Some(Vec::new()),
        }
    }

    /// Frame of a page for a person.
    pub(super) fn frame_facts(&self, connector: &Connector, person: &SignedInPerson) -> FrameFacts {
        let roles = person.person.roles.iter();
        let clock = &self.config.clock;
        FrameFacts {
            is_demo: connector.identity.trust.bundle().content().demo,
            clock_offset: (clock.micros != 0).then(|| clock.text.clone()),
            as_of: Some(connector.now()),
            roles: roles
                .filter_map(|role| PersonRole::from_word(role.as_str()))
                .collect(),
            person: Some(person.clone()),
            done: self.find_done_act(connector),
            forks: read_forks(connector),
            ..self.anonymous_frame_facts()
        }
    }

    /// Act of the session that led to the page of this request.
    fn find_done_act(&self, connector: &Connector) -> Option<ActNote> {
        let secret = self.request.session.as_deref()?;
        let page = encode_address(&self.request.path, &BTreeMap::new());
        let done = last_act_of_page(connector, secret, &page)?;
        describe_done_act(done)
    }

    /// Page of a fault for a person.
    pub(super) fn fault_response(
        &self,
        connector: &Connector,
        person: &SignedInPerson,
        refusal: &Refusal,
        status: u16,
    ) -> ConsoleResponse {
        let refusal = with_trace_number(refusal.clone());
        let facts = self.frame_facts(connector, person);
        let view = FaultView {
            back: self.page_above(),
            ..FaultView::from(&refusal)
        };
        html_response(status, render_fault(&facts.to_frame(), &view))
    }

    /// Page of the refusal of an act, after its record or before it.
    pub(super) fn refused_act_response(
        &self,
        connector: &Connector,
        person: &SignedInPerson,
        refused: RefusedAct<'_>,
    ) -> ConsoleResponse {
        let refusal = with_trace_number(refused.refusal.clone());
        let facts = self.frame_facts(connector, person);
        let view = FaultView {
            back: Some(refused.back.to_owned()),
            record: refused.record,
            entered: refused.entered,
            ..FaultView::from(&refusal)
        };
        let status = refusal_status(refusal.code);
        html_response(status, render_fault(&facts.to_frame(), &view))
    }

    /// Address of the page under which the page of this request lies.
    fn page_above(&self) -> Option<String> {
        let (_, above) = self.request.path.split_last()?;
        match above {
            [] => None,
            // A pending act lies under no page; it began on that of a contract.
            [acts] if acts == "acts" => Some("/contracts".to_owned()),
            above => Some(encode_address(above, &BTreeMap::new())),
        }
    }

    /// Page of a fault for nobody in particular.
    pub(super) fn anonymous_fault_response(&self, refusal: &Refusal) -> ConsoleResponse {
        let refusal = with_trace_number(refusal.clone());
        let facts = self.anonymous_frame_facts();
        let page = render_fault(&facts.to_frame(), &FaultView::from(&refusal));
        html_response(refusal_status(refusal.code), page)
    }
}

/// Act that was refused.
pub(super) struct RefusedAct<'a> {
    pub(super) refusal: &'a Refusal,
    /// Page to which the person can go back.
    pub(super) back: &'a str,
    /// Number of the record of the act, where it was recorded.
    pub(super) record: Option<u64>,
    /// Values that the person has entered for the act.
    pub(super) entered: Vec<ActValue>,
}

/// Words about an act of a form for the page to which it led.
pub(super) fn describe_done_act(done: DoneAct) -> Option<ActNote> {
    let DoneAct {
        record,
        waits,
        note,
        ..
    } = done;
    let note = note?;
    Some(ActNote {
        language: note.language,
        sentence: note.sentence,
        lines: note.lines,
        record,
        waits,
        has_faults: note.has_faults,
    })
}

/// Logs with two histories; none where they can't be read.
fn read_forks(connector: &Connector) -> Option<Vec<LogFork>> {
    let own = connector.id();
    let forks = connector.records.index_fast(|state| state.forks()).ok()?;
    let forks = forks.into_iter().map(|(owner, _)| LogFork {
        is_own: owner == own,
        owner: owner.domain().to_owned(),
    });
    Some(forks.collect())
}

/// Response with a page.
pub(super) fn html_response(status: u16, page: String) -> ConsoleResponse {
    ConsoleResponse {
        status,
        content_type: "text/html; charset=utf-8",
        body: page.into(),
        file_name: None,
        location: None,
        next: None,
        cookie: None,
        login: None,
        language: None,
        is_immutable: false,
    }
}

/// Response that leads to another page (RFC 9110, section 15.4.4).
pub(super) fn redirect(path: &str) -> ConsoleResponse {
    ConsoleResponse {
        location: Some(path.to_owned()),
        ..html_response(303, String::new())
    }
}

#[cfg(test)]
mod tests {
    use hansa_console::PersonRole;
    use hansa_node::config::person::Role;

    #[test]
    fn the_console_has_a_word_for_each_role() {
        for role in Role::ALL {
            assert!(PersonRole::from_word(role.as_str()).is_some(), "{role:?}");
        }
        assert_eq!(Role::ALL.len(), PersonRole::ALL.len());
    }
}
