//! Names of categories on the cells themselves.

use concord_core::Labels;

use super::points::Canvas;
use crate::Colour;
use crate::label_layout::{LabelBox, place_labels};
use crate::scene::{Anchor, Rect, Scene, Stroke, Text};
use crate::text::{CAP_HEIGHT, LINE_HEIGHT, Weight, text_width, wrap};
use crate::theme::ON_DATA_SIZE;

/// Smaller letters than these cannot be read in print.
const MIN_SIZE: f64 = 5.0;
/// The widest line, as a part of the panel; longer names are broken.
const MAX_WIDTH: f64 = 0.4;
/// Width of the white rim around letters.
const HALO: f64 = 2.2;
/// A name that stands farther from its cells than this is tied to them by a line.
const TIE: f64 = 7.0;
/// A name may hide this part of its cells before it moves beside them.
const MOST_HIDDEN: f64 = 0.7;
/// Distance of a name from the cells that it stands beside.
const BESIDE: f64 = 2.5;
/// Farther than this from its cells a name is hard to follow: smaller letters are tried.
const TOO_FAR: f64 = 18.0;
/// Number of cells of a category, and of all cells, that stand for the others while places are looked for.
const CATEGORY_SAMPLE: usize = 2000;
const SAMPLE: usize = 5000;

/// Writes the name of every category that has cells; `None` when they do not fit even in the smallest letters.
///
/// Of the sizes at which all names fit, the largest at which none is far from its cells is taken, or else the one with
/// the names nearest to their cells.
pub(crate) fn label_data(canvas: &Canvas, labels: &Labels) -> Option<Scene> {
    let categories = categories_of(canvas, labels);
    let frame = Rect::new(0.0, 0.0, canvas.width, canvas.height);
    let step = canvas.places.len() / SAMPLE + 1;
    let ground: Vec<(f64, f64)> =
        canvas.places.iter().step_by(step).map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
    let mut best: Option<(f64, Layout)> = None;
    let mut size = ON_DATA_SIZE;
    while size >= MIN_SIZE {
        let layout = Layout::new(&categories, size, &frame, &ground, canvas.diameter);
        if let Some(layout) = layout {
            let gaps = || categories.iter().zip(layout.boxes()).map(|(category, label)| category.gap(&label));
            if gaps().all(|gap| gap <= TOO_FAR) {
                return Some(layout.draw(&categories));
            }
            let total = gaps().sum();
            if best.as_ref().is_none_or(|&(least, _)| total < least) {
                best = Some((total, layout));
            }
        }
        size -= 0.5;
    }
    best.map(|(_, layout)| layout.draw(&categories))
}

/// A category that gets its name written.
struct Category<'a> {
    name: &'a str,
    /// Places of its cells, or of a sample of them.
    cells: Vec<(f64, f64)>,
    /// The cell nearest to the median: a median itself may lie between two islands, on other cells.
    middle: (f64, f64),
    /// Where most of the cells lie.
    bulk: Rect,
}

/// The categories that have cells. Large ones come first and choose first; equally large ones keep their order.
fn categories_of<'a>(canvas: &Canvas, labels: &'a Labels) -> Vec<Category<'a>> {
    let mut members: Vec<(Vec<usize>, &String)> =
        labels.members().into_iter().zip(labels.names()).filter(|(cells, _)| !cells.is_empty()).collect();
    members.sort_by_key(|(cells, _)| std::cmp::Reverse(cells.len()));
    let place = |&cell: &usize| (f64::from(canvas.places[cell].0), f64::from(canvas.places[cell].1));
    members
        .into_iter()
        .map(|(cells, name)| {
            let step = cells.len() / CATEGORY_SAMPLE + 1;
            Category::new(name, cells.iter().step_by(step).map(place).collect())
        })
        .collect()
}

