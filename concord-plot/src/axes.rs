//! Axes with ticks around a frame.

use crate::scene::{Anchor, Rect, Scene, Text};
use crate::text::{CAP_HEIGHT, Weight, text_width};
use crate::theme::{AXIS_TITLE_SIZE, FRAME, TICK, TICK_GAP, TICK_SIZE};
use crate::ticks::Ticks;

/// One axis: the numbers at its ends, its ticks and its name.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Ticks,
    pub(crate) name: String,
}

impl Axis {
    /// Where a number lies on the axis, 0 at the low end and 1 at the high one.
    pub(crate) fn part(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// Room that the numbers and the name take below a frame.
    pub(crate) fn room_below(&self) -> f64 {
        let name = if self.name.is_empty() { 0.0 } else { 4.5 + AXIS_TITLE_SIZE };
        TICK + TICK_GAP + TICK_SIZE + name
    }

    /// Room that the numbers and the name take to the left of a frame.
    pub(crate) fn room_left(&self) -> f64 {
        let name = if self.name.is_empty() { 0.0 } else { 5.0 + AXIS_TITLE_SIZE };
        TICK + TICK_GAP + self.widest_label() + name
    }

    fn widest_label(&self) -> f64 {
        self.ticks.labels.iter().map(|label| text_width(label, TICK_SIZE, Weight::Regular)).fold(0.0, f64::max)
    }

    /// Draws ticks, numbers and name below a frame.
    pub(crate) fn draw_below(&self, scene: &mut Scene, frame: &Rect) {
        let base = frame.bottom() + TICK + TICK_GAP + TICK_SIZE * CAP_HEIGHT;
        for (&value, label) in self.ticks.values.iter().zip(&self.ticks.labels) {
            let x = frame.x + self.part(value) * frame.width;
            scene.line((x, frame.bottom()), (x, frame.bottom() + TICK), FRAME);
            scene.text(Text::new(x, base, TICK_SIZE, label).anchor(Anchor::Middle));
        }
        let name_base = base + 5.0 + AXIS_TITLE_SIZE * CAP_HEIGHT;
        let middle = frame.x + frame.width / 2.0;
        scene.text(Text::new(middle, name_base, AXIS_TITLE_SIZE, &self.name).anchor(Anchor::Middle));
    }

    /// Draws ticks, numbers and name to the left of a frame.
    pub(crate) fn draw_left(&self, scene: &mut Scene, frame: &Rect) {
        let right = frame.x - TICK - TICK_GAP;
        for (&value, label) in self.ticks.values.iter().zip(&self.ticks.labels) {
            let y = frame.bottom() - self.part(value) * frame.height;
            scene.line((frame.x - TICK, y), (frame.x, y), FRAME);
            scene.text(Text::new(right, y + TICK_SIZE * CAP_HEIGHT / 2.0, TICK_SIZE, label).anchor(Anchor::End));
        }
        let name =
            Text::new(right - self.widest_label() - 6.0, frame.y + frame.height / 2.0, AXIS_TITLE_SIZE, &self.name);
        scene.text(name.anchor(Anchor::Middle).rotation(-90.0));
    }
}
