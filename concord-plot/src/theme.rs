//! Sizes and greys that all figures share, in points, so that they look alike on one page.

use crate::Colour;
use crate::scene::Stroke;

/// Title of a panel.
pub(crate) const TITLE_SIZE: f64 = 9.5;
/// Names of axes and of colour bars.
pub(crate) const AXIS_TITLE_SIZE: f64 = 8.0;
/// Numbers at ticks.
pub(crate) const TICK_SIZE: f64 = 7.0;
/// Names in legends.
pub(crate) const LEGEND_SIZE: f64 = 8.0;
/// Names on the data.
pub(crate) const ON_DATA_SIZE: f64 = 8.0;

/// White around the whole figure.
pub(crate) const MARGIN: f64 = 10.0;
/// Between a title and what it stands above.
pub(crate) const TITLE_GAP: f64 = 5.0;
/// Between a panel and its legend or colour bar.
pub(crate) const LEGEND_GAP: f64 = 9.0;
/// Length of a tick.
pub(crate) const TICK: f64 = 2.6;
/// Between a tick and its number.
pub(crate) const TICK_GAP: f64 = 2.0;

/// The widest name in a legend; longer ones are broken into lines.
pub(crate) const MAX_NAME_WIDTH: f64 = 150.0;
/// The longest legend; the rest is counted.
pub(crate) const MAX_LEGEND_ENTRIES: usize = 150;

/// Frames, axes and ticks.
pub(crate) const FRAME: Stroke = Stroke::black(0.7);
/// Text that matters less: counts, remarks.
pub(crate) const GREY_TEXT: Colour = Colour::hex(0x66_66_66);
