use crate::axes::Axis;
use crate::scene::{Rect, Scene, Stroke};
use crate::theme::{FRAME, MARGIN};
use crate::ticks::{integer_ticks, nice_ticks};
use crate::{Colour, Figure, PlotError};

const LINE: Stroke = Stroke { colour: Colour::hex(0x1f_77_b4), width: 1.4 };
/// With more epochs than this the dots would touch, and the line says it all.
const MAX_DOTS: usize = 60;

/// How a training curve is drawn. Lengths are in points (1/72 inch).
#[derive(Debug, Clone, PartialEq)]
pub struct CurveStyle {
    /// Width of the picture inside its axes.
    pub width: f64,
    /// Height of the picture inside its axes.
    pub height: f64,
    /// Name of the vertical axis.
    pub loss_name: String,
}

impl Default for CurveStyle {
    fn default() -> Self {
        Self { width: 216.0, height: 144.0, loss_name: "loss".to_owned() }
    }
}

/// Draws the loss of every epoch, the first being epoch 1. A loss that is not finite leaves a gap.
///
/// # Errors
/// [`PlotError::Empty`] when there is no finite loss, [`PlotError::BadSetting`].
pub fn training_curve(losses: &[f32], style: &CurveStyle) -> Result<Figure, PlotError> {
    for (name, value) in [("width", style.width), ("height", style.height)] {
        if !(30.0..=5000.0).contains(&value) {
            return Err(PlotError::BadSetting { name, value, expected: "30 to 5000 points" });
        }
    }
    let finite = || losses.iter().filter(|loss| loss.is_finite()).map(|&loss| f64::from(loss));
    let (low, high) =
        finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), loss| (low.min(loss), high.max(loss)));
    if low > high {
        return Err(PlotError::Empty { what: "the list of losses" });
    }
    let (epochs, loss) = axes_of(losses.len(), low, high, style);
    let frame = Rect::new(MARGIN + loss.room_left(), MARGIN, style.width, style.height);
    let mut scene = Scene::new(frame.right() + MARGIN + 4.0, frame.bottom() + epochs.room_below() + MARGIN);
    let place = |epoch: usize, value: f32| {
        let x = frame.x + epochs.part(epoch as f64 + 1.0) * frame.width;
        (x, frame.bottom() - loss.part(f64::from(value)) * frame.height)
    };
    let pieces: Vec<Vec<(f64, f64)>> = losses
        .iter()
        .enumerate()
        .collect::<Vec<_>>()
        .split(|(_, loss)| !loss.is_finite())
        .map(|piece| piece.iter().map(|&(epoch, &loss)| place(epoch, loss)).collect())
        .collect();
    if losses.len() <= MAX_DOTS {
        pieces.iter().flatten().for_each(|&(x, y)| scene.circle(x, y, 1.9, LINE.colour));
    }
    scene.lines(pieces.into_iter().filter(|piece| piece.len() > 1).collect(), LINE);
    scene.lines(vec![vec![(frame.x, frame.y), (frame.x, frame.bottom()), (frame.right(), frame.bottom())]], FRAME);
    epochs.draw_below(&mut scene, &frame);
    loss.draw_left(&mut scene, &frame);
    Ok(Figure::new("training curve", scene, 300.0))
}

fn axes_of(n_epochs: usize, low: f64, high: f64, style: &CurveStyle) -> (Axis, Axis) {
    let (first, last) = (1.0, n_epochs.max(2) as f64);
    let rim = (last - first) * 0.03;
    let epochs = Axis {
        low: first - rim,
        high: last + rim,
        ticks: integer_ticks(first, last, (style.width / 26.0) as usize),
        name: "epoch".to_owned(),
    };
    let rim = if high > low { (high - low) * 0.06 } else { high.abs().max(1.0) * 0.1 };
    let (low, high) = (low - rim, high + rim);
    let ticks = nice_ticks(low, high, (style.height / 28.0) as usize);
    (epochs, Axis { low, high, ticks, name: style.loss_name.clone() })
}
