//! The coloured table and its names.

use concord_core::Dense;

use super::side::OrderedSide;
use crate::Colour;
use crate::colour_bar::ColourScale;
use crate::scene::raster::RasterLayer;
use crate::scene::{Anchor, Fill, Rect, Scene, Text};
use crate::text::{CAP_HEIGHT, Weight, shorten, text_width};
use crate::theme::{FRAME, TICK_SIZE};

/// White between two fields.
const GRID_LINE: f64 = 0.7;
/// More fields than these are drawn as an image.
const MAX_FIELDS: usize = 4000;
/// The least distance of two names.
const MIN_PITCH: f64 = 8.0;
/// The longest name.
const MAX_NAME: f64 = 200.0;
/// Between the table and its names.
pub(crate) const NAME_GAP: f64 = 3.5;

pub(crate) fn draw_body(
    values: &Dense,
    rows: &OrderedSide<'_>,
    columns: &OrderedSide<'_>,
    scale: Option<&ColourScale>,
    (width, height): (f64, f64),
    grid_lines: bool,
) -> Scene {
    let mut body = Scene::new(width, height);
    let colour = |row: usize, column: usize| scale.map_or(Colour::MISSING, |scale| scale.colour(values[[row, column]]));
    let (n_rows, n_columns) = values.dim();
    let (field_width, field_height) = (width / n_columns as f64, height / n_rows as f64);
    if grid_lines && values.len() <= MAX_FIELDS && field_width.min(field_height) > 4.0 * GRID_LINE {
        for (y, &row) in rows.order.iter().enumerate() {
            for (x, &column) in columns.order.iter().enumerate() {
                let (left, top) = (x as f64 * field_width, y as f64 * field_height);
                let rect = Rect::new(
                    left + GRID_LINE / 2.0,
                    top + GRID_LINE / 2.0,
                    field_width - GRID_LINE,
                    field_height - GRID_LINE,
                );
                body.rect(rect, Fill::Plain(colour(row, column)), None);
            }
        }
        return body;
    }
    let colours =
        rows.order.iter().flat_map(|&row| columns.order.iter().map(move |&column| colour(row, column))).collect();
    let frame = Rect::new(0.0, 0.0, width, height);
    body.raster(frame, RasterLayer::Cells { n_columns, colours });
    body.rect(frame, Fill::None, Some(FRAME));
    body
}

/// Names to the right of `length` points of rows.
pub(crate) fn row_names(names: &[&str], length: f64) -> Scene {
    let mut scene = Scene::new(0.0, length);
    for (place, name) in written(names, length) {
        let name = shorten(name, TICK_SIZE, Weight::Regular, MAX_NAME);
        scene.width = scene.width.max(NAME_GAP + text_width(&name, TICK_SIZE, Weight::Regular));
        scene.text(Text::new(NAME_GAP, place + TICK_SIZE * CAP_HEIGHT / 2.0, TICK_SIZE, name));
    }
    scene
}

/// Names below `length` points of columns: level when all of them fit, else upright.
pub(crate) fn column_names(names: &[&str], length: f64) -> Scene {
    let pitch = length / names.len().max(1) as f64;
    let level = names.iter().all(|name| text_width(name, TICK_SIZE, Weight::Regular) + 4.0 <= pitch);
    let mut scene = Scene::new(length, 0.0);
    for (place, name) in written(names, length) {
        let name = shorten(name, TICK_SIZE, Weight::Regular, MAX_NAME);
        if level {
            scene.height = NAME_GAP + TICK_SIZE;
            let text = Text::new(place, NAME_GAP + TICK_SIZE * CAP_HEIGHT, TICK_SIZE, name);
            scene.text(text.anchor(Anchor::Middle));
        } else {
            scene.height = scene.height.max(NAME_GAP + text_width(&name, TICK_SIZE, Weight::Regular));
            let text = Text::new(place + TICK_SIZE * CAP_HEIGHT / 2.0, NAME_GAP, TICK_SIZE, name);
            scene.text(text.anchor(Anchor::End).rotation(-90.0));
        }
    }
    scene
}

/// The names that there is room for, with the middles of their rows or columns.
fn written<'a>(names: &[&'a str], length: f64) -> Vec<(f64, &'a str)> {
    let pitch = length / names.len().max(1) as f64;
    let every = (MIN_PITCH / pitch - 1e-9).ceil().max(1.0) as usize;
    names.iter().enumerate().step_by(every).map(|(place, &name)| ((place as f64 + 0.5) * pitch, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_thinned_out() {
        let names = vec!["x"; 100];
        assert_eq!(written(&names, 1000.0).len(), 100);
        assert_eq!(written(&names, 200.0).len(), 25);
        assert!(written(&[], 100.0).is_empty());
    }
}
