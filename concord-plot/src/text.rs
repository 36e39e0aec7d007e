//! How wide a text is in the bundled font, and where it may be broken.

use std::sync::{Arc, OnceLock};

use ttf_parser::Face;
use usvg::fontdb;

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

/// Height of a capital letter as a part of the font size (`sCapHeight` of `DejaVu Sans`).
pub(crate) const CAP_HEIGHT: f64 = 0.729;
/// Distance of two base lines as a part of the font size.
pub(crate) const LINE_HEIGHT: f64 = 1.2;

/// How heavy the letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Weight {
    #[default]
    Regular,
    Bold,
}

/// The bundled fonts alone, so that a figure looks the same on every machine.
pub(crate) fn font_database() -> Arc<fontdb::Database> {
    static DATABASE: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut database = fontdb::Database::new();
        for font in [REGULAR, BOLD] {
            database.load_font_source(fontdb::Source::Binary(Arc::new(font)));
        }
        database.set_sans_serif_family("DejaVu Sans");
        Arc::new(database)
    };
    Arc::clone(DATABASE.get_or_init(load))
}

/// Width of a line of text in points. Kerning and ligatures, which narrow a line a little, are left out.
pub(crate) fn text_width(text: &str, size: f64, weight: Weight) -> f64 {
    text.chars().map(|character| advance(character, weight)).sum::<f64>() * size
}

/// Width of a character as a part of the font size; one the font lacks counts as a full square.
fn advance(character: char, weight: Weight) -> f64 {
    static FACES: OnceLock<[Option<Face<'static>>; 2]> = OnceLock::new();
    let faces = FACES.get_or_init(|| [Face::parse(REGULAR, 0).ok(), Face::parse(BOLD, 0).ok()]);
    let face = &faces[usize::from(weight == Weight::Bold)];
    let known = face.as_ref().and_then(|face| {
        let advance = face.glyph_hor_advance(face.glyph_index(character)?)?;
        Some(f64::from(advance) / f64::from(face.units_per_em()))
    });
    known.unwrap_or(1.0)
}

/// Breaks a text into lines no wider than `max_width` points, at blanks where it can, inside a word where it must.
///
/// Always gives at least one line.
pub(crate) fn wrap(text: &str, size: f64, weight: Weight, max_width: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let candidate = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if text_width(&candidate, size, weight) <= max_width {
            line = candidate;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut pieces = break_word(word, size, weight, max_width);
        line = pieces.pop().unwrap_or_default();
        lines.append(&mut pieces);
    }
    lines.push(line);
    lines
}

/// Pieces of a word, each no wider than `max_width` (but at least one character), preferably ending in punctuation.
fn break_word(word: &str, size: f64, weight: Weight, max_width: f64) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < characters.len() {
        let mut width = 0.0;
        let fitting = characters[start..]
            .iter()
            .take_while(|&&character| {
                width += advance(character, weight) * size;
                width <= max_width
            })
            .count()
            .max(1);
        let mut end = start + fitting;
        if end < characters.len()
            && let Some(place) = characters[start..end].iter().rposition(|character| "-_/.,:;|+)".contains(*character))
        {
            end = start + place + 1;
        }
        pieces.push(characters[start..end].iter().collect());
        start = end;
    }
    pieces
}

/// The text when it fits, or else as much of it as does, and an ellipsis.
pub(crate) fn shorten(text: &str, size: f64, weight: Weight, max_width: f64) -> String {
    if text_width(text, size, weight) <= max_width {
        return text.to_owned();
    }
    let mut left = max_width - advance('…', weight) * size;
    let fits = |character: &char| {
        left -= advance(*character, weight) * size;
        left >= 0.0
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_fonts_are_read() {
        let database = font_database();
        assert_eq!(database.len(), 2);
        // Advances of DejaVu Sans: 1401 of 2048 units for A, 569 for i.
        assert!((text_width("Ai", 10.0, Weight::Regular) - (1401.0 + 569.0) / 204.8).abs() < 1e-9);
        assert!(text_width("Ai", 10.0, Weight::Bold) > text_width("Ai", 10.0, Weight::Regular));
    }

    #[test]
    fn lines_fit() {
        let text = "positive regulation of tumor necrosis factor-mediated signaling pathway (GO:1903265)";
        let lines = wrap(text, 8.0, Weight::Regular, 120.0);
        assert!(lines.len() >= 3, "{lines:?}");
        assert!(lines.iter().all(|line| text_width(line, 8.0, Weight::Regular) <= 120.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn words_break_only_when_they_must() {
        let lines = wrap("a_very_long_cluster_name_without_blanks", 8.0, Weight::Regular, 60.0);
        assert!(lines.len() > 2);
        assert!(lines[0].ends_with('_'), "{lines:?}");
        assert_eq!(lines.concat(), "a_very_long_cluster_name_without_blanks");
        assert_eq!(wrap("", 8.0, Weight::Regular, 60.0), [""]);
        assert_eq!(wrap("日本語", 8.0, Weight::Regular, 0.0).len(), 3);
    }

    #[test]
    fn shortened_texts_fit_and_say_so() {
        let short = shorten("CD14+ Monocytes", 8.0, Weight::Regular, 40.0);
        assert!(short.ends_with('…') && short.starts_with("CD14"), "{short}");
        assert!(text_width(&short, 8.0, Weight::Regular) <= 40.0);
        assert_eq!(shorten("NK", 8.0, Weight::Regular, 40.0), "NK");
    }
}
