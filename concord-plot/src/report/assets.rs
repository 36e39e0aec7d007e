//! The parts of the page that are the same in every report.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The page with `{{places}}` for what differs.
pub(super) const TEMPLATE: &str = include_str!("report.html");

/// The style: what everything looks like, then the parts of the page.
pub(super) const STYLE: &str = concat!(
    include_str!("style/base.css"),
    include_str!("style/page.css"),
    include_str!("style/explorer.css"),
    include_str!("style/tables.css"),
    include_str!("style/print.css"),
);

/// The program: one JavaScript module, cut by subject. What a part needs at once stands before it.
pub(super) const SCRIPT: &str = concat!(
    include_str!("script/dom.js"),
    include_str!("script/data.js"),
    include_str!("script/colours.js"),
    include_str!("script/camera.js"),
    include_str!("script/webgl.js"),
    include_str!("script/pixels.js"),
    include_str!("script/scatter.js"),
    include_str!("script/names.js"),
    include_str!("script/gestures.js"),
    include_str!("script/legend.js"),
    include_str!("script/combobox.js"),
    include_str!("script/picture.js"),
    include_str!("script/explorer.js"),
    include_str!("script/tables.js"),
    include_str!("script/pages.js"),
    include_str!("script/main.js"),
);

/// What the page may do: run its own program and style, show images that it carries, and nothing else. No part of it
/// can load, send or frame anything, whatever names the data hold.
pub(super) fn content_security_policy() -> String {
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        source_hash(SCRIPT),
        source_hash(STYLE)
    )
}

fn source_hash(source: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(source.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_load_nothing() {
        for asset in [TEMPLATE, STYLE, SCRIPT] {
            for forbidden in ["http:", "https:", "@import", "import(", "fetch(", "eval(", "innerHTML", "outerHTML"] {
                assert!(!asset.contains(forbidden), "{forbidden}");
            }
        }
    }

    #[test]
    fn assets_do_not_end_their_elements() {
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.contains("</style"));
        // A browser reads a carriage return as a line feed, and the hash would not fit.
        assert!(!SCRIPT.contains('\r') && !STYLE.contains('\r'));
    }
}
