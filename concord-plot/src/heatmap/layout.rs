//! Where the parts of a heat map stand.

use super::body::{NAME_GAP, column_names, draw_body, row_names};
use super::side::{Bar, OrderedSide};
use super::{Heatmap, HeatmapStyle};
use crate::PlotError;
use crate::colour_bar::ColourScale;
use crate::legend::category_legend;
use crate::scene::raster::RasterLayer;
use crate::scene::{Anchor, Rect, Scene, Text};
use crate::text::{CAP_HEIGHT, Weight, text_width};
use crate::theme::{AXIS_TITLE_SIZE, LEGEND_GAP, MARGIN, TICK_SIZE};
use crate::title::with_title;

/// Room for a tree.
const TREE: f64 = 34.0;
/// Thickness of an annotation bar, and between bars.
const BAR: f64 = 8.0;
const BAR_GAP: f64 = 2.0;
/// The tallest colour bar beside a heat map.
const COLOUR_BAR: f64 = 100.0;
/// Between two legends.
const ASIDE_GAP: f64 = 14.0;

pub(crate) fn draw_heatmap(
    heatmap: &Heatmap<'_>,
    scale: Option<ColourScale>,
    style: &HeatmapStyle,
) -> Result<Scene, PlotError> {
    let (n_rows, n_columns) = heatmap.values.dim();
    let mut used = 0;
    let columns = OrderedSide::new(&heatmap.columns, n_columns, "columns", style.palette, &mut used)?;
    let rows = OrderedSide::new(&heatmap.rows, n_rows, "rows", style.palette, &mut used)?;
    let frame = Rect::new(MARGIN + depth_of(&rows), MARGIN + depth_of(&columns), style.width, style.height);
    let mut sheet = Sheet { scene: Scene::default(), frame };
    sheet.reach(frame.right(), frame.bottom());
    let size = (style.width, style.height);
    let body = draw_body(heatmap.values, &rows, &columns, scale.as_ref(), size, style.grid_lines);
    sheet.scene.place(frame.x, frame.y, body);
    let names_end = sheet.rows(&rows);
    sheet.columns(&columns);
    let bars = columns.bars.iter().chain(&rows.bars);
    sheet.asides(names_end + LEGEND_GAP, asides(&heatmap.value_name, scale, bars, style.height));
    sheet.scene.width += MARGIN;
    sheet.scene.height += MARGIN;
    Ok(with_title(sheet.scene, &style.title, frame.x + frame.width / 2.0))
}

/// Room that the tree and the bars of a side take.
fn depth_of(side: &OrderedSide<'_>) -> f64 {
    let tree = if side.tree.is_some() { TREE + BAR_GAP } else { 0.0 };
    tree + side.bars.len() as f64 * (BAR + BAR_GAP)
}

/// Colour bar and legends, each no taller than the table.
fn asides<'a>(name: &str, scale: Option<ColourScale>, bars: impl Iterator<Item = &'a Bar>, height: f64) -> Vec<Scene> {
    let colour_bar = scale.map(|scale| scale.bar(name, height.min(COLOUR_BAR)));
    let legends = bars.map(|bar| category_legend(&bar.entries, Some(&bar.name), height));
    colour_bar.into_iter().chain(legends).collect()
}

/// The drawing with the place of the table in it.
struct Sheet {
    scene: Scene,
    frame: Rect,
}

impl Sheet {
    /// Makes the drawing reach at least to a place.
    fn reach(&mut self, x: f64, y: f64) {
        self.scene.width = self.scene.width.max(x);
        self.scene.height = self.scene.height.max(y);
    }

