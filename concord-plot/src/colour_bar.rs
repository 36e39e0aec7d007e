//! From numbers to colours, and the bar that explains them.

use crate::scene::{Anchor, Fill, Rect, Scene, Stroke, Text};
use crate::text::{CAP_HEIGHT, Weight, text_width};
use crate::theme::{AXIS_TITLE_SIZE, TICK, TICK_GAP, TICK_SIZE};
use crate::ticks::nice_ticks;
use crate::{Colormap, Colour};

/// Thickness of the bar.
const THICKNESS: f64 = 7.5;
/// Height of the pointed end that says that there are values beyond.
const POINT: f64 = 6.0;
const OUTLINE: Stroke = Stroke::black(0.5);

/// The range of numbers that a colour map is spread over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ColourScale {
    pub(crate) colormap: Colormap,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Whether some values lie above `high`, or below `low`.
    pub(crate) clipped_above: bool,
    pub(crate) clipped_below: bool,
}

impl ColourScale {
    /// Spreads a map from the smallest value to a quantile of the values, or evenly around a centre.
    ///
    /// With a centre the range reaches as far on both sides as the quantile of the distances from it. A quantile that
    /// leaves no range (most genes are zero in most cells) gives way to the largest value. `None` when no value is
    /// finite.
    pub(crate) fn fit(values: &[f32], colormap: Colormap, quantile: f64, centre: Option<f64>) -> Option<Self> {
        let mut sorted: Vec<f64> =
            values.iter().filter(|value| value.is_finite()).map(|&value| f64::from(value)).collect();
        if let Some(centre) = centre {
            for value in &mut sorted {
                *value = (*value - centre).abs();
            }
        }
        sorted.sort_unstable_by(f64::total_cmp);
        let (&first, &last) = (sorted.first()?, sorted.last()?);
        let low = if centre.is_some() { 0.0 } else { first };
        let mut high = quantile_of_sorted(&sorted, quantile);
        if high <= low {
            high = last;
        }
        if high <= low {
            // All values are equal: they get the lowest colour, and the bar a range to stand in.
            high = low + if low == 0.0 { 1.0 } else { low.abs() };
        }
        let clipped = last > high * (1.0 + 1e-9) + f64::MIN_POSITIVE;
        Some(match centre {
            None => Self { colormap, low, high, clipped_above: clipped, clipped_below: false },
            Some(centre) => {
                let (low, high) = (centre - high, centre + high);
                let beyond = |test: &dyn Fn(f64) -> bool| {
                    clipped && values.iter().any(|&value| value.is_finite() && test(f64::from(value)))
                };
                let (clipped_above, clipped_below) = (beyond(&|value| value > high), beyond(&|value| value < low));
                Self { colormap, low, high, clipped_above, clipped_below }
            }
        })
    }

    /// The colour of a value; the missing grey when it is not finite.
    pub(crate) fn colour(&self, value: f32) -> Colour {
        if !value.is_finite() {
            return Colour::MISSING;
        }
        self.colormap.at((f64::from(value) - self.low) / (self.high - self.low))
    }

    /// Draws the bar upright, `height` points tall, with ticks and its name to the right.
    pub(crate) fn bar(&self, name: &str, height: f64) -> Scene {
        let mut bar = Scene::new(THICKNESS, height);
        let top = if self.clipped_above { POINT } else { 0.0 };
        let bottom = height - if self.clipped_below { POINT } else { 0.0 };
        self.draw_body(&mut bar, top, bottom);
        let mut right = THICKNESS;
        let ticks = nice_ticks(self.low, self.high, (height / 26.0).clamp(2.0, 6.0) as usize);
        for (value, label) in ticks.values.iter().zip(&ticks.labels) {
            let y = bottom - (value - self.low) / (self.high - self.low) * (bottom - top);
            let x = THICKNESS + TICK + TICK_GAP;
            bar.line((THICKNESS, y), (THICKNESS + TICK, y), OUTLINE);
            bar.text(Text::new(x, y + TICK_SIZE * CAP_HEIGHT / 2.0, TICK_SIZE, label));
            right = right.max(x + text_width(label, TICK_SIZE, Weight::Regular));
        }
        if !name.is_empty() {
            let base = right + 4.0 + AXIS_TITLE_SIZE * CAP_HEIGHT;
            let title = Text::new(base, height / 2.0, AXIS_TITLE_SIZE, name).anchor(Anchor::Middle).rotation(-90.0);
            bar.text(title);
            right = base + AXIS_TITLE_SIZE * 0.25;
        }
        bar.width = right;
        bar
    }

    fn draw_body(&self, bar: &mut Scene, top: f64, bottom: f64) {
        let middle = THICKNESS / 2.0;
        let colours = self.colormap.bar();
        let mut outline = vec![(0.0, bottom), (0.0, top)];
        if self.clipped_above {
            bar.polygon(vec![(0.0, top), (middle, 0.0), (THICKNESS, top)], self.colormap.at(1.0));
            outline.push((middle, 0.0));
        }
        outline.extend([(THICKNESS, top), (THICKNESS, bottom)]);
        if self.clipped_below {
            bar.polygon(vec![(0.0, bottom), (middle, bar.height), (THICKNESS, bottom)], self.colormap.at(0.0));
            outline.push((middle, bar.height));
        }
        outline.push((0.0, bottom));
        bar.rect(Rect::new(0.0, top, THICKNESS, bottom - top), Fill::Upwards(colours), None);
        bar.lines(vec![outline], OUTLINE);
    }
}

/// The quantile of ascending values, interpolated as numpy does by default.
fn quantile_of_sorted(sorted: &[f64], quantile: f64) -> f64 {
    let place = quantile.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (place - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(values: &[f32], quantile: f64, centre: Option<f64>) -> Option<ColourScale> {
        ColourScale::fit(values, Colormap::Viridis, quantile, centre)
    }

    #[test]
    fn range_ends_at_the_quantile() {
        let values: Vec<f32> = (0..=100).map(|value| value as f32).collect();
        let scale = fit(&values, 0.9, None).map(|scale| (scale.low, scale.high, scale.clipped_above));
        assert_eq!(scale, Some((0.0, 90.0, true)));
        let scale = fit(&values, 1.0, None).map(|scale| (scale.low, scale.high, scale.clipped_above));
        assert_eq!(scale, Some((0.0, 100.0, false)));
    }

    #[test]
    fn degenerate_values_have_a_range() {
        let range = |values: &[f32]| fit(values, 0.9, None).map(|scale| (scale.low, scale.high));
        assert_eq!(range(&[0.0; 5]), Some((0.0, 1.0)));
        assert_eq!(range(&[-2.0, -2.0]), Some((-2.0, 0.0)));
        let mut rare = vec![0.0; 99];
        rare.push(3.0);
        assert_eq!(range(&rare), Some((0.0, 3.0)));
        assert_eq!(range(&[f32::NAN, f32::INFINITY]), None);
        assert_eq!(range(&[]), None);
    }

    #[test]
    fn a_centre_is_in_the_middle() {
        let scale = fit(&[-1.0, 0.0, 4.0], 1.0, Some(0.0)).map(|scale| (scale.low, scale.high));
        assert_eq!(scale, Some((-4.0, 4.0)));
    }

    #[test]
    fn what_is_not_finite_is_grey() {
        let scale = fit(&[0.0, 1.0], 1.0, None).map(|scale| scale.colour(f32::NAN));
        assert_eq!(scale, Some(Colour::MISSING));
    }
}
