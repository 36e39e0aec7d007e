//! Pixels as PNG.

pub(crate) use png::Compression;

use crate::PlotError;

/// Encodes three bytes a pixel; a resolution, when given, is written into the file.
pub(crate) fn encode_rgb(
    pixels: &[u8],
    width: u32,
    height: u32,
    dpi: Option<f64>,
    compression: Compression,
) -> Result<Vec<u8>, PlotError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_compression(compression);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    if let Some(dpi) = dpi {
        let per_metre = (dpi / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    }
    let refused = |error: png::EncodingError| PlotError::Render { format: "PNG", reason: error.to_string() };
    let mut writer = encoder.write_header().map_err(refused)?;
    writer.write_image_data(pixels).map_err(refused)?;
    writer.finish().map_err(refused)?;
    Ok(bytes)
}
