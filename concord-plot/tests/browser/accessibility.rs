//! Whether a page can be read and used by everybody.

use serde_json::json;

use super::{Browser, Outcome};

/// WCAG 2 asks for 4.5 between a text and what is behind it.
pub(crate) fn contrast_suffices(browser: &mut Browser) -> Outcome {
    let lowest = browser.value(
        "(() => {
          const probe = document.body.appendChild(document.createElement('i'));
          const light = (name) => {
            probe.style.color = `var(--${name})`;
            const bands = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map((band) => band / 255);
            const [r, g, b] = bands.map((band) => (band <= 0.04045 ? band / 12.92 : ((band + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
          };
          const pairs = [['ink', 'paper'], ['ink', 'raised'], ['soft', 'paper'], ['soft', 'sheet'], ['accent', 'paper'],
            ['soft', 'raised'], ['accent', 'sheet'], ['accent', 'accent-soft'], ['accent', 'raised'], ['warn', 'warn-soft']];
          const ratios = pairs.map(([a, b]) => Math.max(light(a) / light(b), light(b) / light(a)));
          probe.remove();
          return Math.min(...ratios);
        })()",
    )?;
    assert!(lowest.as_f64() > Some(4.5), "{lowest}");
    Ok(())
}

/// Every control is announced by a screen reader.
pub(crate) fn controls_have_names(browser: &mut Browser) -> Outcome {
    for page in ["embedding", "context-1", "trust"] {
        browser.value(&format!("location.hash = '#{page}'"))?;
        browser.settle()?;
        let tree = browser.send("Accessibility.getFullAXTree", &json!({}))?;
        let roles = [
            "button",
            "link",
            "textbox",
            "searchbox",
            "combobox",
            "slider",
            "checkbox",
            "radio",
            "image",
            "table",
            "region",
            "navigation",
        ];
        let mut n_controls = 0;
        for node in tree["nodes"].as_array().into_iter().flatten().filter(|node| node["ignored"] == false) {
            if roles.iter().any(|role| node["role"]["value"] == *role) {
                n_controls += 1;
                assert_ne!(node["name"]["value"].as_str().unwrap_or_default().trim(), "", "{page}: {node}");
            }
        }
        assert!(n_controls > 10, "{page}: {n_controls}");
    }
    Ok(())
}
