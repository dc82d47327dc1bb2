//! Ways around the gate do not compile. Run here, since here all artefacts lie side by side.

use crate::cannot;

#[test]
fn there_is_no_way_around_the_gate() {
    cannot::attempts("hansa_enforcement", &["hansa_policy", "hansa_audit_log"]);
}
