use crate::axes::Axis;
use crate::scene::{Anchor, Fill, Rect, Scene, Stroke, Text};
use crate::text::{CAP_HEIGHT, LINE_HEIGHT, Weight, text_width, wrap};
use crate::theme::{FRAME, GREY_TEXT, LEGEND_SIZE, MARGIN, TICK_SIZE};
use crate::ticks::nice_ticks;
use crate::title::with_title;
use crate::{Colour, Figure, PlotError};

/// Thickness of a bar, and the least distance of two bars.
const BAR: f64 = 10.0;
const BAR_GAP: f64 = 5.0;
/// Between a name and its bar, and between a bar and its remark.
const NAME_GAP: f64 = 6.0;
const REMARK_GAP: f64 = 3.5;

/// An enriched term.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Its name; long names are broken into lines.
    pub name: String,
    /// Length of its bar: -log10 of an adjusted p-value, a combined score, or a normalised enrichment score.
    pub score: f64,
    /// Stands behind the bar, such as the overlap `5/36`; may be empty.
    pub remark: String,
}

/// How terms are drawn. Lengths are in points (1/72 inch).
#[derive(Debug, Clone, PartialEq)]
pub struct TermBarsStyle {
    /// Stands above the bars; may be empty.
    pub title: String,
    /// What the scores are: the name of the axis.
    pub score_name: String,
    /// Width of the axis.
    pub width: f64,
    /// The widest line of a name.
    pub name_width: f64,
    /// A score that a dashed line marks.
    pub threshold: Option<Threshold>,
    /// Colour of bars above zero.
    pub colour: Colour,
    /// Colour of bars below zero.
    pub negative_colour: Colour,
}

/// A score that is worth a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Where the line stands.
    pub score: f64,
    /// What is written above it, such as `p = 0.05`; may be empty.
    pub name: String,
}

impl Threshold {
    /// The line of an adjusted p-value on an axis of -log10 p.
    pub fn p_value(p: f64) -> Self {
        Self { score: -p.log10(), name: format!("p = {p}") }
    }
}

impl Default for TermBarsStyle {
    fn default() -> Self {
        Self {
            title: String::new(),
            score_name: "−log₁₀ adjusted p".to_owned(),
            width: 180.0,
            name_width: 210.0,
            threshold: None,
            colour: Colour::hex(0xc4_4e_52),
            negative_colour: Colour::hex(0x4c_72_b0),
        }
    }
}

/// Draws a bar for each term, the first on top.
///
/// # Errors
/// [`PlotError::Empty`] without terms, [`PlotError::BadSetting`] when a score is not finite or a width out of range.
///
/// ```
/// use concord_plot::{Term, TermBarsStyle, term_bars};
/// let term = Term { name: "neutrophil degranulation".into(), score: 4.2, remark: "21/481".into() };
/// let figure = term_bars(&[term], &TermBarsStyle::default())?;
/// assert!(figure.to_svg()?.contains("21/481"));
/// # Ok::<(), concord_plot::PlotError>(())
/// ```
pub fn term_bars(terms: &[Term], style: &TermBarsStyle) -> Result<Figure, PlotError> {
    check(terms, style)?;
    let names: Vec<Vec<String>> =
        terms.iter().map(|term| wrap(&term.name, LEGEND_SIZE, Weight::Regular, style.name_width)).collect();
    let widest = names.iter().flatten().map(|line| text_width(line, LEGEND_SIZE, Weight::Regular)).fold(0.0, f64::max);
    let heights: Vec<f64> = names.iter().map(|lines| row_height(lines.len())).collect();
    let axis = axis_of(terms, style);
    let height = heights.iter().sum::<f64>() + BAR_GAP;
    let frame = Rect::new(MARGIN + widest + NAME_GAP, MARGIN + room_above(style), style.width, height);
    let mut scene = Scene::new(frame.right() + MARGIN, frame.bottom() + axis.room_below() + MARGIN);
    let middles = heights.iter().scan(frame.y + BAR_GAP / 2.0, |top, row| {
        *top += row;
        Some(*top - row / 2.0)
    });
    let middles: Vec<f64> = middles.collect();
    for ((term, lines), &middle) in terms.iter().zip(&names).zip(&middles) {
        draw_term(&mut scene, &frame, &axis, term, lines, middle, style);
    }
    draw_lines(&mut scene, &frame, &axis, style);
    // Above the lines, which would strike them through.
    for (term, &middle) in terms.iter().zip(&middles) {
        draw_remark(&mut scene, &frame, &axis, term, middle);
    }
    axis.draw_below(&mut scene, &frame);
    let title = if style.title.is_empty() { "enriched terms" } else { &style.title };
    Ok(Figure::new(title, with_title(scene, &style.title, frame.x + frame.width / 2.0), 300.0))
}

