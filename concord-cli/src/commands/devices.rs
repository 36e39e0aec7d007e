//! `concord devices`: what a model can compute on.

use clap::Args;
use concord_model::{DeviceKind, FoundDevice};
use serde_json::{Value, json};

use crate::{Session, text_table::text_table};

const ABOUT: &str = "\
Every name is one for --device of `concord run`, `concord train` and `concord embed`. How to build the others and what \
they need is in docs/devices.md.";

/// Options of `concord devices`.
#[derive(Debug, Args)]
#[command(after_long_help = ABOUT)]
pub(crate) struct DevicesArgs {}

/// Runs the command.
pub(crate) fn devices(session: &Session) {
    let kinds = DeviceKind::ALL.map(|kind| (kind, concord_model::devices(kind)));
    if session.json {
        super::print_json(&kinds.iter().map(to_json).collect());
    } else {
        super::print(&text_table(kinds.iter().flat_map(rows)));
    }
}

/// A line for every device, or one that says why there is none.
fn rows((kind, found): &(DeviceKind, Vec<FoundDevice>)) -> Vec<Vec<String>> {
    let row = |name: &dyn ToString, text: String| vec![name.to_string(), text];
    match kind.feature().filter(|_| !kind.is_built()) {
        Some(feature) => vec![row(&kind.name(), format!("not built: needs --features {feature}"))],
        None if found.is_empty() => vec![row(&kind.name(), "not found on this machine".to_owned())],
        None => found.iter().map(|device| row(&device.name, device.description.clone())).collect(),
    }
}

fn to_json((kind, found): &(DeviceKind, Vec<FoundDevice>)) -> Value {
    let devices: Vec<Value> =
        found.iter().map(|device| json!({"device": device.name, "description": device.description})).collect();
    json!({"kind": kind.name(), "feature": kind.feature(), "is_built": kind.is_built(), "devices": devices})
}
