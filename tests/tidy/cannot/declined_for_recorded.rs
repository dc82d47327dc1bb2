//! error: E0308

fn attempt(declined: &Declined) {
    let _ = proto::peer::refusal::to_wire(declined);
}
