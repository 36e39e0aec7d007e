//! Titles of whole figures.

use crate::scene::{Anchor, Scene, Text};
use crate::text::{CAP_HEIGHT, LINE_HEIGHT, Weight, text_width, wrap};
use crate::theme::{MARGIN, TITLE_GAP, TITLE_SIZE};

/// Puts a title above a finished drawing, centred on `middle` as far as the paper allows; none when it is blank.
pub(crate) fn with_title(scene: Scene, title: &str, middle: f64) -> Scene {
    if title.trim().is_empty() {
        return scene;
    }
    let lines = wrap(title, TITLE_SIZE, Weight::Bold, (scene.width - 2.0 * MARGIN).max(60.0));
    let widest = lines.iter().map(|line| text_width(line, TITLE_SIZE, Weight::Bold)).fold(0.0, f64::max);
    let reach = MARGIN + widest / 2.0;
    let middle = middle.min(scene.width - reach).max(reach);
    let room = lines.len() as f64 * TITLE_SIZE * LINE_HEIGHT + TITLE_GAP - 2.0;
    let mut titled = Scene::new(scene.width.max(middle + reach), scene.height + room);
    for (place, line) in lines.iter().enumerate() {
        let y = MARGIN + TITLE_SIZE * (CAP_HEIGHT + place as f64 * LINE_HEIGHT);
        titled.text(Text::new(middle, y, TITLE_SIZE, line).bold().anchor(Anchor::Middle));
    }
    titled.place(0.0, room, scene);
    titled
}