    /// Draws the tree and the bars to the left of the table, and the names to its right; gives where these end.
    fn rows(&mut self, side: &OrderedSide<'_>) -> f64 {
        let frame = self.frame;
        let mut x = frame.x - depth_of(side);
        if let Some(tree) = side.tree {
            self.scene.place(x, frame.y, tree.draw_left(frame.height, TREE));
            x += TREE + BAR_GAP;
        }
        for bar in &side.bars {
            let rect = Rect::new(x, frame.y, BAR, frame.height);
            self.scene.raster(rect, RasterLayer::Cells { n_columns: 1, colours: bar.colours.clone() });
            let base = x + BAR / 2.0 + TICK_SIZE * CAP_HEIGHT / 2.0;
            let name = Text::new(base, frame.bottom() + NAME_GAP, TICK_SIZE, &bar.name);
            self.scene.text(name.anchor(Anchor::End).rotation(-90.0));
            self.reach(0.0, frame.bottom() + NAME_GAP + text_width(&bar.name, TICK_SIZE, Weight::Regular));
            x += BAR + BAR_GAP;
        }
        let names = row_names(&side.names, frame.height);
        let mut right = frame.right() + names.width;
        self.scene.place(frame.right(), frame.y, names);
        if !side.title.is_empty() {
            let base = right + 4.0 + AXIS_TITLE_SIZE * CAP_HEIGHT;
            let title = Text::new(base, frame.y + frame.height / 2.0, AXIS_TITLE_SIZE, side.title);
            self.scene.text(title.anchor(Anchor::Middle).rotation(-90.0));
            right = base + AXIS_TITLE_SIZE * 0.25;
        }
        self.reach(right, frame.bottom());
        right
    }

    /// Draws the tree and the bars above the table, and the names below it.
    fn columns(&mut self, side: &OrderedSide<'_>) {
        let frame = self.frame;
        let mut y = frame.y - depth_of(side);
        if let Some(tree) = side.tree {
            self.scene.place(frame.x, y, tree.draw_above(frame.width, TREE));
            y += TREE + BAR_GAP;
        }
        for bar in &side.bars {
            let rect = Rect::new(frame.x, y, frame.width, BAR);
            self.scene.raster(rect, RasterLayer::Cells { n_columns: bar.colours.len(), colours: bar.colours.clone() });
            let base = y + BAR / 2.0 + TICK_SIZE * CAP_HEIGHT / 2.0;
            self.scene.text(Text::new(frame.right() + NAME_GAP, base, TICK_SIZE, &bar.name));
            self.reach(frame.right() + NAME_GAP + text_width(&bar.name, TICK_SIZE, Weight::Regular), 0.0);
            y += BAR + BAR_GAP;
        }
        let names = column_names(&side.names, frame.width);
        let mut bottom = frame.bottom() + names.height;
        self.scene.place(frame.x, frame.bottom(), names);
        if !side.title.is_empty() {
            let base = bottom + 4.5 + AXIS_TITLE_SIZE * CAP_HEIGHT;
            let title = Text::new(frame.x + frame.width / 2.0, base, AXIS_TITLE_SIZE, side.title);
            self.scene.text(title.anchor(Anchor::Middle));
            bottom = base + AXIS_TITLE_SIZE * 0.25;
        }
        self.reach(frame.right(), bottom);
    }

    /// Stacks colour bar and legends beside the table, in as many columns as it takes.
    ///
    /// They start level with the table when its height is enough for all, else beside the names of the bars at the
    /// upper edge of the paper.
    fn asides(&mut self, left: f64, asides: Vec<Scene>) {
        let total = asides.iter().map(|aside| aside.height + ASIDE_GAP).sum::<f64>() - ASIDE_GAP;
        let fits = total <= self.frame.height;
        let top = if fits { self.frame.y } else { MARGIN };
        let (mut x, mut y) = (if fits { left } else { left.max(self.scene.width + LEGEND_GAP) }, top);
        let (mut right, bottom) = (x, self.frame.bottom());
        for aside in asides {
            if y > top && y + aside.height > bottom {
                (x, y) = (right + ASIDE_GAP, top);
            }
            let (width, height) = (aside.width, aside.height);
            self.scene.place(x, y, aside);
            right = right.max(x + width);
            y += height + ASIDE_GAP;
            self.reach(right, y - ASIDE_GAP);
        }
    }
}