impl<'a> Category<'a> {
    fn new(name: &'a str, cells: Vec<(f64, f64)>) -> Self {
        let sorted = |coordinate: &dyn Fn((f64, f64)) -> f64| {
            let mut values: Vec<f64> = cells.iter().map(|&place| coordinate(place)).collect();
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        let (xs, ys) = (sorted(&|place| place.0), sorted(&|place| place.1));
        let median = (xs[cells.len() / 2], ys[cells.len() / 2]);
        let distance = |place: (f64, f64)| (place.0 - median.0).hypot(place.1 - median.1);
        let middle = cells.iter().copied().min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(median);
        // The middle six tenths on both axes: stray cells of a small category do not widen it.
        let (first, last) = (cells.len() / 5, cells.len() - 1 - cells.len() / 5);
        let bulk = Rect::new(xs[first], ys[first], xs[last] - xs[first], ys[last] - ys[first]);
        Self { name, cells, middle, bulk }
    }

    /// Places for a name within the frame: on its cells, then above, below and beside them.
    fn seats(&self, (width, height): (f64, f64), frame: &Rect, cell: f64) -> impl Iterator<Item = LabelBox> + use<> {
        let away = cell / 2.0 + BESIDE;
        let (away_x, away_y) = (width / 2.0 + away, height / 2.0 + away);
        let Rect { x: left, y: top, .. } = self.bulk;
        let (right, bottom) = (self.bulk.right(), self.bulk.bottom());
        let (x, y) = (f64::midpoint(left, right), f64::midpoint(top, bottom));
        // Above and below, the name is centred or flush with one end of the cells.
        let flush = [x, left + width / 2.0, right - width / 2.0];
        let above_and_below = flush.into_iter().flat_map(move |x| [(x, top - away_y), (x, bottom + away_y)]);
        let beside = [(right + away_x, y), (left - away_x, y)];
        let frame = *frame;
        let seat = move |anchor| LabelBox { anchor, width, height }.within(&frame);
        [self.middle].into_iter().chain(above_and_below).chain(beside).map(seat)
    }

    /// What a place costs: standing on names that have their places, hiding cells of the category itself (above all
    /// nearly all of them), leaving the middle of the cells, and every part of the ground that it hides.
    fn cost(&self, label: &LabelBox, moved: bool, taken: &[LabelBox], ground: &[(f64, f64)]) -> f64 {
        let hidden = |cells: &[(f64, f64)]| {
            cells.iter().filter(|&&place| label.holds(place)).count() as f64 / cells.len() as f64
        };
        let count = |yes: bool| f64::from(u8::from(yes));
        let collisions: f64 = taken.iter().map(|other| label.overlap(other)).sum();
        let own = hidden(&self.cells);
        3.0 * collisions + own + 2.0 * count(own > MOST_HIDDEN) + count(moved) + 5.0 * hidden(ground)
    }

    /// Distance between a name and the bulk of its cells.
    fn gap(&self, label: &LabelBox) -> f64 {
        let (x, y) = label.anchor;
        let (half_width, half_height) = (label.width / 2.0, label.height / 2.0);
        let gap_x = (self.bulk.x - x - half_width).max(x - half_width - self.bulk.right()).max(0.0);
        let gap_y = (self.bulk.y - y - half_height).max(y - half_height - self.bulk.bottom()).max(0.0);
        gap_x.hypot(gap_y)
    }

    /// Draws a line from a name that stands away from its cells to the middle one.
    fn tie(&self, scene: &mut Scene, label: &LabelBox) {
        if self.gap(label) <= TIE {
            return;
        }
        let ((x, y), (to_x, to_y)) = (label.anchor, self.middle);
        let (half_width, half_height) = (label.width / 2.0, label.height / 2.0);
        let from = (to_x.max(x - half_width).min(x + half_width), to_y.max(y - half_height).min(y + half_height));
        scene.line(from, self.middle, Stroke { colour: Colour::WHITE, width: 1.8 });
        scene.line(from, self.middle, Stroke::black(0.6));
        scene.circle(to_x, to_y, 1.1, Colour::BLACK);
    }
}

/// All names at one size, in lines, with their places.
struct Layout {
    size: f64,
    lines: Vec<Vec<String>>,
    seats: Vec<LabelBox>,
    places: Vec<(f64, f64)>,
}

impl Layout {
    fn new(categories: &[Category<'_>], size: f64, frame: &Rect, ground: &[(f64, f64)], cell: f64) -> Option<Self> {
        let lines: Vec<Vec<String>> = categories
            .iter()
            .map(|category| wrap(category.name, size, Weight::Bold, frame.width * MAX_WIDTH))
            .collect();
        let mut seats: Vec<LabelBox> = Vec::with_capacity(categories.len());
        for (category, lines) in categories.iter().zip(&lines) {
            let candidates = category.seats(block_size(lines, size), frame, cell).enumerate();
            let costs = candidates.map(|(place, seat)| (category.cost(&seat, place > 0, &seats, ground), seat));
            let cheapest = costs.min_by(|(a, _), (b, _)| a.total_cmp(b));
            seats.extend(cheapest.map(|(_, seat)| seat));
        }
        let places = place_labels(&seats, frame)?;
        Some(Self { size, lines, seats, places })
    }

    /// The names where they came to stand.
    fn boxes(&self) -> impl Iterator<Item = LabelBox> {
        self.seats.iter().zip(&self.places).map(|(seat, &anchor)| LabelBox { anchor, ..*seat })
    }

    fn draw(&self, categories: &[Category<'_>]) -> Scene {
        let mut scene = Scene::default();
        for (category, label) in categories.iter().zip(self.boxes()) {
            category.tie(&mut scene, &label);
        }
        for (lines, &place) in self.lines.iter().zip(&self.places) {
            write_name(&mut scene, lines, place, self.size);
        }
        scene
    }
}

/// Width and height of a name, its rim and descenders included.
fn block_size(lines: &[String], size: f64) -> (f64, f64) {
    let width = lines.iter().map(|line| text_width(line, size, Weight::Bold)).fold(0.0, f64::max);
    (width + HALO, size * (CAP_HEIGHT + 0.25 + LINE_HEIGHT * (lines.len() - 1) as f64) + 1.0)
}

fn write_name(scene: &mut Scene, lines: &[String], (x, y): (f64, f64), size: f64) {
    let block = size * (CAP_HEIGHT + LINE_HEIGHT * (lines.len() - 1) as f64);
    for (number, line) in lines.iter().enumerate() {
        let base = y - block / 2.0 + size * (CAP_HEIGHT + LINE_HEIGHT * number as f64);
        scene.text(Text::new(x, base, size, line).bold().anchor(Anchor::Middle).halo(HALO));
    }
}
