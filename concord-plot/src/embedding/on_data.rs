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
const MOST_HIDDEN: f64 = 0.6;
/// Distance of a name from the cells that it stands beside.
const BESIDE: f64 = 2.5;
/// Number of cells, about, from which the emptiest place is found.
const SAMPLE: usize = 20_000;

/// A category that gets its name written.
struct Category<'a> {
    name: &'a str,
    cells: Vec<usize>,
    /// The cell nearest to the median: a median itself may lie between two islands, on other cells.
    middle: (f64, f64),
    /// Where most of the cells lie.
    bulk: Rect,
}

/// Writes the name of every category that has cells; `None` when they do not fit even in the smallest letters.
pub(crate) fn label_data(canvas: &Canvas, labels: &Labels) -> Option<Scene> {
    let mut categories: Vec<Category<'_>> = labels
        .members()
        .into_iter()
        .zip(labels.names())
        .filter(|(cells, _)| !cells.is_empty())
        .map(|(cells, name)| Category::new(canvas, name, cells))
        .collect();
    // Large categories choose first; equally large ones in their order.
    categories.sort_by_key(|category| std::cmp::Reverse(category.cells.len()));
    let frame = Rect::new(0.0, 0.0, canvas.width, canvas.height);
    let mut size = ON_DATA_SIZE;
    while size >= MIN_SIZE {
        let broken = |category: &Category<'_>| wrap(category.name, size, Weight::Bold, canvas.width * MAX_WIDTH);
        let lines: Vec<Vec<String>> = categories.iter().map(broken).collect();
        let boxes: Vec<LabelBox> = categories
            .iter()
            .zip(&lines)
            .map(|(category, lines)| category.seat(canvas, block_size(lines, size)))
            .collect();
        if let Some(places) = place_labels(&boxes, &frame) {
            let mut scene = Scene::default();
            for ((category, label), &place) in categories.iter().zip(&boxes).zip(&places) {
                category.tie(&mut scene, label, place);
            }
            for (lines, &place) in lines.iter().zip(&places) {
                write_name(&mut scene, lines, place, size);
            }
            return Some(scene);
        }
        size -= 0.5;
    }
    None
}

impl<'a> Category<'a> {
    fn new(canvas: &Canvas, name: &'a str, cells: Vec<usize>) -> Self {
        let sorted = |coordinate: &dyn Fn((f32, f32)) -> f32| {
            let mut values: Vec<f32> = cells.iter().map(|&cell| coordinate(canvas.places[cell])).collect();
            values.sort_unstable_by(f32::total_cmp);
            values
        };
        let (xs, ys) = (sorted(&|place| place.0), sorted(&|place| place.1));
        let half = cells.len() / 2;
        let distance = |place: (f32, f32)| (place.0 - xs[half]).hypot(place.1 - ys[half]);
        let nearest =
            cells.iter().map(|&cell| canvas.places[cell]).min_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        let (x, y) = nearest.unwrap_or((xs[half], ys[half]));
        // The middle six tenths on both axes: stray cells of a small category do not widen it.
        let fifth = cells.len() / 5;
        let edge = |sorted: &[f32]| (f64::from(sorted[fifth]), f64::from(sorted[sorted.len() - 1 - fifth]));
        let ((left, right), (top, bottom)) = (edge(&xs), edge(&ys));
        let bulk = Rect::new(left, top, right - left, bottom - top);
        Self { name, cells, middle: (f64::from(x), f64::from(y)), bulk }
    }

    /// Where a name would like to stand: in the middle of its cells, or beside them when it would hide most of them.
    fn seat(&self, canvas: &Canvas, (width, height): (f64, f64)) -> LabelBox {
        let hidden = |cell: usize, (x, y): (f64, f64)| {
            let place = canvas.places[cell];
            (f64::from(place.0) - x).abs() <= width / 2.0 && (f64::from(place.1) - y).abs() <= height / 2.0
        };
        let own = self.cells.iter().filter(|&&cell| hidden(cell, self.middle)).count();
        if own as f64 <= MOST_HIDDEN * self.cells.len() as f64 {
            return LabelBox { anchor: self.middle, width, height };
        }
        let away = canvas.diameter / 2.0 + BESIDE;
        let (away_x, away_y) = (width / 2.0 + away, height / 2.0 + away);
        let (x, y) = (self.bulk.x + self.bulk.width / 2.0, self.bulk.y + self.bulk.height / 2.0);
        // Above and below, the name is centred or flush with one end of the cells.
        let flush = [x, self.bulk.x + width / 2.0, self.bulk.right() - width / 2.0];
        let above_and_below = flush.iter().flat_map(|&x| [(x, self.bulk.y - away_y), (x, self.bulk.bottom() + away_y)]);
        let seats = above_and_below.chain([(self.bulk.right() + away_x, y), (self.bulk.x - away_x, y)]);
        // A sample of the cells tells as well which place is the emptiest.
        let step = canvas.places.len() / SAMPLE + 1;
        let crowd = |(x, y): (f64, f64)| {
            let beyond_side = x < width / 2.0 || x > canvas.width - width / 2.0;
            let beyond_end = y < height / 2.0 || y > canvas.height - height / 2.0;
            let hides = (0..canvas.places.len()).step_by(step).filter(|&cell| hidden(cell, (x, y))).count();
            (beyond_side || beyond_end, hides)
        };
        let anchor = seats.min_by_key(|&seat| crowd(seat)).unwrap_or(self.middle);
        LabelBox { anchor, width, height }
    }

    /// Draws a line from a name that stands away from its cells to the middle one.
    fn tie(&self, scene: &mut Scene, label: &LabelBox, (x, y): (f64, f64)) {
        let (half_width, half_height) = (label.width / 2.0, label.height / 2.0);
        let gap_x = (self.bulk.x - x - half_width).max(x - half_width - self.bulk.right()).max(0.0);
        let gap_y = (self.bulk.y - y - half_height).max(y - half_height - self.bulk.bottom()).max(0.0);
        if gap_x.hypot(gap_y) <= TIE {
            return;
        }
        let (to_x, to_y) = self.middle;
        let from = (to_x.max(x - half_width).min(x + half_width), to_y.max(y - half_height).min(y + half_height));
        scene.line(from, self.middle, Stroke { colour: Colour::WHITE, width: 1.8 });
        scene.line(from, self.middle, Stroke::black(0.6));
        scene.circle(to_x, to_y, 1.1, Colour::BLACK);
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
