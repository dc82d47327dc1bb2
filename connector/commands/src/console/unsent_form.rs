//! Forms that were sent and did nothing: why, for the page that shows them again.

use hansa_console::{FaultView, UnsentForm};
use hansa_node::console::form_key::FormKeyFault;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::console::refusal_status;
use hansa_transport::internal_error::with_trace_number;

/// Form that is shown again, with the status of its page.
#[derive(Debug)]
pub(super) struct ReturnedForm {
    pub(super) unsent: UnsentForm,
    pub(super) status: u16,
}

impl ReturnedForm {
    /// Form whose subject has changed since it was shown.
    pub(super) fn of_change() -> Self {
        Self {
            unsent: UnsentForm::Changed,
            status: refusal_status(ErrorCode::TermsChanged),
        }
    }

    /// Form whose values were refused as a whole.
    pub(super) fn of_refusal(refusal: Refusal) -> Self {
        let status = refusal_status(refusal.code);
        let refusal = with_trace_number(refusal);
        Self {
            unsent: UnsentForm::Refused(Box::new(FaultView::from(&refusal))),
            status,
        }
    }
}

impl From<FormKeyFault> for ReturnedForm {
    fn from(fault: FormKeyFault) -> Self {
        Self {
            unsent: match fault {
                FormKeyFault::Over => UnsentForm::Over,
                FormKeyFault::Sent => UnsentForm::Sent,
            },
            status: refusal_status(ErrorCode::FormStale),
        }
    }
}
