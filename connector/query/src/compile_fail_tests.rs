//! Programs that try to bypass the permit or the record, and must not compile. They run in this package because all needed
//! artefacts are built here.

use crate::cannot;

#[test]
fn there_is_no_way_around_the_gate() {
    cannot::attempts("hansa_enforcement", &["hansa_policy", "hansa_audit_log"]);
}