fn check(terms: &[Term], style: &TermBarsStyle) -> Result<(), PlotError> {
    if terms.is_empty() {
        return Err(PlotError::Empty { what: "the list of terms" });
    }
    if let Some(term) = terms.iter().find(|term| !term.score.is_finite()) {
        return Err(PlotError::BadSetting { name: "score of a term", value: term.score, expected: "a finite number" });
    }
    if let Some(score) = style.threshold.as_ref().map(|line| line.score).filter(|score| !score.is_finite()) {
        return Err(PlotError::BadSetting { name: "threshold", value: score, expected: "a finite number" });
    }
    for (name, value) in [("width", style.width), ("name_width", style.name_width)] {
        if !(30.0..=5000.0).contains(&value) {
            return Err(PlotError::BadSetting { name, value, expected: "30 to 5000 points" });
        }
    }
    Ok(())
}

/// Room for the name of the threshold.
fn room_above(style: &TermBarsStyle) -> f64 {
    if style.threshold.as_ref().is_some_and(|line| !line.name.is_empty()) { TICK_SIZE + REMARK_GAP } else { 0.0 }
}

fn row_height(n_lines: usize) -> f64 {
    BAR.max(n_lines as f64 * LEGEND_SIZE * LINE_HEIGHT) + BAR_GAP
}

/// An axis from zero, with room for the remarks behind the longest bar.
fn axis_of(terms: &[Term], style: &TermBarsStyle) -> Axis {
    let remark = |term: &Term| {
        if term.remark.is_empty() {
            0.0
        } else {
            text_width(&term.remark, TICK_SIZE, Weight::Regular) + 2.0 * REMARK_GAP
        }
    };
    let room = (terms.iter().map(remark).fold(4.0, f64::max) / style.width).min(0.4);
    let scores = || terms.iter().map(|term| term.score).chain(style.threshold.as_ref().map(|line| line.score));
    let (mut low, mut high) = (scores().fold(0.0, f64::min), scores().fold(0.0, f64::max));
    if low >= high {
        high = 1.0;
    }
    // The remarks of bars to the left stand to their left.
    let sides = if low < 0.0 && high > 0.0 { 2.0 } else { 1.0 };
    let rim = (high - low) * room / (1.0 - sides * room);
    if high > 0.0 {
        high += rim;
    }
    if low < 0.0 {
        low -= rim;
    }
    let ticks = nice_ticks(low, high, (style.width / 36.0) as usize);
    Axis { low, high, ticks, name: style.score_name.clone() }
}

fn draw_term(
    scene: &mut Scene,
    frame: &Rect,
    axis: &Axis,
    term: &Term,
    lines: &[String],
    middle: f64,
    style: &TermBarsStyle,
) {
    let place = |score: f64| frame.x + axis.part(score) * frame.width;
    let (zero, end) = (place(0.0), place(term.score));
    let colour = if term.score < 0.0 { style.negative_colour } else { style.colour };
    scene.rect(Rect::new(zero.min(end), middle - BAR / 2.0, (end - zero).abs(), BAR), Fill::Plain(colour), None);
    let block = LEGEND_SIZE * (CAP_HEIGHT + LINE_HEIGHT * (lines.len() - 1) as f64);
    for (number, line) in lines.iter().enumerate() {
        let base = middle - block / 2.0 + LEGEND_SIZE * (CAP_HEIGHT + LINE_HEIGHT * number as f64);
        scene.text(Text::new(frame.x - NAME_GAP, base, LEGEND_SIZE, line).anchor(Anchor::End));
    }
}

/// What stands behind a bar.
fn draw_remark(scene: &mut Scene, frame: &Rect, axis: &Axis, term: &Term, middle: f64) {
    const HALO: f64 = 2.0;
    if term.remark.is_empty() {
        return;
    }
    let (side, anchor) = if term.score < 0.0 { (-1.0, Anchor::End) } else { (1.0, Anchor::Start) };
    let x = frame.x + axis.part(term.score) * frame.width + side * REMARK_GAP;
    let base = middle + TICK_SIZE * CAP_HEIGHT / 2.0;
    scene.text(Text::new(x, base, TICK_SIZE, &term.remark).anchor(anchor).colour(GREY_TEXT).halo(HALO));
}

/// The axis, the zero line, and the threshold.
fn draw_lines(scene: &mut Scene, frame: &Rect, axis: &Axis, style: &TermBarsStyle) {
    const DASH: f64 = 3.0;
    let zero = frame.x + axis.part(0.0) * frame.width;
    scene.lines(vec![vec![(frame.x, frame.bottom()), (frame.right(), frame.bottom())]], FRAME);
    scene.lines(vec![vec![(zero, frame.y), (zero, frame.bottom())]], FRAME);
    let Some(Threshold { score, name }) = &style.threshold else { return };
    let x = frame.x + axis.part(*score) * frame.width;
    scene.text(Text::new(x, frame.y - REMARK_GAP, TICK_SIZE, name).anchor(Anchor::Middle).colour(GREY_TEXT));
    let dashes = (0..(frame.height / (2.0 * DASH)) as usize).map(|dash| {
        let top = frame.y + dash as f64 * 2.0 * DASH;
        vec![(x, top), (x, top + DASH)]
    });
    scene.lines(dashes.collect(), Stroke { colour: GREY_TEXT, width: 0.7 });
}
