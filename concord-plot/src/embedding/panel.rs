//! One panel: title, cells, axes, and a legend or colour bar.

use concord_core::Labels;

use super::on_data::label_data;
use super::points::Canvas;
use super::{AxesLook, Colouring, EmbeddingStyle, LegendPlacement, Panel, ValueColours};
use crate::colour_bar::ColourScale;
use crate::legend::{LegendEntry, category_legend};
use crate::scene::raster::RasterLayer;
use crate::scene::{Anchor, Fill, Rect, Scene, Text};
use crate::text::{CAP_HEIGHT, LINE_HEIGHT, Weight, wrap};
use crate::theme::{AXIS_TITLE_SIZE, FRAME, LEGEND_GAP, TITLE_GAP, TITLE_SIZE};
use crate::{Colour, PlotError};

/// Room for the name of an axis beside its frame.
const AXIS_ROOM: f64 = AXIS_TITLE_SIZE + 5.0;
/// Length of the arrows that stand for axes, and of their heads.
const ARROW: f64 = 30.0;
const ARROW_HEAD: f64 = 5.0;
/// What cells without a label are called in a legend.
const NO_LABEL: &str = "NA";

/// A panel and how far its frame lies below its upper edge.
pub(crate) struct PanelScene {
    pub(crate) scene: Scene,
    pub(crate) above: f64,
}

/// What stands in a panel's frame and what stands beside it.
struct Content {
    cells: RasterLayer,
    labels: Option<Scene>,
    aside: Scene,
}

pub(crate) fn draw_panel(canvas: &Canvas, panel: &Panel<'_>, style: &EmbeddingStyle) -> Result<PanelScene, PlotError> {
    let content = match &panel.colouring {
        Colouring::Plain => Content { cells: canvas.plain(), labels: None, aside: Scene::default() },
        Colouring::Values(colours) => value_content(canvas, colours),
        Colouring::Categories { labels, palette } => {
            let colours = style.palette.or_given(palette.as_deref(), labels.n_categories(), 0)?;
            category_content(canvas, labels, &colours, style)
        }
    };
    let title = wrap(&panel.title, TITLE_SIZE, Weight::Bold, canvas.width);
    let has_title = !panel.title.trim().is_empty();
    let above = if has_title { title.len() as f64 * TITLE_SIZE * LINE_HEIGHT + TITLE_GAP - 2.0 } else { 0.0 };
    let named = style.axes != AxesLook::None && !style.axis_name.is_empty();
    let room = if named { AXIS_ROOM } else { 0.0 };
    let mut scene = Scene::new(room + canvas.width, above + canvas.height + room);
    let frame = Rect::new(room, above, canvas.width, canvas.height);
    for (place, line) in title.iter().enumerate().filter(|_| has_title) {
        let y = TITLE_SIZE * (CAP_HEIGHT + 0.1 + place as f64 * LINE_HEIGHT);
        scene.text(Text::new(frame.x + frame.width / 2.0, y, TITLE_SIZE, line).bold().anchor(Anchor::Middle));
    }
    scene.raster(frame, content.cells);
    if let Some(labels) = content.labels {
        scene.place(frame.x, frame.y, labels);
    }
    draw_axes(&mut scene, &frame, style);
    if content.aside.width > 0.0 {
        let x = frame.right() + LEGEND_GAP;
        let y = frame.y + (frame.height - content.aside.height) / 2.0;
        scene.width = x + content.aside.width;
        scene.place(x, y, content.aside);
    }
    Ok(PanelScene { scene, above })
}

fn value_content(canvas: &Canvas, colours: &ValueColours<'_>) -> Content {
    let ValueColours { values, name, vmax_quantile, colormap, centre, show_bar } = colours;
    let scale = ColourScale::fit(values, *colormap, *vmax_quantile, *centre);
    let cells = canvas.values(values, scale.as_ref(), *centre);
    let bar = scale.filter(|_| *show_bar).map(|scale| scale.bar(name, canvas.height));
    Content { cells, labels: None, aside: bar.unwrap_or_default() }
}

fn category_content(canvas: &Canvas, labels: &Labels, colours: &[Colour], style: &EmbeddingStyle) -> Content {
    let cells = canvas.categories(labels, colours);
    let on_data = (style.legend == LegendPlacement::OnData).then(|| label_data(canvas, labels)).flatten();
    let aside = match style.legend {
        LegendPlacement::None => Scene::default(),
        LegendPlacement::OnData if on_data.is_some() => Scene::default(),
        LegendPlacement::OnData | LegendPlacement::Right => {
            category_legend(&legend_entries(labels, colours, style.show_counts), None, canvas.height)
        }
    };
    Content { cells, labels: on_data, aside }
}

/// The categories that have cells, and the cells that have none.
pub(crate) fn legend_entries(labels: &Labels, colours: &[Colour], show_counts: bool) -> Vec<LegendEntry> {
    let count = |size: usize| show_counts.then_some(size);
    let mut entries: Vec<LegendEntry> = labels
        .sizes()
        .into_iter()
        .zip(labels.names().iter().zip(colours))
        .filter(|&(size, _)| size > 0)
        .map(|(size, (name, &colour))| LegendEntry { name: name.clone(), colour, count: count(size) })
        .collect();
    let missing = labels.n_missing();
    if missing > 0 {
        entries.push(LegendEntry { name: NO_LABEL.to_owned(), colour: Colour::MISSING, count: count(missing) });
    }
    entries
}

fn draw_axes(scene: &mut Scene, frame: &Rect, style: &EmbeddingStyle) {
    let name =
        |number: &str| if style.axis_name.is_empty() { String::new() } else { format!("{}{number}", style.axis_name) };
    let (first, second) = (name("1"), name("2"));
    let (left, bottom) = (frame.x - 4.5, frame.bottom() + 4.0 + AXIS_TITLE_SIZE * CAP_HEIGHT);
    let upright = |text: Text| text.rotation(-90.0);
    match style.axes {
        AxesLook::None => {}
        AxesLook::Frame => {
            scene.rect(*frame, Fill::None, Some(FRAME));
            let middle = (frame.x + frame.width / 2.0, frame.y + frame.height / 2.0);
            scene.text(Text::new(middle.0, bottom, AXIS_TITLE_SIZE, first).anchor(Anchor::Middle));
            scene.text(upright(Text::new(left, middle.1, AXIS_TITLE_SIZE, second).anchor(Anchor::Middle)));
        }
        AxesLook::Arrows => {
            let (x, y) = (frame.x, frame.bottom());
            let half = ARROW_HEAD * 0.36;
            scene.lines(vec![vec![(x, y - ARROW), (x, y), (x + ARROW, y)]], FRAME);
            let (tip_x, tip_y) = (x + ARROW + ARROW_HEAD, y - ARROW - ARROW_HEAD);
            scene.polygon(vec![(tip_x, y), (x + ARROW, y - half), (x + ARROW, y + half)], Colour::BLACK);
            scene.polygon(vec![(x, tip_y), (x - half, y - ARROW), (x + half, y - ARROW)], Colour::BLACK);
            scene.text(Text::new(x, bottom, AXIS_TITLE_SIZE, first));
            scene.text(upright(Text::new(left, y, AXIS_TITLE_SIZE, second)));
        }
    }
}
