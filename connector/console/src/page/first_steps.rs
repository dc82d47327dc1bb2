//! First steps of a connector: what is done, and what is missing.

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::part::layout::{PageContent, render_layout, role_word};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Page of the first steps.
pub const FIRST_STEPS_ADDRESS: &str = "/start";

/// First step of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstStep {
    /// Name, zone and language of the participant.
    Identity,
    /// Trust bundle of the league.
    League,
    /// Another participant that was reached.
    Reach,
    /// Published dataset.
    Dataset,
    /// Policy that an offer of the configuration names.
    Policy,
    /// Offer in force.
    Offer,
    /// Second person who may sign.
    SecondPerson,
    /// Passkey of the person who reads the page.
    Passkey,
    /// Copy of the state.
    Backup,
}

impl FirstStep {
    /// All steps, in the order of the page.
    pub const ALL: [Self; 9] = [
        Self::Identity,
        Self::League,
        Self::Reach,
        Self::Dataset,
        Self::Policy,
        Self::Offer,
        Self::SecondPerson,
        Self::Passkey,
        Self::Backup,
    ];

    fn title(self, language: Language) -> String {
        match self {
            Self::Identity => message!(language, "step-identity"),
            Self::League => message!(language, "step-league"),
            Self::Reach => message!(language, "step-reach"),
            Self::Dataset => message!(language, "step-dataset"),
            Self::Policy => message!(language, "step-policy"),
            Self::Offer => message!(language, "step-offering"),
            Self::SecondPerson => message!(language, "step-second-person"),
            Self::Passkey => message!(language, "step-passkey"),
            Self::Backup => message!(language, "step-backup"),
        }
    }

    fn hint(self, language: Language) -> String {
        match self {
            Self::Identity => message!(language, "step-identity-hint"),
            Self::League => message!(language, "step-league-hint"),
            Self::Reach => message!(language, "step-reach-hint"),
            Self::Dataset => message!(language, "step-dataset-hint"),
            Self::Policy => message!(language, "step-policy-hint"),
            Self::Offer => message!(language, "step-offering-hint"),
            Self::SecondPerson => message!(language, "step-second-person-hint"),
            Self::Passkey => message!(language, "step-passkey-hint"),
            Self::Backup => message!(language, "step-backup-hint"),
        }
    }

    /// Page on which the step is done or seen, and the roles that open it; no roles for everybody.
    const fn page(self) -> StepPage {
        const ANYBODY: &[PersonRole] = &[];
        const OFFICER: &[PersonRole] = &[PersonRole::Officer];
        const OPERATOR: &[PersonRole] = &[PersonRole::Operator];
        const KEEPERS: &[PersonRole] = &[PersonRole::Auditor, PersonRole::Operator];
        let (address, roles) = match self {
            Self::Identity => ("/settings", KEEPERS),
            Self::League => ("/operations", OPERATOR),
            Self::Reach => ("/operations/doctor", OPERATOR),
            Self::Dataset => ("/datasets/add", OFFICER),
            Self::Policy | Self::Offer => ("/policies", OFFICER),
            Self::SecondPerson => ("/settings/people", KEEPERS),
            Self::Passkey => ("/me/passkeys", ANYBODY),
            Self::Backup => ("/operations/backup", OPERATOR),
        };
        StepPage { address, roles }
    }

    /// Command that does the step, where no page does.
    const fn command(self) -> Option<&'static str> {
        match self {
            Self::League => Some("hansa join FILE"),
            Self::Backup => Some("hansa backup FILE"),
            _ => None,
        }
    }
}

/// Page of a step.
struct StepPage {
    address: &'static str,
    roles: &'static [PersonRole],
}

/// Steps of a connector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstStepsView {
    /// Steps that are done.
    pub done: Vec<FirstStep>,
    /// Steps that do not apply, such as a passkey where acts are confirmed at the machine.
    pub not_needed: Vec<FirstStep>,
}

impl FirstStepsView {
    /// Number of the steps that are missing.
    #[must_use]
    pub fn count_open(&self) -> usize {
        let steps = FirstStep::ALL.into_iter();
        steps.filter(|step| self.is_open(*step)).count()
    }

    fn is_open(&self, step: FirstStep) -> bool {
        !self.done.contains(&step) && !self.not_needed.contains(&step)
    }
}

/// Page with the steps, each with its state and the way to it.
#[must_use]
pub fn render_first_steps(frame: &PageFrame<'_>, view: &FirstStepsView) -> String {
    let language = frame.language;
    let open = view.count_open();
    let body = html! {
        p {
            bdi { (reveal_controls(frame.participant_name)) } " · "
            code { (reveal_controls(frame.participant_domain)) }
        }
        @if open == 0 {
            p { strong { (message!(language, "steps-all-done")) } }
        } @else {
            p { (message!(language, "steps-open", open)) }
        }
        ol.waiting {
            @for step in FirstStep::ALL {
                li { (render_step(frame, view, step)) }
            }
        }
    };
    render_layout(
        frame,
        &PageContent::new(message!(language, "steps-title"), body),
    )
}

fn render_step(frame: &PageFrame<'_>, view: &FirstStepsView, step: FirstStep) -> Markup {
    let language = frame.language;
    let StepPage { address, roles } = step.page();
    let opens = roles.is_empty() || roles.iter().any(|role| frame.has_role(*role));
    let title = step.title(language);
    html! {
        h2 {
            @if opens {
                a href=(address) { (title) }
            } @else {
                (title)
            }
            " "
            @if view.done.contains(&step) {
                span.state.good { (message!(language, "step-done")) }
            } @else if view.is_open(step) {
                span.state.open { (message!(language, "step-missing")) }
            } @else {
                span.state.over { (message!(language, "step-not-needed")) }
            }
        }
        p { (step.hint(language)) }
        @if view.is_open(step) {
            @if let Some(command) = step.command() {
                pre { code { (command) } }
            }
            @if !opens {
                @let roles = name_roles(language, roles);
                p.hint { (message!(language, "step-other-role", roles)) }
            }
        }
    }
}

fn name_roles(language: Language, roles: &[PersonRole]) -> String {
    let words = roles.iter().map(|role| role_word(language, *role));
    let words: Vec<String> = words.collect();
    words.join(", ")
}
