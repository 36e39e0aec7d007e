// The picture with its title and legend as a PNG, for slides.

const PICTURE_RATIO = 3;
const PICTURE_FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

/** Draws everything at three times the size on the screen and offers it as a file. */
function savePicture(scatter, overlay, column, fileName) {
  const { width, height, inks } = scatter;
  const picture = element("canvas");
  const aside = column.kind === "plain" ? 0 : 190;
  picture.width = (width + aside) * PICTURE_RATIO;
  picture.height = (height + 40) * PICTURE_RATIO;
  const context = picture.getContext("2d");
  context.scale(PICTURE_RATIO, PICTURE_RATIO);
  context.fillStyle = cssOf(inks.paper);
  context.fillRect(0, 0, width + aside, height + 40);
  context.fillStyle = inks.text;
  context.font = `600 17px ${PICTURE_FONT}`;
  context.textBaseline = "middle";
  context.fillText(column.name, 14, 22, width - 28);
  scatter.resize(PICTURE_RATIO);
  scatter.draw();
  context.drawImage(scatter.canvas, 0, 40, width, height);
  context.drawImage(overlay.canvas, 0, 40, width, height);
  scatter.resize();
  if (column.kind === "categories") drawEntries(context, column, inks, width + 10, 44, height);
  else if (aside > 0) drawBar(context, column, inks, width + 20, 60, Math.min(height - 60, 200));
  picture.toBlob((blob) => {
    const address = URL.createObjectURL(blob);
    element("a", { href: address, download: fileName }).click();
    URL.revokeObjectURL(address);
  }, "image/png");
}

function drawEntries(context, column, inks, left, top, height) {
  const step = Math.min(20, height / column.categories.length);
  context.font = `${Math.min(13, step * 0.8)}px ${PICTURE_FONT}`;
  column.categories.forEach((category, place) => {
    const y = top + (place + 0.5) * step;
    context.fillStyle = category.colour;
    context.beginPath();
    context.arc(left + 5, y, Math.min(5, step * 0.35), 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = inks.text;
    context.fillText(category.name, left + 17, y, 155);
  });
}

function drawBar(context, column, inks, left, top, height) {
  const { low, high, isClipped, count } = rangeOf(column);
  if (count === 0) return;
  const gradient = context.createLinearGradient(0, top + height, 0, top);
  const stops = data.colormaps[column.scale.colormap];
  stops.forEach((stop, place) => gradient.addColorStop(place / (stops.length - 1), stop));
  context.fillStyle = gradient;
  context.fillRect(left, top, 14, height);
  context.fillStyle = inks.text;
  context.font = `13px ${PICTURE_FONT}`;
  context.fillText(`${isClipped ? "≥ " : ""}${formatNumber(high)}`, left + 22, top + 6);
  context.fillText(formatNumber(low), left + 22, top + height - 6);
}
