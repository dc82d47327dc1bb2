//! error: E0308

fn attempt(declined: &Declined) {
    let _ = hansa_proto::peer::refusal::to_wire(declined);
}
