//! Places for names on the data: near their cells, inside the frame, and never over each other.

use crate::scene::Rect;

/// Distance that is kept between two names, and to the frame.
const GAP: f64 = 1.5;
/// Rounds of pushing overlapping names apart.
const ROUNDS: usize = 400;

/// A name that wants to stand on a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LabelBox {
    /// Where the name would stand if it were alone (its middle).
    pub(crate) anchor: (f64, f64),
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl LabelBox {
    /// The box moved to the nearest place at which all of it lies in the frame.
    #[must_use]
    pub(crate) fn within(self, frame: &Rect) -> Self {
        Self { anchor: clamped(&self, self.anchor, frame), ..self }
    }

    /// Whether a point lies in the box.
    pub(crate) fn holds(&self, (x, y): (f64, f64)) -> bool {
        (x - self.anchor.0).abs() <= self.width / 2.0 && (y - self.anchor.1).abs() <= self.height / 2.0
    }

    /// How far two boxes would have to move to be apart, as a part of this one's height.
    pub(crate) fn overlap(&self, other: &Self) -> f64 {
        overlap(self, self.anchor, other, other.anchor).map_or(0.0, |(dx, dy)| dx.min(dy) / self.height)
    }
}

/// Gives each name the middle of its box; `None` when they do not all fit into the frame.
///
/// The names are pushed apart pair by pair, each giving way by half, along the axis that needs the shorter move. What
/// still overlaps then is laid out one by one in the order given, each name on the nearest free place.
pub(crate) fn place_labels(labels: &[LabelBox], frame: &Rect) -> Option<Vec<(f64, f64)>> {
    if labels.iter().any(|label| label.width + 2.0 * GAP > frame.width || label.height + 2.0 * GAP > frame.height) {
        return None;
    }
    let mut places: Vec<(f64, f64)> = labels.iter().map(|label| clamped(label, label.anchor, frame)).collect();
    for _ in 0..ROUNDS {
        if !push_apart(labels, &mut places, frame) {
            return Some(places);
        }
    }
    one_by_one(labels, &places, frame)
}

/// One round over all pairs; tells whether any of them overlapped.
fn push_apart(labels: &[LabelBox], places: &mut [(f64, f64)], frame: &Rect) -> bool {
    let mut moved = false;
    for second in 1..labels.len() {
        for first in 0..second {
            let Some((dx, dy)) = overlap(&labels[first], places[first], &labels[second], places[second]) else {
                continue;
            };
            moved = true;
            let (a, b) = (places[first], places[second]);
            // Names on the same spot are told apart by their order. The extra hair makes rounding end the search.
            let side = |a: f64, b: f64| if b >= a { 0.5 + 1e-6 } else { -0.5 - 1e-6 };
            let (x, y) = if dy <= dx { (0.0, dy * side(a.1, b.1)) } else { (dx * side(a.0, b.0), 0.0) };
            places[first] = clamped(&labels[first], (a.0 - x, a.1 - y), frame);
            places[second] = clamped(&labels[second], (b.0 + x, b.1 + y), frame);
        }
    }
    moved
}

fn one_by_one(labels: &[LabelBox], wanted: &[(f64, f64)], frame: &Rect) -> Option<Vec<(f64, f64)>> {
    const DIRECTIONS: usize = 32;
    const STEP: f64 = 2.0;
    let rings = (frame.width.hypot(frame.height) / STEP) as usize;
    let mut placed: Vec<(f64, f64)> = Vec::with_capacity(labels.len());
    for (label, &(x, y)) in labels.iter().zip(wanted) {
        let candidates = (0..=rings).flat_map(|ring| {
            (0..if ring == 0 { 1 } else { DIRECTIONS }).map(move |direction| {
                let angle = direction as f64 / DIRECTIONS as f64 * std::f64::consts::TAU;
                let distance = ring as f64 * STEP;
                (x + distance * angle.cos(), y + distance * angle.sin())
            })
        });
        let free = |&place: &(f64, f64)| {
            clamped(label, place, frame) == place
                && labels.iter().zip(&placed).all(|(other, &taken)| overlap(other, taken, label, place).is_none())
        };
        placed.push(candidates.into_iter().find(free)?);
    }
    Some(placed)
}

/// The nearest place at which the whole box lies in the frame.
fn clamped(label: &LabelBox, (x, y): (f64, f64), frame: &Rect) -> (f64, f64) {
    let (half_width, half_height) = (label.width / 2.0 + GAP, label.height / 2.0 + GAP);
    // Not `clamp`, which panics when rounding makes the range of an exactly fitting box empty.
    (
        x.max(frame.x + half_width).min(frame.right() - half_width),
        y.max(frame.y + half_height).min(frame.bottom() - half_height),
    )
}

/// How far two boxes reach into each other along both axes, when they do.
fn overlap(a: &LabelBox, (ax, ay): (f64, f64), b: &LabelBox, (bx, by): (f64, f64)) -> Option<(f64, f64)> {
    let dx = f64::midpoint(a.width, b.width) + GAP - (ax - bx).abs();
    let dy = f64::midpoint(a.height, b.height) + GAP - (ay - by).abs();
    (dx > 0.0 && dy > 0.0).then_some((dx, dy))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect::new(10.0, 20.0, 200.0, 200.0);

    fn label(x: f64, y: f64, width: f64) -> LabelBox {
        LabelBox { anchor: (x, y), width, height: 8.0 }
    }

    fn check(labels: &[LabelBox]) -> Option<()> {
        let places = place_labels(labels, &FRAME)?;
        for (i, &(x, y)) in places.iter().enumerate() {
            let (w, h) = (labels[i].width / 2.0, labels[i].height / 2.0);
            assert!(x - w >= FRAME.x && x + w <= FRAME.right() && y - h >= FRAME.y && y + h <= FRAME.bottom());
            for j in 0..i {
                assert!(overlap(&labels[i], places[i], &labels[j], places[j]).is_none(), "{i} {j}");
            }
        }
        Some(())
    }

    #[test]
    fn lonely_labels_stay() {
        let labels = [label(50.0, 50.0, 30.0), label(150.0, 150.0, 30.0)];
        assert_eq!(place_labels(&labels, &FRAME), Some(vec![(50.0, 50.0), (150.0, 150.0)]));
    }

    #[test]
    fn crowds_are_parted() {
        let same_place: Vec<LabelBox> = (0..20).map(|_| label(205.0, 215.0, 60.0)).collect();
        assert!(check(&same_place).is_some());
        let grid: Vec<LabelBox> =
            (0..40).map(|i| label(10.0 + f64::from(i * 37 % 200), 20.0 + f64::from(i * 91 % 200), 40.0)).collect();
        assert!(check(&grid).is_some());
        let packed: Vec<LabelBox> = (0..45).map(|i| label(100.0 + f64::from(i % 7), 100.0, 40.0)).collect();
        assert!(check(&packed).is_some());
    }

    #[test]
    fn too_much_is_refused() {
        assert!(place_labels(&[label(50.0, 50.0, 300.0)], &FRAME).is_none());
        let many: Vec<LabelBox> = (0..200).map(|_| label(100.0, 100.0, 60.0)).collect();
        assert!(place_labels(&many, &FRAME).is_none());
    }
}
