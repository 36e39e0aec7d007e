//! The list of categories beside a picture.

use crate::Colour;
use crate::scene::{Anchor, Scene, Text};
use crate::text::{CAP_HEIGHT, LINE_HEIGHT, Weight, text_width, wrap};
use crate::theme::{GREY_TEXT, LEGEND_SIZE, MAX_LEGEND_ENTRIES, MAX_NAME_WIDTH, TITLE_GAP};
use crate::ticks::grouped;

/// Radius of a legend's dot.
const DOT: f64 = 3.2;
/// From the left edge of a dot to its name.
const INDENT: f64 = 10.5;
/// Between two entries.
const ENTRY_GAP: f64 = 3.0;
/// Between two columns of a legend, and between a name and its count.
const COLUMN_GAP: f64 = 12.0;
const COUNT_GAP: f64 = 8.0;

/// One line of a legend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LegendEntry {
    pub(crate) name: String,
    pub(crate) colour: Colour,
    /// Number of cells, when it is to be shown.
    pub(crate) count: Option<usize>,
}

/// An entry with its name broken into lines.
struct Item {
    lines: Vec<String>,
    colour: Option<Colour>,
    count: String,
}

impl Item {
    fn height(&self) -> f64 {
        LEGEND_SIZE * LINE_HEIGHT * (self.lines.len() as f64 - 1.0) + LEGEND_SIZE + ENTRY_GAP
    }
}

/// Draws a legend in as many columns as keep it within `max_height` points.
pub(crate) fn category_legend(entries: &[LegendEntry], title: Option<&str>, max_height: f64) -> Scene {
    let items = items_of(entries);
    let title_lines = title.map(|title| wrap(title, LEGEND_SIZE, Weight::Bold, MAX_NAME_WIDTH)).unwrap_or_default();
    let top =
        if title_lines.is_empty() { 0.0 } else { title_lines.len() as f64 * LEGEND_SIZE * LINE_HEIGHT + TITLE_GAP };
    let columns = balanced_columns(&items, (max_height - top).max(0.0));
    let mut legend = Scene::new(0.0, 0.0);
    for (place, line) in title_lines.iter().enumerate() {
        let y = LEGEND_SIZE * (CAP_HEIGHT + 0.1 + place as f64 * LINE_HEIGHT);
        legend.text(Text::new(0.0, y, LEGEND_SIZE, line).bold());
        legend.width = legend.width.max(text_width(line, LEGEND_SIZE, Weight::Bold));
    }
    let mut x = 0.0;
    for column in columns {
        let drawn = draw_column(column);
        legend.height = legend.height.max(top + drawn.height);
        legend.width = legend.width.max(x + drawn.width);
        let next = x + drawn.width + COLUMN_GAP;
        legend.place(x, top, drawn);
        x = next;
    }
    legend
}

fn items_of(entries: &[LegendEntry]) -> Vec<Item> {
    let item = |entry: &LegendEntry| Item {
        lines: wrap(&entry.name, LEGEND_SIZE, Weight::Regular, MAX_NAME_WIDTH),
        colour: Some(entry.colour),
        count: entry.count.map(grouped).unwrap_or_default(),
    };
    let mut items: Vec<Item> = entries.iter().take(MAX_LEGEND_ENTRIES).map(item).collect();
    if entries.len() > MAX_LEGEND_ENTRIES {
        let rest = entries.len() - MAX_LEGEND_ENTRIES;
        items.push(Item { lines: vec![format!("and {} more", grouped(rest))], colour: None, count: String::new() });
    }
    items
}

/// Cuts the list into the fewest columns that fit, and then makes those as even as possible.
fn balanced_columns(items: &[Item], max_height: f64) -> Vec<&[Item]> {
    let fewest = cut(items, max_height).len();
    let total: f64 = items.iter().map(Item::height).sum();
    let mut height = total / fewest.max(1) as f64;
    while height < max_height && cut(items, height).len() > fewest {
        height += 1.0;
    }
    cut(items, height.min(max_height))
}

fn cut(items: &[Item], max_height: f64) -> Vec<&[Item]> {
    let mut columns = Vec::new();
    let (mut start, mut height) = (0, 0.0);
    for (place, item) in items.iter().enumerate() {
        if place > start && height + item.height() > max_height + ENTRY_GAP + 1e-6 {
            columns.push(&items[start..place]);
            (start, height) = (place, 0.0);
        }
        height += item.height();
    }
    if start < items.len() {
        columns.push(&items[start..]);
    }
    columns
}

fn draw_column(items: &[Item]) -> Scene {
    let line_width = |line: &String| text_width(line, LEGEND_SIZE, Weight::Regular);
    let name_width = items.iter().flat_map(|item| &item.lines).map(line_width).fold(0.0, f64::max);
    let count_width = items.iter().map(|item| line_width(&item.count)).fold(0.0, f64::max);
    let count_gap = if count_width > 0.0 { COUNT_GAP } else { 0.0 };
    let mut column = Scene::new(INDENT + name_width + count_gap + count_width, 0.0);
    let mut top = 0.0;
    for item in items {
        let middle = top + LEGEND_SIZE / 2.0;
        let base = middle + LEGEND_SIZE * CAP_HEIGHT / 2.0;
        if let Some(colour) = item.colour {
            column.circle(DOT, middle, DOT, colour);
        }
        for (place, line) in item.lines.iter().enumerate() {
            let y = base + place as f64 * LEGEND_SIZE * LINE_HEIGHT;
            let colour = if item.colour.is_some() { Colour::BLACK } else { GREY_TEXT };
            column.text(Text::new(INDENT, y, LEGEND_SIZE, line).colour(colour));
        }
        if !item.count.is_empty() {
            let count = Text::new(column.width, base, LEGEND_SIZE, &item.count).anchor(Anchor::End).colour(GREY_TEXT);
            column.text(count);
        }
        top += item.height();
    }
    column.height = top - ENTRY_GAP;
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(n: usize) -> Vec<LegendEntry> {
        (0..n).map(|i| LegendEntry { name: format!("cluster {i}"), colour: Colour::BLACK, count: None }).collect()
    }

    #[test]
    fn legends_keep_their_height() {
        for n in [1, 8, 30, 102] {
            let legend = category_legend(&entries(n), Some("louvain"), 200.0);
            assert!(legend.height <= 200.0, "{n}: {}", legend.height);
            assert!(legend.width > 0.0);
        }
        assert!(category_legend(&[], None, 200.0).nodes.is_empty());
    }

    #[test]
    fn columns_are_even() {
        let items = items_of(&entries(38));
        let lengths: Vec<usize> = balanced_columns(&items, 200.0).iter().map(|column| column.len()).collect();
        assert_eq!(lengths, [13, 13, 12]);
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let items = items_of(&entries(MAX_LEGEND_ENTRIES + 1500));
        assert_eq!(items.last().map(|item| item.lines.concat()), Some("and 1500 more".to_owned()));
    }
}
