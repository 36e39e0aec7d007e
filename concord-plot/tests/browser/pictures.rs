//! What is seen of a page: its pixels, and copies for the developer.

use std::path::Path;
use std::{env, fs};

use super::{Browser, Outcome};

/// Three bytes a pixel, and the width.
pub(crate) fn pixels(png: &[u8]) -> Outcome<(Vec<u8>, usize)> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().ok_or("a picture too large")?];
    let frame = reader.next_frame(&mut bytes)?;
    let n_bands = frame.color_type.samples();
    let pixels = bytes.chunks_exact(n_bands).flat_map(|pixel| pixel[..3].to_vec()).collect();
    Ok((pixels, frame.width as usize))
}

/// Number of pixels that are no grey.
pub(crate) fn n_coloured(png: &[u8]) -> Outcome<usize> {
    let spread =
        |pixel: &&[u8]| pixel.iter().max().zip(pixel.iter().min()).is_some_and(|(most, least)| most - least > 50);
    Ok(pixels(png)?.0.chunks_exact(3).filter(spread).count())
}

pub(crate) fn screenshot(browser: &mut Browser, name: &str) -> Outcome {
    if env::var_os("CONCORD_SCREENSHOTS").is_some() {
        let picture = browser.picture(None)?;
        copy_screenshot(browser, name, &picture)?;
    }
    Ok(())
}

pub(crate) fn copy_screenshot(browser: &Browser, name: &str, picture: &[u8]) -> std::io::Result<()> {
    let Some(folder) = env::var_os("CONCORD_SCREENSHOTS") else { return Ok(()) };
    fs::create_dir_all(&folder)?;
    let profile = browser.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let kind = if profile.contains("webgl") { "webgl" } else { "canvas" };
    fs::write(Path::new(&folder).join(format!("{kind}_{name}.png")), picture)
}
